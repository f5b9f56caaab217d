"""The promises of the state in S3: for each address, its possible values. Too simple to be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.state.model import State
from tests.simulation.hub import Violation

Value = str | None


@dataclass(eq=False)
class Session:
    """One command in the model.

    Attributes:
        opened: the moment when it opened the state, None before.
        lost: the moment when the next session opened it.
        found: the values that the next session found.
        failed: the moment when its first fact was refused, None before.
        bereft: whether a person has removed or changed the document since it began.
    """

    name: str
    opened: int | None = None
    lost: int | None = None
    found: Mapping[str, Value] = field(default_factory=dict)
    failed: int | None = None
    bereft: bool = False


@dataclass(eq=False)
class Fact:
    """A value that a session hands in for an address."""

    session: Session
    address: str
    value: Value
    began: int


@dataclass(eq=False)
class Look:
    """A read of the state that lasts for a while: each value that an address may have had meanwhile."""

    may: dict[str, set[Value]]
    loose: bool


@dataclass
class Model:
    """The possible values, address by address, the older ones first.

    Attributes:
        strict: whether the lease alone keeps two writers apart: no clock stands still, and nobody deletes the lock.
        loose: whether a person has changed the document: until the next command opens it, any value that was ever
            handed in is possible.
    """

    strict: bool
    loose: bool = False
    may: dict[str, list[Value]] = field(default_factory=dict)
    ever: dict[str, set[Value]] = field(default_factory=dict)
    owner: Session | None = None
    looks: list[Look] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    acknowledged: int = 0
    _ticks: int = 0

    def session(self, name: str) -> Session:
        self.sessions.append(Session(name))
        return self.sessions[-1]

    def begin(self, session: Session, address: str, value: Value) -> Fact:
        """Note a fact handed in: it may exist from now on, unless another session has opened the state meanwhile."""
        self.ever.setdefault(address, {None}).add(value)
        if self.owner is session:
            self.may.setdefault(address, [None]).append(value)
            for look in self.looks:
                look.may.setdefault(address, {None}).add(value)
        return Fact(session, address, value, self._tick())

    def done(self, fact: Fact, *, folded: bool = False) -> None:
        """Note an acknowledged fact: it exists now.

        Args:
            folded: whether it was written with the document, which is protected by a conditional write, not by the
                lease.
        """
        self.acknowledged += 1
        session = fact.session
        if not folded and session.failed is not None and fact.began > session.failed:
            raise Violation(f"{session.name} was refused, and wrote {fact.address} after it")
        if self.owner is not session:
            self._late(fact, folded)
        elif not self.loose:
            self.may[fact.address] = [fact.value]

    def failed(self, fact: Fact) -> None:
        """Note a refused fact: it may still exist."""
        if fact.session.failed is None:
            fact.session.failed = self._tick()

    def look(self) -> Look:
        """Note the begin of a read."""
        look = Look({address: set(values) for address, values in self.may.items()}, self.loose)
        self.looks.append(look)
        return look

    def seen(self, look: Look, state: State, who: str) -> None:
        """Check a finished read: its values must stay until newer ones replace them."""
        self.looks.remove(look)
        view = observed(state)
        for address in view.keys() | self.ever.keys():
            value = view.get(address)
            if value not in self._known(look, address):
                raise Violation(
                    f"{who} saw {address} = {value}, it may be {sorted(map(str, look.may.get(address, ())))}"
                )
            values = self.may.get(address, [])
            # an absent value proves nothing: it may have been absent before, or again
            if not self.loose and value is not None and value in values:
                del values[: values.index(value)]

    def opened(self, session: Session, look: Look, state: State, *, superseded: bool) -> None:
        """Check an opened state: its values are now the only possible ones.

        Args:
            superseded: whether another session opened it before this one got its answer.
        """
        self.looks.remove(look)
        view = observed(state)
        for address in view.keys() | self.ever.keys():
            value = view.get(address)
            if self.loose or look.loose or superseded:
                good = value is None or value in self.ever.get(address, ())
            else:
                good = value in self.may.get(address, [None])
            if not good:
                raise Violation(f"{session.name} opened {address} = {value}, it may be {self.may.get(address)}")
        session.opened = self._tick()
        if not superseded:
            if self.owner:
                self.owner.lost, self.owner.found = session.opened, view
            self.owner, self.loose = session, session.bereft
            if not session.bereft:
                self.may = {address: [view.get(address)] for address in self.ever}

    def touched(self) -> None:
        """Note that a person has deleted or changed the document."""
        self.loose = True
        for session in self.sessions:
            session.bereft = True
        for look in self.looks:
            look.loose = True

    def _known(self, look: Look, address: str) -> set[Value]:
        if look.loose or self.loose:
            return self.ever.get(address, {None})
        return look.may.get(address, {None})

    def _late(self, fact: Fact, folded: bool) -> None:
        """Check an acknowledgement after a session has lost the state: its successor must have found the value."""
        session, found = fact.session, fact.session.found
        if session.bereft and (folded or not self.strict):
            # without the document the successor could not find it
            return
        if session.lost is None or fact.began > session.lost:
            raise Violation(f"{session.name} lost the state, and then wrote {fact.address} = {fact.value}")
        if self.strict and not folded:
            raise Violation(f"{session.name} lost the state, and heard then that {fact.address} was written")
        if found.get(fact.address) != fact.value:
            raise Violation(f"{session.name} wrote {fact.address} = {fact.value}, and who came next did not find it")

    def _tick(self) -> int:
        self._ticks += 1
        return self._ticks


def observed(state: State) -> dict[str, Value]:
    """Return the values of a state: an id for each address, the account, and the runs of its history."""
    said: dict[str, Value] = {address: record.id for address, record in state.records.items()}
    said |= {f"@run {run.command}": run.command for run in state.history}
    return said | ({"@account": state.account} if state.account else {})
