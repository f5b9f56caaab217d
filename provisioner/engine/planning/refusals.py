"""The refused parts of a plan, told once: by their setting, not resource by resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.engine.errors import ProvisionError, ReplacementRequired
from provisioner.engine.planning.losses import Loss, losses
from provisioner.engine.resource import Change, Resource
from provisioner.engine.resource_types import type_named
from provisioner.engine.words import names

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned
    from provisioner.state.model import Record

NO_REASON = "no reason was given"


@dataclass(frozen=True)
class RefusalReason:
    """The reason of a refusal, and its addresses; `replaces` if only a replacement could make the change."""

    text: str
    addresses: Sequence[str]
    replaces: bool = False


class PlanRefused(ProvisionError):
    """A part of the plan cannot be done, so nothing was done.

    Attributes:
        reasons: the reasons of the refused parts.
    """

    code = "plan-refused"

    def __init__(self, reasons: Sequence[RefusalReason], records: Iterable[Record]) -> None:
        self.reasons = list(reasons)
        lines = [line for reason in self.reasons for line in reason.text.splitlines()]
        lines += [advice(records)] if any(reason.replaces for reason in self.reasons) else []
        super().__init__("nothing was changed:\n" + "\n".join(f"  {line}" for line in lines))


def reasons(planned: Iterable[Planned]) -> list[RefusalReason]:
    """Return the reasons why parts of the plan are refused: one a setting, and one for each other refused resource."""
    by_key: dict[str, tuple[Change, list[str], str]] = {}
    others = []
    for item in planned:
        if item.action != "refused":
            continue
        keys = {name: item.keys.get(name) for name in item.changes}
        if not keys or None in keys.values():
            why = item.why if item.why.strip() else NO_REASON
            text = why if item.address in why else f"{item.address}: {why}"
            others.append(RefusalReason(text, [item.address], bool(keys)))
            continue
        for name, key in keys.items():
            by_key.setdefault(str(key), (item.changes[name], [], _instead(item.address, name)))[1].append(item.address)
    return [_of_key(key, *of) for key, of in by_key.items()] + others


def _of_key(key: str, change: Change, addresses: Sequence[str], instead: str) -> RefusalReason:
    about = names(addresses) if len(addresses) == 1 else f"{len(addresses)} resources: {names(addresses)}"
    text = f"{key} cannot change from {_shown(change.old)} to {_shown(change.new)} ({about})"
    return RefusalReason(f"{text}: {instead}" if instead else text, addresses, not instead)


def _instead(address: str, name: str) -> str:
    """Return the advice of a resource's type on one of its lasting fields; else empty."""
    found = type_named(address.partition("/")[0])
    return found.lasting.get(name, "") if found else ""


def advice(records: Iterable[Record]) -> str:
    """Return the remedy for a change that AWS cannot make in place, and the data that the remedy deletes."""
    lost = data(records)
    cost = f", which deletes {', '.join(lost)}" if lost else ""
    return (
        f"Restore the old value, or recreate the stack: `down`, then `up`, both with the options of this command{cost}."
    )


def data(records: Iterable[Record]) -> list[str]:
    """Return the data that is lost with the recorded resources, in words."""
    return [told(loss) for loss in losses(records)]


def told(loss: Loss) -> str:
    """Return the lost data in words, with its resources and its amount."""
    return f"{loss.what} ({names(loss.addresses)}{f': {loss.amount}' if loss.amount else ''})"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def refuse_create_only(desired: Resource, changes: Mapping[str, Change]) -> None:
    """Raise `ReplacementRequired` if one of the changes is to a field that AWS cannot change in place."""
    stuck = [
        f"{name} is {changes[name].old!r}, should be {changes[name].new!r}"
        for name in changes
        if name in desired.create_only
    ]
    if stuck:
        raise ReplacementRequired(f"{desired.address} cannot be changed in place: {'; '.join(stuck)}")
