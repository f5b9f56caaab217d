"""`provision policy`: print the IAM policy that one needs for the stack."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.options import Options


@command(
    app,
    "policy",
    "provision policy --part 1 > part-1.json    one of several policies",
    "provision policy --read-only > plan.json   for plan, status, doctor, list, output and logs",
    "provision policy --import > import.json    what import needs besides",
    "provision policy --boundary > most.json    a permissions boundary for the stack's roles",
    "provision policy --account 123456789012    for one account only",
    "provision policy --json                    a list of names and policies, for scripts",
)
def policy(
    options: Options,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Print only what plan, status, doctor, list, output and logs need.")
    ] = False,
    import_: Annotated[
        bool, typer.Option("--import", help="Print what import needs besides: tags on what belongs to no stack.")
    ] = False,
    state: Annotated[
        bool, typer.Option("--state", help="Print what state init needs, on the bucket of [state].")
    ] = False,
    doctor: Annotated[
        bool, typer.Option("--doctor", help="Print what doctor asks of the account; the other policies have it too.")
    ] = False,
    boundary: Annotated[
        bool, typer.Option("--boundary", help="Print a permissions boundary for the stack's roles instead.")
    ] = False,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="The account in the ARNs (default: *, any account).")
    ] = None,
    part: Annotated[int | None, typer.Option(metavar="N", min=1, help="Print only the Nth policy.")] = None,
) -> int:
    """Print the least-privilege IAM policy for this stack.

    Derived from the configuration, without credentials or AWS calls. IAM allows 6,144 characters per policy, so there
    may be several: attach all of them. When you remove something from the configuration, keep the previous policies
    attached until `up` has deleted it.
    """
    from provisioner.operations import context, regions
    from provisioner.permissions.model import Part
    from provisioner.permissions.printed import part_of, printed
    from provisioner.render import policy as show

    config = context.load(options)
    regions.check_named(config.region, str(options.file))
    chosen = {Part.IMPORT: import_, Part.STATE: state, Part.DOCTOR: doctor}
    parts = [part for part, wanted in chosen.items() if wanted]
    found = printed(config, account=account, read_only=read_only, boundary=boundary, parts=parts)
    show.policies(part_of(found, part), as_json=options.json)
    if not options.json and part is None:
        words = ["--read-only"] if read_only else [f"--{one.name.lower()}" for one in parts]
        show.attaching(found, options.command_line("policy", *words), boundary=boundary)
    return 0
