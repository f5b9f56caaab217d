"""The possible states on a simulated disk: a model too simple to be wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from provisioner.state.model import State
from tests.simulation.hub import Violation


@dataclass(frozen=True)
class Version:
    """The relevant content of a state: each address's id, the runs by their numbers, and the bound account."""

    records: frozenset[tuple[str, str]] = frozenset()
    runs: tuple[float, ...] = ()
    account: str = ""

    @classmethod
    def of(cls, state: State) -> Self:
        """Return the version of a state; raise `Violation` if it has a record that was never handed in."""
        for record in state.records.values():
            if record.arguments != {"name": record.id} or record.type != "thing":
                raise Violation(f"nobody has handed in {record}")
        records = frozenset((address, str(record.id)) for address, record in state.records.items())
        return cls(records, tuple(run.started for run in state.history), state.account)

    def without(self, address: str) -> Version:
        """Return the version without an address."""
        return replace(self, records=frozenset(pair for pair in self.records if pair[0] != address))

    def having(self, address: str, id: str) -> Version:
        """Return the version with a record."""
        return replace(self, records=self.without(address).records | {(address, id)})

    def __str__(self) -> str:
        records = ", ".join(map("=".join, sorted(self.records)))
        return f"[{records}; runs {list(self.runs)}; account {self.account!r}]"


EMPTY = Version()


class Truth:
    """The versions that the disk may have, now and since any moment."""

    def __init__(self) -> None:
        self.possible = [EMPTY]
        self.ever = [EMPTY]
        self.tampered = False
        """True once a person has changed the files: then any earlier version may be there, or no readable one."""
        self._since = [self.possible]

    def may_be(self, versions: Iterable[Version]) -> None:
        """Set the possible versions from now on."""
        self.possible = list(dict.fromkeys(versions))
        self._since.append(self.possible)
        self.ever.extend(version for version in self.possible if version not in self.ever)

    def may_also_be(self, versions: Iterable[Version]) -> None:
        """Add versions of an unfinished operation, which may or may not have taken effect."""
        self.may_be([*self.possible, *versions])

    def moment(self) -> int:
        """Return a name for this moment, for `check`."""
        return len(self._since) - 1

    def check(self, found: Version, since: int, who: str) -> None:
        """Raise `Violation` if a found version was not possible at any moment since one."""
        allowed = [self.ever] if self.tampered else self._since[since:]
        if not any(found in possible for possible in allowed):
            raise Violation(f"{who} found {found}, and it should be {' or '.join(map(str, self.possible))}")
