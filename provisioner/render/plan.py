"""The plan as a diff: what would be created, changed and removed, field by field, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.config.secrets import VERSION_LABEL
from provisioner.engine.planned import HIDDEN_CHANGE
from provisioner.engine.refused import reasons
from provisioner.engine.words import count
from provisioner.render.text import SYMBOLS, visible

if TYPE_CHECKING:
    from provisioner.engine.losses import Loss
    from provisioner.engine.planned import Planned, PlannedAction
    from provisioner.engine.resource import Change

ABSENT = object()
"""Stands for a value that is not there on one side."""
WIDTH = 160
"""Longer values are shortened."""
WORDS: dict[PlannedAction, str] = {
    "create": "to create",
    "change": "to change",
    "delete": "to delete",
    "adopt": "to adopt",
    "refused": "refused",
}
"""What an action is called in front of an address, if not by its own name."""
WHEN_READY = "when all that uses it is ready:"
"""Heads the part of a change that comes after all others."""
SENTENCES = {
    ("service", "failed"): "redeploy: the last deployment failed",
    ("cluster_capacity_providers", "failed"): "attach again: ECS could not attach the capacity providers",
    ("hosted_zone", "untagged"): "put the ownership tags on",
    ("job_run", "failed"): "again: the last run failed",
    ("log_group", "untagged"): "put the ownership tags on",
}
"""By resource type and problem, what `up` does about it."""


def differing(planned: Sequence[Planned]) -> list[Planned]:
    """Return those resources that are not as they should be."""
    return [item for item in planned if item.action != "none"]


def exit_code(planned: Sequence[Planned]) -> int:
    """Return 0 if there is nothing to do, 2 if there are changes, and 1 if `up` would refuse something."""
    actions = {item.action for item in differing(planned)}
    return 1 if "refused" in actions else 2 if actions else 0


def document(
    planned: Sequence[Planned],
    stack: str,
    account: str,
    region: str,
    notes: Sequence[str] = (),
    lost: Sequence[Loss] = (),
    kept: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the plan as one JSON document.

    Args:
        lost: the data that would be deleted.
        kept: the addresses of what is no longer declared and stays, since it holds data.
    """
    return {
        "stack": stack,
        "account": account,
        "region": region,
        "counts": dict(Counter(item.action for item in planned)),
        "notes": list(notes),
        "losses": [asdict(one) for one in lost],
        "kept": list(kept),
        "resources": [item.to_dict() for item in planned],
    }


def diff(planned: Sequence[Planned]) -> list[str]:
    """Return the plan as lines, by step, ending with the counts."""
    wanted = differing(planned)
    if not wanted:
        return [f"No changes: {count(len(planned), 'resource')} as declared."]
    steps: dict[str, list[str]] = {}
    for item in wanted:
        if item.action != "refused":
            steps.setdefault(item.step or "(no step)", []).extend(thing(item))
    lines = [line for step, body in steps.items() for line in (step, *body)]
    if refused := reasons(wanted):
        lines.append("refused")
        for first, *rest in (reason.text.splitlines() for reason in refused):
            lines += [f"  {SYMBOLS['refused']} {first}", *(f"      {line}" for line in rest)]
    return [*lines, "", f"Plan: {totals(wanted, len(planned) - len(wanted))}."]


def totals(wanted: Sequence[Planned], unchanged: int) -> str:
    """Return how many resources are to be created, changed and so on, and how many stay as they are."""
    counts = Counter(item.action for item in wanted)
    parts = [f"{counts[action]} {words}" for action, words in WORDS.items() if counts[action]]
    return ", ".join([*parts, f"{unchanged} unchanged"])


def thing(item: Planned) -> list[str]:
    """Return what is done to one resource, as lines."""
    head = f"  {SYMBOLS[item.action]} {_said(item)}"
    if item.action != "change":
        return [head]
    later = [f"  {line}" for line in _fields(item, item.later)]
    lines = [*_fields(item, item.first), *([WHEN_READY, *later] if later else [])]
    return [head, *(f"      {line}" for line in lines)]


def _said(item: Planned) -> str:
    """Return the action in words: a run of a job is neither created nor changed."""
    resource_type, _, name = item.address.partition("/")
    if resource_type == "job_run" and item.action in ("create", "change"):
        return f"run job/{name} (before services change)"
    return f"{item.action} {item.address}"


def _fields(item: Planned, changes: Mapping[str, Change]) -> list[str]:
    return [
        line for name, change in changes.items() for line in _field(item, name, parsed(change.old), parsed(change.new))
    ]


def _field(item: Planned, name: str, old: Any, new: Any) -> Iterator[str]:
    """Yield what is said of a field that differs, or the sentence of a problem."""
    sentence = SENTENCES.get((item.address.partition("/")[0], name))
    return iter([sentence]) if sentence else _difference(name, old, new)


def _difference(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield a line for each leaf that differs."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            if old.get(key, ABSENT) != new.get(key, ABSENT):
                yield from _difference(f"{path}.{key}", old.get(key, ABSENT), new.get(key, ABSENT))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        yield from _lists(path, list(old), list(new))
    elif new == HIDDEN_CHANGE:
        yield f"{path}: {new}"
    elif old is ABSENT:
        yield f"+ {path}: {_shown(new)}"
    elif new is ABSENT:
        yield f"- {path}: {_shown(old)}"
    elif VERSION_LABEL in path:
        yield f"secret {path.partition(VERSION_LABEL)[2]} changed: {_shown(old)} -> {_shown(new)}"
    else:
        yield f"{path}: {_shown(old)} -> {_shown(new)}"


def _lists(path: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    """Yield what the lists do not have in common; tables that take each other's place are compared key by key.

    Variables are compared name by name, and so are the containers of a task that has several.
    """
    before, after = _by_name(old), _by_name(new)
    if max(len(old), len(new)) > 1:
        before, after = before or _containers(old), after or _containers(new)
    if before and after and before != after:
        yield from _difference(path, before, after)
        return
    gone, come = _without(old, new), _without(new, old)
    if not gone and not come:
        yield f"{path}: in another order: {_shown(old)} -> {_shown(new)}"
        return
    if len(gone) == len(come) and all(isinstance(value, Mapping) for value in gone + come):
        for before, after in zip(gone, come, strict=True):
            yield from _difference(f"{path}[{old.index(before)}]", before, after)
        return
    yield from (f"- {path}: {_shown(value)}" for value in gone)
    yield from (f"+ {path}: {_shown(value)}" for value in come)


def _by_name(values: list[Any]) -> dict[str, Any]:
    """Return a list of names and values as a table; an empty one if it is another list, or has a name twice."""
    if not all(isinstance(one, Mapping) and one.keys() == {"name", "value"} for one in values):
        return {}
    named = {str(one["name"]): one["value"] for one in values}
    return named if len(named) == len(values) else {}


def _containers(values: list[Any]) -> dict[str, Any]:
    """Return a list of containers by their names; an empty table if it is another list."""
    if not all(isinstance(one, Mapping) and {"name", "image"} <= one.keys() for one in values):
        return {}
    return {str(one["name"]): {key: value for key, value in one.items() if key != "name"} for one in values}


def _without(values: list[Any], others: list[Any]) -> list[Any]:
    """Return the values less one for each equal one among the others."""
    left = list(others)
    kept = []
    for value in values:
        if value in left:
            left.remove(value)
        else:
            kept.append(value)
    return kept


def parsed(value: Any) -> Any:
    """Return a document that AWS keeps as JSON text as what it says, and any other value as it is."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    text = visible(text)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
