"""`provision init`: write a first stack.toml, from a commented sample, another tool's files or a cluster."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.config import paths
from provisioner.operations.context.options import Options


class Source(StrEnum):
    """The source to read: another tool's files, or a cluster."""

    COPILOT = "copilot"
    COMPOSE = "compose"
    ECS = "ecs"


WithApp = Annotated[
    bool, typer.Option("--with-app", help="Include the sample application in app/, whose images are built.")
]
From = Annotated[
    Source | None,
    typer.Option(
        "--from", metavar="TOOL", help="Read the files of another tool, copilot or compose, or a cluster of ECS: ecs."
    ),
]
Place = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH|CLUSTER",
        help="With --from: the directory with copilot/ in it, or the Compose file (default: in this directory); or the "
        "name or ARN of the cluster.",
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="With --from ecs or copilot: the Region to read (default: the profile's, or AWS_REGION)."
    ),
]
Project = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --from: the name of the new project (default: the application's, the file's or the cluster's).",
    ),
]


@command(
    app,
    "init",
    "provision init                     stack.toml with prebuilt images",
    "provision init --with-app          with the sample application, which Docker builds; from a clone",
    "provision init -c other.toml       another file name",
    "provision init --from copilot      the manifests in copilot/, converted, and a list of the rest",
    "provision init --from copilot --profile NAME        and its parts in the account: VPC, groups, secrets",
    "provision init --from compose      the same of compose.yaml",
    "provision init --from ecs CLUSTER --profile NAME    the services of a cluster, by reads only",
)
def init(
    options: Options,
    what: Place = None,
    with_app: WithApp = False,
    source: From = None,
    region: Region = None,
    project: Project = None,
) -> int:
    """Write a stack.toml: a sample, or one of another tool's files.

    With --from, it is translated from another tool's files or from a cluster.

    Changes no existing file, and nothing on AWS. --from compose reads files only; --from ecs reads an account;
    --from copilot reads files, and with --profile or --region the account too. Only known keys are carried over: each
    other key is listed with the reason, and the last line says how many services are whole. See docs/moving.md.
    """
    from provisioner.engine.errors import ConfigurationError

    if source is None and what is not None:
        raise ConfigurationError(f"{what}: is for --from: write `provision init --from copilot {what}`")
    for key, value in (("region", region), ("project", project)):
        if source is None and value is not None:
            raise ConfigurationError(f"--{key}: is for --from: write {key} into stack.toml")
    if source is not None and with_app:
        raise ConfigurationError("--with-app: is for the sample: leave it or --from out")
    return _converted(options, source, what, region, project) if source else _sample(options, with_app)


def _sample(options: Options, with_app: bool) -> int:
    from provisioner.config import sample
    from provisioner.render.text import say

    # in this directory, even if a parent directory has a configuration
    path = options.config or Path(paths.CONFIG)
    directory = sample.write(path, with_app=with_app)
    what = f"{path} and {directory}/" if directory else str(path)
    document = {"config": str(path)} | ({"app": str(directory)} if directory else {})
    say([json.dumps(document) if options.json else f"Wrote {what}. Review it, then run {options.command_line('up')}."])
    return 0


def _converted(options: Options, source: Source, what: str | None, region: str | None, project: str | None) -> int:
    from provisioner.migration.convert import convert
    from provisioner.render import converted
    from provisioner.render.text import say

    done = convert(options, source, what, region, project)
    say([json.dumps(converted.document(done), ensure_ascii=False)] if options.json else converted.lines(done))
    return 0
