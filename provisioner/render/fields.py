"""A plan resource by resource, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from provisioner.render.differences import leaves, line
from provisioner.render.text import SYMBOLS

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned, PlannedAction
    from provisioner.engine.resource import Change

WORDS: dict[PlannedAction, str] = {
    "create": "to create",
    "change": "to change",
    "delete": "to delete",
    "adopt": "to adopt",
    "refused": "refused",
}
"""The words for an action beside a number."""
WHEN_READY = "when all that uses it is ready:"
"""The heading of the part of a change that comes after all others."""
SENTENCES = {
    ("service", "failed"): "redeploy: the last deployment failed",
    ("cluster_capacity_providers", "failed"): "attach again: ECS could not attach the capacity providers",
    ("hosted_zone", "untagged"): "put the ownership tags on",
    ("job_run", "failed"): "again: the last run failed",
    ("log_group", "untagged"): "put the ownership tags on",
}
"""By resource type and problem, the repair that `up` makes."""


def differing(planned: Sequence[Planned]) -> list[Planned]:
    """Return the resources that differ from the declaration; of uncounted ones only changes and deletions."""
    return [item for item in planned if item.action not in (("none", "create") if item.bookkeeping else ("none",))]


def unchanged(planned: Sequence[Planned]) -> int:
    """Return the number of counted resources that stay as they are."""
    return sum(item.action == "none" and not item.bookkeeping for item in planned)


def totals(planned: Sequence[Planned]) -> str:
    """Return the numbers of resources to create, change and so on; empty if there are none."""
    counts = Counter(item.action for item in planned if not item.bookkeeping)
    return ", ".join(f"{counts[action]} {words}" for action, words in WORDS.items() if counts[action])


def thing(item: Planned, named: str | None = None) -> list[str]:
    """Return the plan of one resource, as lines.

    Args:
        named: the words for the action, if they differ from its name.
    """
    runs = item.address.startswith("job_run/")
    said = _said(item) if named is None or runs else f"{named} {item.address}".strip()
    return [f"  {SYMBOLS[item.action]} {said}", *(f"      {line}" for line in fields(item))]


def fields(item: Planned) -> list[str]:
    """Return the changed values of a resource, a line each; nothing for a created or deleted one."""
    if item.action != "change":
        return []
    later = [f"  {line}" for line in _fields(item, item.later)]
    return [*_fields(item, item.first), *([WHEN_READY, *later] if later else [])]


def _said(item: Planned) -> str:
    """Return the action in words: runs of jobs are neither created nor changed."""
    resource_type, _, name = item.address.partition("/")
    if resource_type == "job_run" and item.action in ("create", "change"):
        return f"run job/{name} (before services change)"
    return f"{item.action} {item.address}"


def _fields(item: Planned, changes: Mapping[str, Change]) -> list[str]:
    return [text for name, change in changes.items() for text in _field(item, name, change)]


def _field(item: Planned, name: str, change: Change) -> list[str]:
    """Return the lines for a field that differs, or the sentence for a problem."""
    sentence = SENTENCES.get((item.address.partition("/")[0], name))
    return [sentence] if sentence else [line(leaf) for leaf in leaves(name, change.old, change.new)]
