"""Show the findings of `init` in a directory, the written files, and the next steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from provisioner.engine.words import count, names

if TYPE_CHECKING:
    from provisioner.migration.directory.start import Begun
    from provisioner.migration.directory.traces import Build, Traces
    from provisioner.operations.context.options import Options


def found(traces: Traces) -> Iterator[str]:
    """Yield a line for each trace of an application."""
    for build in traces.builds:
        yield f"Found {_file(build)}: {', '.join(_settings(build))}."
    if traces.processes:
        yield f"Found Procfile: {names([*traces.processes])}."
    if traces.packages:
        uses = {"mysql": ", which uses MySQL", "postgres": ", which uses PostgreSQL"}.get(traces.database, "")
        yield f"Found {names(traces.packages)}{uses}."
    if traces.health:
        yield f"Found {traces.health[0]} in {traces.health[1]}."
    for tool, file in traces.described.items():
        yield f"Found {file}: `provision init --from {tool}` translates it instead."


def _file(build: Build) -> str:
    return "Dockerfile" if build.directory == "." else f"{build.directory}/Dockerfile"


def _settings(build: Build) -> Iterator[str]:
    image = build.image
    yield f"port {image.port} ({image.source})" if image.port else "no EXPOSE"
    yield f"user {image.user}" if image.user else "no USER"
    if image.checked:
        yield f"health check {image.health}" if image.health else "a health check without a URL"


def lines(begun: Begun, options: Options) -> Iterator[str]:
    """Yield the findings, the written files, open points, and the next steps."""
    yield from found(begun.traces)
    ignored = f", and the state's directory into {names([*map(str, begun.ignoring)])}" if begun.ignoring else ""
    yield f"Wrote {begun.path}, {count(begun.lines, 'line')}{ignored}."
    yield from _open(begun)
    yield f"Next: {options.command_line('plan')} shows what it makes and costs, {options.command_line('up')} makes it"
    yield "on the embedded cloud, on this machine. All keys with comments: `provision init --sample -c sample.toml`."


def _open(begun: Begun) -> Iterator[str]:
    """Yield the points that are left to the user."""
    traces = begun.traces
    if not traces.builds:
        app = "your program" if traces.packages or traces.processes else "a program of yours"
        yield f'It runs a page that says hello. For {app}: write a Dockerfile, then build = "." in place of image.'


def document(begun: Begun) -> dict[str, Any]:
    """Return the same as one JSON document."""
    answers = begun.answers
    return {
        "config": str(begun.path),
        "project": answers.project,
        "public": answers.public,
        "database": answers.database,
        "found": [*found(begun.traces)],
        "ignoring": [*map(str, begun.ignoring)],
    }
