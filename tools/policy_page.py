"""The page of all policies of `provision policy`, docs/permissions.md: each statement with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import typer

from provisioner.aws.permissions import Part, Permission
from provisioner.cli.commands import app
from provisioner.config.stack_file import load
from provisioner.permissions.arns import ANY
from provisioner.permissions.boundary import boundary
from provisioner.permissions.policy import Statement, statement, statements
from provisioner.permissions.table import needed
from tools.type_page import EVERYTHING

HOW = {"ArnEquals": "=", "StringEquals": "=", "Bool": "=", "ArnLike": "like", "StringLike": "like"}
"""The signs for conditions; all others have their IAM names."""

PLACE = re.compile("^arn:aws:[a-z0-9-]*:(ap-northeast-1)?:[*]?:")
"""The part of an ARN before the resource: the service, the Region and the account."""
PLACES = {"aws:ResourceTag": "on the resource", "aws:RequestTag": "in the call"}


def lines() -> Iterator[str]:
    """Yield the page's lines: a heading for each policy, and a row for each of its statements."""
    config = load(EVERYTHING / "stack.toml")
    kinds: dict[str, Iterable[Permission]] = {
        "": needed(config, account=ANY, read_only=False, part=Part.MAIN),
        "--read-only": needed(config, account=ANY, read_only=True, part=Part.MAIN),
        "--boundary": boundary(config, ANY, ANY),
    }
    others = [part for part in Part if part is not Part.MAIN]
    kinds |= {f"--{part.name.lower()}": needed(config, account=ANY, read_only=False, part=part) for part in others}
    helps = _helps()
    for option, permissions in kinds.items():
        heading = f"provision policy {option}".strip()
        yield from ["", f"## `{heading}`", helps[option], "", "| actions | on what, if what, and why |", "|---|---|"]
        yield from _rows([*permissions])


def _helps() -> Mapping[str, str]:
    """Return the help of each option, and of the policy that is printed without one."""
    group: Any = typer.main.get_command(app)
    command = group.commands["policy"]
    own = {name: str(one.help) for one in command.params for name in one.opts}
    return {**own, "": " ".join(str(command.help).partition("\n\n")[0].split())}


def _rows(permissions: Sequence[Permission]) -> Iterator[str]:
    found = statements(permissions)
    for one in sorted(found, key=lambda one: (_listed(one["Action"])[0].lower(), str(one["Resource"]))):
        limits = [f"on {_resources(one)}", *(f"if {condition}" for condition in _conditions(one))]
        cells = (_actions(one), "<br>".join([*limits, f"why: {_why(one, permissions)}"]))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _actions(one: Statement) -> str:
    """Return the actions by service, as AWS's reference lists them."""
    by_service = groupby(sorted(_listed(one["Action"])), key=lambda name: name.partition(":")[0])
    return "<br>".join(
        f"{service}: {', '.join(name.partition(':')[2] for name in some)}" for service, some in by_service
    )


def _resources(one: Statement) -> str:
    return "everything" if one["Resource"] == "*" else _codes(PLACE.sub("", arn) for arn in _listed(one["Resource"]))


def _conditions(one: Statement) -> Iterator[str]:
    """Yield the conditions; the three tags that identify a stack count as one."""
    found = {
        key: (how, _listed(values)) for how, keys in one.get("Condition", {}).items() for key, values in keys.items()
    }
    for prefix, where in PLACES.items():
        keys = {f"{prefix}/{tag}" for tag in ("Project", "Environment", "ManagedBy")}
        if keys <= found.keys() and all(found[key][0] == "StringEquals" for key in keys):
            yield f"the stack's tags {where}"
            found = {key: value for key, value in found.items() if key not in keys}
    for key, (how, values) in found.items():
        yield f"`{key}` {HOW.get(how, how)} {_codes(values)}"


def _why(one: Statement, permissions: Sequence[Permission]) -> str:
    """Return the reasons for its actions, from the table of permissions, or `every stack`."""
    these = [it for it in permissions if _part_of(it, one)]
    return "; ".join(dict.fromkeys(it.why or "every stack" for it in these))


def _part_of(it: Permission, one: Statement) -> bool:
    alone = statement([it.name], it.resources, it.conditions)
    same = alone.get("Condition") == one.get("Condition") and {*it.resources} <= {*_listed(one["Resource"])}
    return same and it.name in _listed(one["Action"])


def _codes(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
