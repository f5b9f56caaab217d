"""`provision init`: write a first stack.toml, for the application here, from another tool's files or a cluster."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.config import paths
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.migration.directory.first_file import Answers
    from provisioner.migration.directory.traces import Traces


class Source(StrEnum):
    """The source to read: another tool's files, or a cluster."""

    COPILOT = "copilot"
    COMPOSE = "compose"
    ECS = "ecs"
    DOCKERFILE = "dockerfile"


Sample = Annotated[
    bool, typer.Option("--sample", help="Write the long sample instead: all keys, with comments and defaults.")
]
Public = Annotated[
    bool | None,
    typer.Option(
        "--public/--internal", help="Whether the service is behind the load balancer (default: ask, or public)."
    ),
]
WithDatabase = Annotated[
    bool | None,
    typer.Option("--database/--no-database", help="Whether there is a database (default: ask, or if one is used)."),
]
WithApp = Annotated[
    bool, typer.Option("--with-app", help="Write the sample with its application in app/, whose images are built.")
]
From = Annotated[
    Source | None,
    typer.Option(
        "--from",
        metavar="TOOL",
        help="Read the files of another tool, copilot or compose; a cluster of ECS: ecs; or only a Dockerfile.",
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
        metavar="NAME",
        help="The Region of the stack (default: AWS_REGION, or ap-northeast-1); with --from ecs or copilot the Region "
        "to read (default: the profile's, or AWS_REGION).",
    ),
]
Project = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The name of the new project (default: ask, or the directory's; with --from the application's, the file's "
        "or the cluster's).",
    ),
]


@command(
    app,
    "init",
    "provision init                     stack.toml for the application in this directory",
    "provision init --project shop --internal --database        without questions",
    "provision init --sample            the commented sample of all keys, with prebuilt images",
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
    sample: Sample = False,
    with_app: WithApp = False,
    source: From = None,
    region: Region = None,
    project: Project = None,
    public: Public = None,
    database: WithDatabase = None,
) -> int:
    """Write a stack.toml for the application here.

    With --from, it is translated from another tool's files or from a cluster.

    Reads the Dockerfile here (its port, user and health check), Procfile and package files, says what it found, and
    asks at most three questions, on a terminal only. Without a Dockerfile the file runs a page that says hello.
    Changes no existing file but .gitignore and .dockerignore, which get the state's directory, and nothing on AWS.
    --from compose reads files only; --from ecs reads an account; --from copilot reads files, and with --profile or
    --region the account too. Only known keys are carried over: each other key is listed with the reason, and the last
    line says how many services are whole. See docs/moving.md.
    """
    from provisioner.engine.errors import ConfigurationError

    translates = source not in (None, Source.DOCKERFILE)
    answers = {"project": project, "region": region, "public": public, "database": database}
    given = [key for key, value in answers.items() if value is not None]
    if not translates and what is not None:
        raise ConfigurationError(f"{what}: is for --from: write `provision init --from copilot {what}`")
    if (sample or with_app) and (source or given):
        more = "--from" if source else f"--{given[0]}"
        raise ConfigurationError(f"{more}: is not for the sample: leave one of the two out")
    if translates and (wrong := [key for key in given if key in ("public", "database")]):
        raise ConfigurationError(f"--{wrong[0]}: is not for --from {source}, whose files say that: leave it out")
    if sample or with_app:
        return _sample(options, with_app)
    if source and translates:
        return _converted(options, source, what, region, project)
    return _begun(options, Answering(project, public, database, options.yes or options.json), region, anew=bool(source))


@dataclass(frozen=True)
class Answering:
    """The answers of the command line; the rest is asked on a terminal, or is as suggested."""

    project: str | None
    public: bool | None
    database: bool | None
    quiet: bool

    def ask(self, traces: Traces, usual: Answers) -> Answers:
        """Return all answers, after at most three questions."""
        from provisioner.config.database_engines import ENGINES
        from provisioner.migration.directory.first_file import Answers
        from provisioner.render import first_file
        from provisioner.render.text import say

        if self.project:
            _check_name(self.project)
        asks = sys.stdin.isatty() and not self.quiet
        if not asks:
            return Answers(
                self.project or usual.project,
                usual.public if self.public is None else self.public,
                usual.database if self.database is None else self.database,
                usual.engine,
            )
        from provisioner.cli import prompts

        say(first_file.found(traces), sys.stderr)
        return Answers(
            self.project or _asked_name(usual.project),
            prompts.chosen("Public, behind a load balancer?", usual=usual.public)
            if self.public is None
            else self.public,
            prompts.chosen(f"A database ({ENGINES[usual.engine].title})?", usual=usual.database)
            if self.database is None
            else self.database,
            usual.engine,
        )


def _asked_name(usual: str) -> str:
    """Return the project's name from the terminal, in the form that AWS takes."""
    from provisioner.cli import prompts
    from provisioner.migration.directory.first_file import project_name

    return project_name(prompts.answered("Name of the project:", usual), "dev") or usual


def _check_name(name: str) -> None:
    from provisioner.engine.errors import ConfigurationError
    from provisioner.migration.directory.first_file import spelled

    if (right := spelled(name)) != name:
        raise ConfigurationError(f"--project: {name} cannot begin the names of AWS resources: use {right}, or another")


def _begun(options: Options, answering: Answering, region: str | None, *, anew: bool) -> int:
    from provisioner.migration.directory.start import begin
    from provisioner.render import first_file
    from provisioner.render.text import say

    path = options.config or Path(paths.CONFIG)
    done = begin(path, answering.ask, env=options.env, region=region, anew=anew)
    document = first_file.document(done)
    say([json.dumps(document, ensure_ascii=False)] if options.json else first_file.lines(done, options))
    return 0


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
