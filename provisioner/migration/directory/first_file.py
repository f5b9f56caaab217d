"""Write the first stack.toml of an application: some 15 lines, from the traces in its directory and the answers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioner.config import short_names
from provisioner.config import validators as values
from provisioner.config.database_engines import DEFAULT, ENGINES, EngineName
from provisioner.config.models import Config
from provisioner.config.toml_text import key, text, value
from provisioner.migration import names
from provisioner.migration.directory.traces import Build, Traces

HELLO = "public.ecr.aws/nginx/nginx-unprivileged:1.29-alpine"
"""The image of the hello-world, which serves a page on port 8080 as user 101."""
USUAL_PORT = 8080
"""The port of an image that names none: programs get it as PORT."""
RELEASE = "release"
"""The process type that Heroku runs before a new version serves (Heroku dev center, Release phase)."""
SHELL = re.compile(r"[$`|&;<>*?~(){}]")
"""Characters that only a shell understands."""
PRODUCTION = "prod"
"""The environment that the file has an overlay for."""
CHEAP = {"zones": 2, "egress": "public"}
"""The network of a stack for development: no endpoints and no NAT gateway, which cost most."""
INSTEAD = {"network": {"zones": 3, "egress": "none"}, "logs": {"insights": True}}
"""The defaults of all stacks, which production keeps."""
COMMENT = 41
"""The column of comments."""


@dataclass(frozen=True)
class Answers:
    """The answers to the questions of `init`, and the engine of the database that the packages suggest."""

    project: str
    public: bool
    database: bool
    engine: EngineName = DEFAULT


def project_name(wanted: str, env: str) -> str:
    """Return a name for the project that AWS takes: without reserved beginnings, and not too long."""
    others = max(len(f"-{one}") for one in (env, PRODUCTION))
    return spelled(wanted)[: short_names.room(short_names.TARGET_GROUP) - others].strip("-")


def spelled(wanted: str) -> str:
    """Return a name in the letters that AWS takes, without reserved beginnings."""
    name = names.project(wanted)
    return f"my-{name}" if re.match(r"aws|ssm|internal(-|$)|sg(-|$)", name) else name


def usual(traces: Traces, env: str) -> Answers:
    """Return the answers that the traces suggest, for a command that asks nothing."""
    name = project_name(traces.name, env)
    return Answers(name, public=True, database=bool(traces.database), engine=traces.engine)


def written(traces: Traces, answers: Answers, env: str, region: str | None) -> str:
    """Return the text of the file."""
    lines = [
        _row("project", answers.project),
        *([_row("env", env)] if env != "dev" else []),
        _row("region", region or region_of_shell()),
        _row("account.role_path", "/{project}/{env}/", "roles that no other stack's policy fits"),
    ]
    if env != PRODUCTION:
        lines += [
            _row("network", CHEAP, "cheap; tasks have public addresses: docs/network.md"),
            _row("logs.insights", False, "cheap; true: metrics of Container Insights"),
            _row(f"environments.{PRODUCTION}", INSTEAD, "with --env prod"),
        ]
    for name, rows in _services(traces, answers):
        lines += ["", f"[{name}]", *rows]
    if answers.database:
        engine = ENGINES[answers.engine]
        lines += ["", _noted("[database]", f"{engine.title}, which pauses when idle")]
        lines += [_row("engine", engine.name)] if engine.name != DEFAULT else []
    return "".join(f"{line}\n" for line in lines)


def region_of_shell() -> str:
    """Return the Region of AWS_REGION or AWS_DEFAULT_REGION, or else the configuration's default."""
    given = (os.environ.get(name, "") for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    known = (one for one in given if re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", one))
    return next(known, str(Config.model_fields["region"].default))


def _services(traces: Traces, answers: Answers) -> Iterator[tuple[str, list[str]]]:
    """Yield the table of each service and job, with its lines."""
    database = [_row("database", True, "sets DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD")]
    more = database if answers.database else []
    if not traces.builds:
        yield "services.web", [*_hello(answers), *more]
        return
    first = _first(traces)
    yield f"services.{_service(first)}", [*_built(traces, first, public=answers.public), *more]
    for build in traces.builds:
        if build is not first:
            yield f"services.{_service(build)}", [*_built(traces, build, public=False), *more]
    if traces.builds[0].directory == ".":
        yield from _processes(traces)


def _hello(answers: Answers) -> Iterator[str]:
    """Yield the lines of the hello-world."""
    yield _row("image", HELLO)
    yield f"# {_row('build', '.', 'yours instead: a directory with a Dockerfile')}"
    yield _row("port", USUAL_PORT)
    if answers.public:
        yield _row("public", True)
        yield _row("health", "/", "the load balancer requests it, and it must return 200")
    yield _row("user", "101")
    yield _row("read_only", True)


def _built(traces: Traces, build: Build, *, public: bool) -> Iterator[str]:
    """Yield the lines of a service with its own image."""
    image = build.image
    yield _row("build", build.directory, "the directory with the Dockerfile")
    if image.port or public:
        why = f"{image.source} in the Dockerfile" if image.source else "a guess; the program gets it as PORT"
        yield _row("port", image.port or USUAL_PORT, why)
    if public:
        path, source = health_of(traces, build)
        yield _row("public", True, "behind the load balancer")
        yield _row("health", path, f"must return 200: {source}" if source else "a path that returns 200: a guess")
    if image.user and re.fullmatch(r"[\w.-]+(:[\w.-]+)?", image.user) and not _root(image.user):
        yield _row("user", image.user, "USER in the Dockerfile")


def health_of(traces: Traces, build: Build) -> tuple[str, str]:
    """Return the health path of a public service and its source; the source is empty for a guess."""
    if re.fullmatch(r"/[!\"$-~]{0,1023}", build.image.health, re.ASCII):
        return build.image.health, "HEALTHCHECK in the Dockerfile"
    if traces.health:
        return traces.health[0], traces.health[1]
    return "/", ""


def _processes(traces: Traces) -> Iterator[tuple[str, list[str]]]:
    """Yield further services of the same image, and the release command as a job: the Procfile's."""
    for process, command in traces.processes.items():
        if process == "web" or not re.fullmatch(values.NAME, name := names.workload(process)):
            continue
        whole: Any = ["sh", "-c", command] if SHELL.search(command) else command
        rows = [_row("extends", "web"), _row("command", whole)]
        if process == RELEASE:
            yield f"jobs.{name}", [*rows, _row("before_deploy", True, "before each new version serves")]
        else:
            yield f"services.{name}", rows


def _first(traces: Traces) -> Build:
    """Return the build of the public service: by its name, or else the first with a port."""
    called = [build for build in traces.builds if build.directory in ("web", "frontend", "app")]
    ported = [build for build in traces.builds if build.image.port]
    return [*called, *ported, *traces.builds][0]


def _service(build: Build) -> str:
    """Return the name of a build's service."""
    return "web" if build.directory in (".", "app") else names.workload(build.directory)


def _root(user: str) -> bool:
    return user.partition(":")[0] in ("root", "0")


def _row(name: str, given: Any, comment: str = "") -> str:
    """Return a key with its value, and a comment."""
    return _noted(f"{key(*name.split('.'))} = {text(given) if isinstance(given, str) else value(given)}", comment)


def _noted(line: str, comment: str) -> str:
    return f"{line:{COMMENT}} # {comment}" if comment else line
