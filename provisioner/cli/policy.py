"""`provision policy`: print the IAM policies that a stack needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.config.models import Config


@command(
    app,
    "policy",
    "provision policy --part 1 > part-1.json    one of several policies",
    "provision policy --read-only > plan.json   for plan, status, top, doctor, list, output and logs",
    "provision policy --import > import.json    the additional actions of import",
    "provision policy --run > run.json          the actions of run, and nothing else",
    "provision policy --shell > shell.json      the actions of exec and tunnel, and nothing else",
    "provision policy --prices > prices.json    the actions of cost --refresh, and nothing else",
    "provision policy --boundary > most.json    the permissions boundary of the stack's roles",
    "provision policy --create-boundary         make it in the account, or bring it up to date",
    "provision policy --account 123456789012    for one account only",
    "provision policy --json                    a list of names and policies, for scripts",
)
def policy(
    options: Options,
    read_only: Annotated[
        bool,
        typer.Option("--read-only", help="Print only the actions of plan, status, top, doctor, list, output and logs."),
    ] = False,
    import_: Annotated[
        bool,
        typer.Option(
            "--import", help="Print the additional actions of import: tags on resources that belong to no stack."
        ),
    ] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Print what run needs: to run tasks of this stack's jobs and services.")
    ] = False,
    shell: Annotated[
        bool, typer.Option("--shell", help="Print what exec and tunnel need: to enter the tasks of this stack.")
    ] = False,
    state: Annotated[
        bool, typer.Option("--state", help="Print what state init needs, on the bucket of [state].")
    ] = False,
    doctor: Annotated[
        bool, typer.Option("--doctor", help="Print what doctor asks of the account; the other policies have it too.")
    ] = False,
    prices: Annotated[bool, typer.Option("--prices", help="Print what cost --refresh needs.")] = False,
    boundary: Annotated[
        bool, typer.Option("--boundary", help="Print the permissions boundary of the stack's roles instead.")
    ] = False,
    create_boundary: Annotated[
        bool,
        typer.Option("--create-boundary", help="Make that boundary in the account, or update it, as an administrator."),
    ] = False,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="The account in the ARNs (default: *, any account).")
    ] = None,
    part: Annotated[int | None, typer.Option(metavar="N", min=1, help="Print only the Nth policy.")] = None,
) -> int:
    """Print the least-privilege IAM policy for this stack.

    It allows changes of roles only if they have the stack's permissions boundary, which an administrator makes once.
    Derived from the configuration, without credentials or AWS calls, except for --create-boundary. IAM allows 6,144
    characters per policy, so there may be several: attach all of them. When you remove something from the
    configuration, keep the previous policies attached until `up` has deleted it.
    """
    from provisioner.aws.permissions import Part
    from provisioner.operations.context import configuration, regions
    from provisioner.permissions.arns import ANY, boundary_arn
    from provisioner.permissions.printed import part_of, printed
    from provisioner.render import policy as show

    config = configuration.load(options, declares=True)
    regions.check_named(config.region, str(options.file))
    if create_boundary:
        return _create_boundary(options, config)
    chosen = {
        Part.IMPORT: import_,
        Part.RUN: run,
        Part.SHELL: shell,
        Part.STATE: state,
        Part.DOCTOR: doctor,
        Part.PRICES: prices,
    }
    parts = [part for part, wanted in chosen.items() if wanted]
    database = _database(options, config) if boundary else ANY
    found = printed(config, account=account, read_only=read_only, boundary=boundary, parts=parts, database=database)
    show.policies(part_of(found, part), as_json=options.json)
    if not options.json and part is None:
        create = options.command_line("policy", "--create-boundary")
        if boundary:
            show.unbound(database, create)
            return 0
        words = ["--read-only"] if read_only else [f"--{one.name.lower()}" for one in parts]
        show.attaching(found, options.command_line("policy", *words))
        if not read_only and not parts:
            show.bounded(boundary_arn(config, account or ANY), "" if config.account.boundary else create)
    return 0


def _database(options: Options, config: Config) -> str:
    """Return the database's resource id from the state on this machine; `*` if the state is in a bucket."""
    from provisioner.operations.context import stores
    from provisioner.operations.prerequisites.permissions_boundary import database_of
    from provisioner.permissions.arns import ANY

    return ANY if config.state.bucket else database_of(config, stores.recorded(options, config).records)


def _create_boundary(options: Options, config: Config) -> int:
    from provisioner.cli.prompts import confirm
    from provisioner.operations.context import connection, stores
    from provisioner.operations.prerequisites import permissions_boundary
    from provisioner.render import policy as show

    aws = connection.connect(options, config)
    database = permissions_boundary.database_of(config, stores.recorded(options, config, aws).records)
    document = permissions_boundary.wanted(config, aws.account, database)
    found, todo = permissions_boundary.change(aws, config, document)
    if todo and config.target == "aws":
        confirm(
            f"`policy --create-boundary` {todo}s {found.arn} in {connection.describe_account(config, aws)}", options.yes
        )
    if todo:
        permissions_boundary.make(aws, found, document)
    show.made(found.arn, todo, as_json=options.json)
    return 0
