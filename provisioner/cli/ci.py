"""`provision ci`: files, roles, summaries, comments and issues of a project's pipeline on GitHub or GitLab."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import SETTINGS, Commands, app, command
from provisioner.operations.ci.forges import GITLAB, Forge
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.ci.pipeline import Pipeline
    from provisioner.render.report.markdown import Written

group = typer.Typer(
    name="ci",
    help="Write the pipeline of a project, make its roles, report.",
    rich_markup_mode=None,
    cls=Commands,
    context_settings=SETTINGS,
)
app.add_typer(group)

Which = Annotated[
    Forge | None,
    typer.Argument(metavar="[github|gitlab]", help="The forge, which runs the pipeline (default: that of `origin`)."),
]
Repository = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The repository as its tokens name it: owner/name, on GitHub perhaps owner@1234/name@5678 (default: that "
        "of `origin`).",
    ),
]
Branch = Annotated[str, typer.Option(metavar="NAME", help="The branch that is deployed.")]
Environment = Annotated[str, typer.Option(metavar="NAME", help="GitHub's or GitLab's environment, which approves.")]
Url = Annotated[
    str | None, typer.Option(metavar="URL", help="The GitLab instance (default: that of `origin`, or gitlab.com).")
]
Ends = Annotated[
    str | None,
    typer.Option(
        "--end-expired",
        metavar="NAMES",
        help="Environments that a job each night deletes when their `up --expires` is over, such as 'pr-*'.",
    ),
]
ReportFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="The report that --report has written: a file that ends with .md.")
]


@command(
    group,
    "init",
    'provision ci init --install "pip install ./tools/ecs_provision-0.1.0.whl"      for the forge of `origin`',
    'provision ci init github --repository octo-org/shop --install "pip install ./tools/ecs_provision-0.1.0.whl"',
    'provision ci init gitlab --repository team/shop --install "pip install -r requirements.txt" --env prod',
    "provision ci init github ... --end-expired 'pr-*'      and a job that deletes expired environments",
)
def init(
    options: Options,
    *,
    forge: Which = None,
    repository: Repository = None,
    install: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            help="The command with which runners install this tool, which is on no package index yet.",
        ),
    ],
    branch: Branch = "main",
    environment: Environment = "production",
    url: Url = None,
    end_expired: Ends = None,
) -> int:
    """Write the files of a pipeline.

    It makes a plan on each pull request, `up` on the branch once approved, and a check each night.
    The plan is one comment, kept up to date. The jobs sign in to AWS by OpenID Connect: there is no key to keep.
    `provision ci roles` makes the roles that they sign in as. Existing files are not changed.

    With --end-expired: one more job each night, which deletes environments of these names when they have expired.
    """
    from provisioner.operations.ci import files
    from provisioner.operations.ci.pipeline import Pipeline
    from provisioner.operations.context import configuration
    from provisioner.render.text import say

    config = configuration.load(options)
    forge, repository, url = _named(options, forge, repository, url)
    pipeline = _checked(
        options, config, Pipeline(forge, repository, branch, environment, url.rstrip("/"), end_expired or "")
    )
    paths = files.write(options, config, pipeline, install)
    if options.json:
        say([json.dumps({"files": [str(path) for path in paths]})])
        return 0
    words = ["--repository", repository, "--branch", branch, "--environment", environment]
    words += ["--url", url] if url != GITLAB else []
    words += ["--end-expired", end_expired] if end_expired else []
    roles = options.command_line("ci", "roles", forge, *words)
    say(f"Wrote {path}." for path in paths)
    if forge is Forge.GITLAB and len(paths) == 1:
        say([f".gitlab-ci.yml is there already: include {paths[0].parent.name}/{paths[0].name} in it."])
    say([f"Review it, then let an administrator run {roles}."])
    return 0


@command(
    group,
    "roles",
    "provision ci roles github --repository octo-org/shop            asks first",
    "provision ci roles github --repository octo-org/shop --print    their trust and their policies; no call",
    "provision ci roles gitlab --repository team/shop --environment production --env prod",
)
def roles(
    options: Options,
    forge: Which = None,
    repository: Repository = None,
    branch: Branch = "main",
    environment: Environment = "production",
    url: Url = None,
    end_expired: Ends = None,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print trust and policies instead, without a call.")
    ] = False,
) -> int:
    """Create or update the pipeline's roles, as an administrator.

    One role is for plans and may only read. The other one deploys, for jobs that the environment has approved. They
    have the policies of `provision policy --read-only`, without logs and metrics, and `provision policy`: run this
    again when these change. The account's OpenID Connect provider is used, or created if there is none.

    With --end-expired: a third role, which may delete environments of these names, and create nothing.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.operations.ci import roles as making
    from provisioner.operations.ci.pipeline import Pipeline
    from provisioner.operations.context import configuration, connection, regions
    from provisioner.render import ci as show
    from provisioner.render.text import say

    config = configuration.load(options, declares=True)
    regions.check_named(config.region, str(options.file))
    forge, repository, url = _named(options, forge, repository, url)
    pipeline = _checked(
        options, config, Pipeline(forge, repository, branch, environment, url.rstrip("/"), end_expired or "")
    )
    if only_print:
        say([json.dumps(making.document(config, pipeline), indent=None if options.json else 2)])
        return 0
    aws = connection.connect(options, config)
    steps = making.changes(aws, config, pipeline)
    done = [step.what for step in steps]
    if steps and config.target == "aws":
        say(show.asked(done), sys.stderr)
        confirm(f"`ci roles` does this in {connection.describe_account(config, aws)}", options.yes)
    making.apply(steps)
    say([json.dumps({"done": done})] if options.json else [*(f"{what}: done" for what in done)] or ["no changes"])
    return 0


@command(group, "report", "provision ci report plan.md     in a job of GitHub, also to its summary")
def report(options: Options, file: ReportFile) -> int:
    """Add a report to the job's summary, or print it.

    The summary is the file that GITHUB_STEP_SUMMARY names; without the variable, the report is printed.
    If there is no report, because the command was killed or never ran, the summary says so.
    """
    from provisioner.operations.ci import summary
    from provisioner.render import ci as show
    from provisioner.render.text import say
    from provisioner.state.lock import pipeline_run

    found, _ = _report(options, file)
    text = found.text if found else show.missing(pipeline_run())
    if summary.add(text):
        say([json.dumps({"done": "added"}) if options.json else f"{file}: added to the job's summary"])
    else:
        say([json.dumps({"markdown": text}, ensure_ascii=False)] if options.json else text.splitlines())
    return 0


@command(group, "comment", "provision ci comment plan.md     in a pipeline of a pull request")
def comment(options: Options, file: ReportFile) -> int:
    """Write a report as a comment on the pull request.

    It replaces the earlier report.     On GitHub it needs the variable GITHUB_TOKEN, on GitLab PROVISION_GITLAB_TOKEN.
    """
    from provisioner.operations.ci import api
    from provisioner.render import ci as show
    from provisioner.render.text import say
    from provisioner.state.lock import pipeline_run

    found, stack = _report(options, file)
    head = show.marker(stack, "plan")
    body = f"{head}\n\n{found.text if found else show.missing(pipeline_run())}"
    done = api.keep_comment(api.here(), head, body)
    say([json.dumps({"done": done})] if options.json else [f"comment {done}"])
    return 0


@command(group, "issue", "provision ci issue plan.md       in a scheduled pipeline")
def issue(options: Options, file: ReportFile) -> int:
    """Keep an issue open while the plan has changes.

    Opens or updates it, and closes it if there are none. Fails if there is no plan, because then drift is not known.
    """
    from provisioner.engine.errors import ProvisionError
    from provisioner.operations.ci import api
    from provisioner.render import ci as show
    from provisioner.render.text import say

    found, stack = _report(options, file)
    if found is None or found.command != "plan" or found.outcome not in ("no changes", "changes", "refused"):
        raise ProvisionError(f"{file} is no report of a plan: the job's log says why `provision plan` failed")
    head = show.marker(stack, "drift")
    body = "" if found.outcome == "no changes" else f"{head}\n\n{found.text}"
    done = api.keep_issue(api.here(), head, f"{stack} is not as declared: {found.counts}", body)
    say([json.dumps({"done": done})] if options.json else [f"issue {done}" if done else "no drift"])
    return 0


def _named(options: Options, forge: Forge | None, repository: str | None, url: str | None) -> tuple[Forge, str, str]:
    """Return forge, repository and URL as they are given, or as the clone tells, and report each guess."""
    from provisioner.operations.ci.origin import named

    which, where, instance, guessed = named(options.file.absolute().parent, forge, repository, url)
    if guessed:
        options.report(f"note: {' '.join(guessed)}, as the clone says")
    return which, where, instance


def _checked(options: Options, config: Config, pipeline: Pipeline) -> Pipeline:
    from provisioner.engine.errors import ConfigurationError
    from provisioner.operations.ci.pipeline import check_ends, checked

    if pipeline.ends and options.env:
        raise ConfigurationError(
            "--end-expired: the job is part of the pipeline of the file's own environment: leave --env out"
        )
    found = checked(pipeline)
    if found.ends:
        check_ends(options.file, config, found)
    return found


def _report(options: Options, file: Path) -> tuple[Written | None, str]:
    """Return the report in a file, or None if there is none, and the name of the stack.

    Raises:
        ConfigurationError: the report is about another stack.
    """
    from provisioner.engine.errors import ConfigurationError
    from provisioner.operations.context import configuration
    from provisioner.render.report import markdown

    stack = configuration.load(options).name
    try:
        found = markdown.read(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, stack
    if found.stack and found.stack != stack:
        raise ConfigurationError(f"{file} is about {found.stack}, and not {stack}: name the same --env here and there")
    return found, stack
