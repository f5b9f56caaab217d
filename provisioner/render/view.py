"""Show the stack, or one resource of it, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provisioner.engine.words import count
from provisioner.render.created import matters
from provisioner.render.differences import flat
from provisioner.render.fields import fields
from provisioner.render.text import SYMBOLS, cut, date, roughly, wrapped

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.pictures.view import Node, One, View

SAID = {"none": "unchanged", "create": "to create", "change": "to change", "delete": "to delete", "adopt": "to adopt"}
"""The words for the action on one resource."""


def lines(view: View, width: int) -> Iterator[str]:
    """Yield the stack by service and job, then by step: each resource with its state and its important settings."""
    shown = [node for node in view.nodes if not node.bookkeeping]
    number = count(view.resources, "resource")
    yield f"{view.stack}, as {view.source if view.source != 'live' else 'AWS has it'}: {number}"
    groups: dict[str, list[Node]] = {}
    for node in sorted(shown, key=lambda node: not node.workload):
        groups.setdefault(f"{node.kind} {node.workload}" if node.workload else node.step or "(no step)", []).append(
            node
        )
    addresses = max((len(node.address) for node in shown), default=0)
    states = max((len(_state(node)) for node in shown), default=0)
    for title, nodes in groups.items():
        yield title
        for node in nodes:
            what = node.problem or matters(node.type, node.settings) or node.id or ""
            yield cut(f"  {node.address.ljust(addresses)}  {_state(node).ljust(states)}  {what}".rstrip(), width)


def _state(node: Node) -> str:
    return f"{node.state}, {node.status}" if node.status else node.state


def resource(item: Planned | None, one: One, width: int, *, kept: bool = False) -> Iterator[str]:
    """Yield all details of one resource of a plan: changes, settings, dependencies and dependents.

    Args:
        item: its plan; None if the plan does not contain it.
        kept: whether it is orphaned and stays, since it holds data.
    """
    node = one.node
    whose = f"{node.kind} {node.workload}, " if node.workload else ""
    action = item.action if item else "none"
    what = SAID.get(action, action) if item else "no longer declared, and kept" if kept else "not in this plan"
    symbol = f"{SYMBOLS[action]} " if action in SYMBOLS else ""
    yield f"{symbol}{node.address}: {what} ({whose}step {node.step})"
    if item and action == "refused":
        yield from (f"  {line}" for line in item.why.splitlines())
    if item and (changes := fields(item)):
        yield from _part("changes", changes, width)
    about = [f"id: {node.id}"] if node.id else []
    about += [f"state: {node.state}"]
    about += [f"changed: {date(node.changed)}"] if node.changed else []
    about += [f"takes about {roughly(seconds)} to {act}" for act, seconds in node.seconds.items() if seconds]
    yield from _part("about", about, width)
    yield from _part("settings", [line for name, value in node.settings.items() for line in flat(name, value)], width)
    yield from _part("outputs", [line for name, value in node.outputs.items() for line in flat(name, value)], width)
    yield from _part("needs", one.needs, width)
    yield from _part("needed by", one.needed_by, width)


def _part(title: str, some: Sequence[str], width: int) -> Iterator[str]:
    """Yield a part under its title; nothing if the part is empty."""
    shown = [line for one in some for line in wrapped(f"    {one}", width, 8)]
    yield from [f"  {title}", *shown] if shown else []
