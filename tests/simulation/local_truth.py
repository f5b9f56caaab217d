"""What the state on a simulated disk may be: a model too simple to be wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from provisioner.state.model import State
from tests.simulation.hub import Violation


@dataclass(frozen=True)
class Version:
    """All that counts of a state: each address's id, the runs by their numbers, and to which account it is bound."""

    records: frozenset[tuple[str, str]] = frozenset()
    runs: tuple[float, ...] = ()
    account: str = ""

    @classmethod
    def of(cls, state: State) -> Self:
        """Return the version that a state is; raises `Violation` if a record is none that was handed in as it is."""
        for record in state.records.values():
            if record.arguments != {"name": record.id} or record.type != "thing":
                raise Violation(f"nobody has handed in {record}")
        records = frozenset((address, str(record.id)) for address, record in state.records.items())
        return cls(records, tuple(run.started for run in state.history), state.account)

    def without(self, address: str) -> Version:
        """Return it without an address."""
        return replace(self, records=frozenset(pair for pair in self.records if pair[0] != address))

    def having(self, address: str, id: str) -> Version:
        """Return it with a record."""
        return replace(self, records=self.without(address).records | {(address, id)})

    def __str__(self) -> str:
        records = ", ".join(map("=".join, sorted(self.records)))
        return f"[{records}; runs {list(self.runs)}; account {self.account!r}]"


EMPTY = Version()


class Truth:
    """Which versions may be found on the disk, now and since any moment."""

    def __init__(self) -> None:
        self.possible = [EMPTY]
        self.ever = [EMPTY]
        self.tampered = False
        """A person has changed the files: any version that ever was may be there, or none that can be read."""
        self._since = [self.possible]

    def may_be(self, versions: Iterable[Version]) -> None:
        """From now on it is one of these."""
        self.possible = list(dict.fromkeys(versions))
        self._since.append(self.possible)
        self.ever.extend(version for version in self.possible if version not in self.ever)

    def may_also_be(self, versions: Iterable[Version]) -> None:
        """Something has begun that may have happened or not when it does not end."""
        self.may_be([*self.possible, *versions])

    def moment(self) -> int:
        """Return a name for this moment, for `check`."""
        return len(self._since) - 1

    def check(self, found: Version, since: int, who: str) -> None:
        """Raise `Violation` if what was found was not there at any moment since one."""
        allowed = [self.ever] if self.tampered else self._since[since:]
        if not any(found in possible for possible in allowed):
            raise Violation(f"{who} found {found}, and it should be {' or '.join(map(str, self.possible))}")
