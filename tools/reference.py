"""Write the reference pages of the documents, and the picture docs/stack.svg.

    python -m tools.reference

The texts come from the code: docstrings of the models, helps of the commands, families of errors, classes of the
resource types, the tables of permissions and prices.
`tests/unit/repository/test_reference_pages.py` compares the pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from provisioner.cli.app import FORMER, GROUPS
from provisioner.cli.commands import app
from provisioner.cli.options import COMMON
from provisioner.config import schema
from provisioner.config.models import SAMPLE
from provisioner.config.stack_file import load
from provisioner.operations.impact import costs
from provisioner.operations.pictures import view
from provisioner.operations.pictures.diagram import diagram
from provisioner.permissions.document import between
from provisioner.render.picture.svg import svg
from provisioner.steps import offline
from provisioner.steps.stack import run
from tools import error_page, policy_page, price_page, type_page

DOCS = Path(__file__).parent.parent / "docs"
BEGIN, END = "<!-- written by tools/reference.py -->", "<!-- end of what tools/reference.py writes -->"
TABLES = {
    "network.subnets": "Subnets", "services.NAME": "Service", "services.NAME.scaling": "Scaling",
    "services.NAME.scaling.backlog": "Backlog",
    "services.NAME.scaling.metrics.NAME": "Metric", "services.NAME.scaling.schedule.NAME": "Time",
    "services.NAME.on_demand": "OnDemand", "services.NAME.health": "Health",
    "services.NAME.deployment": "Deployment", "services.NAME.circuit_breaker": "CircuitBreaker", "jobs.NAME": "Job",
    "services.NAME.sidecars.NAME": "Sidecar",
}  # fmt: skip
"""Tables that are not at the top of the file, by their names on the page."""


def pages() -> dict[Path, str]:
    """Return the pages and the picture as they should be, by path."""
    written = {
        path: between(path.read_text(encoding="utf-8"), BEGIN, END, lines)
        for path, lines in (
            (DOCS / "configuration.md", _keys()),
            (DOCS / "commands.md", _commands()),
            (DOCS / "errors.md", error_page.lines()),
            (DOCS / "resource-types.md", type_page.lines()),
            (DOCS / "permissions.md", policy_page.lines()),
            (DOCS / "prices.md", price_page.lines(load(SAMPLE))),
        )
    }
    return {**written, DOCS / "stack.svg": _picture()}


def _picture() -> str:
    """Return the picture of the sample, as `provision picture` draws it without changes."""
    config = load(SAMPLE)
    declared = run(config, offline.facts(config)).declared
    cost = costs.of_config(config, Path("none")).by_address
    shown = view.declared(config, "123456789012", {}, (), declared)
    return svg(diagram(config, shown, {}, config.region, {address: one.usual for address, one in cost.items()}))


# -- stack.toml --------------------------------------------------------------------------------------------------------


def _keys() -> Iterator[str]:
    document = schema.document()
    kinds, top = document["definitions"], document["properties"]
    yield from _table("At the top of the file", "", {k: v for k, v in top.items() if not _refers(v)}, document)
    named = {_refers(value): name for name, value in top.items()}
    tables = {name: kind for kind, name in named.items() if kind} | TABLES
    for name in sorted(tables, key=lambda name: [*top].index(name.split(".")[0])):
        kind = kinds[tables[name]]
        yield from _table(f"`[{name}]`", kind.get("description", ""), kind["properties"], kind)


def _table(heading: str, about: str, properties: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    yield from ["", f"## {heading}"]
    if about:
        yield about.partition(": ")[2][:1].upper() + about.partition(": ")[2][1:] if about.startswith("`") else about
    yield from ["", "| key | what it takes | default | |", "|---|---|---|---|"]
    for key, value in properties.items():
        needed = "required" if key in whole.get("required", ()) else _default(value)
        yield f"| `{key}` | {_kind(value)} | {needed} | {_cell(value['description'])} |"


def _refers(value: Mapping[str, Any]) -> str:
    """Return the name of the definition that a schema refers to alone."""
    (reference,) = value.get("allOf", [value])[:1]
    return str(reference.get("$ref", "")).rpartition("/")[2]


def _kind(value: Mapping[str, Any]) -> str:
    """Return the values that a key takes, in words."""
    if _refers(value) or (value.get("type") == "object" and "properties" not in value):
        return "a table"
    if "anyOf" in value:
        return ", or ".join(dict.fromkeys(map(_kind, value["anyOf"])))
    if "enum" in value or "const" in value:
        return ", ".join(f"`{json.dumps(one)}`" for one in value.get("enum", [value.get("const")]))
    low, high = value.get("minimum"), value.get("maximum")
    span = f" from {low:,}" + (f" to {high:,}" if high is not None else " on") if low is not None else ""
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "`true` or `false`"}
    if value.get("type") == "array":
        choices = value["items"].get("enum")
        return "a list of " + (", ".join(f"`{one}`" for one in choices) if choices else "texts")
    return words[str(value["type"])] + span


def _default(value: Mapping[str, Any]) -> str:
    default = value.get("default")
    return "" if default in (None, {}) or _refers(value) else f"`{json.dumps(default, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- the commands ------------------------------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield from ["", "| to | commands |", "|---|---|"]
    for heading, names in GROUPS.items():
        yield f"| {heading.lower().replace(' ci', ' CI')} | {', '.join(f'`{name}`' for name in names)} |"
    yield from ["", "## Options that every command takes", "", "| option | |", "|---|---|"]
    root = typer.main.get_command(app)
    commands = dict(leaves("provision", root))
    yield from (_option(one) for one in commands["provision up"].params if one.name in COMMON)
    for name, one in commands.items():
        yield from ["", f"## `{name}`", *_help(one)]
        own = [parameter for parameter in one.params if parameter.name not in {*COMMON, "help"}]
        if own:
            yield from ["", "| argument or option | |", "|---|---|", *map(_option, own)]
    yield from ["", "## Former names", "", "They work until the next release, as before, and say so on standard error."]
    yield from ["", "| former name | now |", "|---|---|"]
    yield from (f"| `{former}` | `{now}` |" for former, now in FORMER.items())


def leaves(name: str, group: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands of a group and of the groups in it, as they are typed, in the order of help."""
    for word, one in group.commands.items():
        if one.hidden:
            continue
        if hasattr(one, "commands"):
            yield from leaves(f"{name} {word}", one)
        else:
            yield f"{name} {word}", one


def _help(one: Any) -> Iterator[str]:
    """Yield a command's help: paragraphs, and its examples as they are typed."""
    for paragraph in str(one.help).split("\n\n"):
        yield from ["", " ".join(paragraph.split())]
    examples = str(one.epilog).partition("Examples:\n")[2].splitlines()
    yield from ["", "```sh", *map(_example, examples), "```"]


def _example(line: str) -> str:
    """Return an example with its explanation as a comment of the shell."""
    typed, gap, what = line.strip().partition("   ")
    return f"{typed}{gap}{' ' * (len(what) - len(what.lstrip()))}# {what.strip()}" if what.strip() else typed


def _option(one: Any) -> str:
    names = [str(one.metavar)] if one.param_type_name == "argument" else [*one.opts, *one.secondary_opts]
    takes = f" {one.metavar}" if one.param_type_name != "argument" and one.metavar else ""
    return f"| {', '.join(f'`{_cell(name + takes)}`' for name in names)} | {_cell(one.help or '')} |"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
