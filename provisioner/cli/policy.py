"""`provision policy`: print the IAM policy that one needs for the stack."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.options import Options


@command(
    app,
    "policy",
    "provision policy --part 1 > part-1.json    one policy to attach; standard error says how many there are",
    "provision policy --read-only > plan.json   for plan, status, doctor, output and logs",
    "provision policy --boundary > most.json    a permissions boundary for the roles that the stack makes",
    "provision policy --account 123456789012    for one account only",
    "provision policy --json                    a list of names and policies, for scripts",
)
def policy(
    options: Options,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only what plan, status, doctor, output and logs need.")
    ] = False,
    boundary: Annotated[
        bool, typer.Option("--boundary", help="The most that the roles may ever do that the stack makes.")
    ] = False,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="The account in its ARNs, instead of *, which is any.")
    ] = None,
    part: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the Nth policy.")] = None,
) -> int:
    """Print the least IAM policy with which the stack can be made, changed and removed, for your administrator.

    It follows from the configuration, without a call to AWS and without credentials. ARNs name any account (*) unless
    --account says which. IAM takes at most 6,144 characters a policy, so it may be several: all of them are to be
    attached. Before a change that takes something out of the configuration, attach those of before as well.
    """
    from provisioner.operations import context
    from provisioner.permissions.printed import part_of, printed
    from provisioner.render import policy as show

    config = context.load(options)
    found = printed(config, read_only=read_only, boundary=boundary, account=account)
    show.policies(part_of(found, part), as_json=options.json)
    if not options.json and part is None:
        show.attaching(found, options.again("policy", *(["--read-only"] if read_only else [])), boundary=boundary)
    return 0
