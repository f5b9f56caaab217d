"""Say what `up` would do, by the same declarations and the same comparison, with reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from provisioner.engine.converge import refuse_fixed
from provisioner.engine.errors import Protected, ProvisionError
from provisioner.engine.find import find
from provisioner.engine.kind import Change, Kind, Live, compare, output_of
from provisioner.engine.refusal import explained
from provisioner.engine.remove import protected
from provisioner.engine.run import prefetch
from provisioner.engine.step import Declared, filled, unknown

if TYPE_CHECKING:
    from provisioner.aws import Aws
    from state.model import Record

Action = Literal["create", "change", "remove", "adopt", "none", "refused"]

KNOWN_AFTER_UP = "(known after up)"


@dataclass(frozen=True)
class Planned:
    """What would happen to one thing.

    `changes` holds, for a change, each field's old and new value; for a creation only new ones. `why` is set when `up`
    would refuse to go on with this thing.
    """

    address: str
    action: Action
    step: str
    changes: Mapping[str, Change] = field(default_factory=dict)
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the planned action in its JSON form."""
        changes = {name: {"old": change.old, "new": change.new} for name, change in self.changes.items()}
        return {"address": self.address, "action": self.action, "step": self.step, "changes": changes, "why": self.why}


def plan(
    aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared], dropped: Collection[str]
) -> list[Planned]:
    """Compare all that is declared with AWS and the state, and return what `up` would do, in declared order.

    Args:
        dropped: the recorded things that `up` would remove.

    Raises:
        Refused: a read was refused.
    """
    aws.read_only = True
    prefetch(aws, (type(item.want) for item in declared.values()))
    planner = _Planner(aws, records)
    planned = [planner.look(item) for item in declared.values()]
    kept = protected(aws, [records[address] for address in dropped])
    refused = [Planned(a, "refused", records[a].step, why=str(Protected([a]))) for a in kept]
    going = [a for a in dropped if a not in kept and not planner.goes_on(records[a])]
    return planned + refused + [Planned(a, "remove", records[a].step) for a in going]


def orphans(records: Mapping[str, Record], declared: Collection[str]) -> list[str]:
    """Return the addresses that are recorded but no longer declared."""
    return [address for address in records if address not in declared]


class _Planner:
    """Looks at one thing after the other, remembering what each will be called once `up` has run."""

    def __init__(self, aws: Aws, records: Mapping[str, Record]) -> None:
        self._aws, self._records = aws, records
        self._lives: dict[str, Live] = {}
        aws.seen = self._lives

    def look(self, item: Declared) -> Planned:
        want, record = filled(item.want, self._lookup), self._records.get(item.address)
        if want.made_by_aws:
            return Planned(item.address, "none", item.step)
        try:
            live = find(self._aws, type(want), item.address, want.fields(), record.id if record else None)
            if live is None or live.deleting:
                return Planned(item.address, "create", item.step, _all_new(want))
            changes = compare(want, live)
            if not (changes and want.revises):
                self._lives[item.address] = live
            refuse_fixed(want, {name: c for name, c in changes.items() if not unknown(c.new)})
        except ProvisionError as error:
            return Planned(item.address, "refused", item.step, why=str(error))
        except Exception as error:
            raise explained(error) from error
        if live.address not in (None, item.address):
            changes["address"] = Change(live.address, item.address)
        if changes:
            return Planned(item.address, "change", item.step, {n: _shown(c) for n, c in changes.items()})
        return Planned(item.address, "none" if record or want.kept else "adopt", item.step)

    def goes_on(self, record: Record) -> bool:
        """Whether a thing that is no longer declared as this is declared as another: then only its record goes."""
        lives = self._lives.items()
        return any((a.partition("/")[0], live.id) == (record.kind, record.id) for a, live in lives)

    def _lookup(self, address: str, output: str) -> Any:
        return output_of(self._lives.get(address), output)


def _all_new(want: Kind) -> dict[str, Change]:
    return {name: _shown(Change(None, value)) for name, value in want.fields().items() if value is not None}


def _shown(change: Change) -> Change:
    return Change(change.old, KNOWN_AFTER_UP) if unknown(change.new) else change
