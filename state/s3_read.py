"""Read the state in a bucket: its document, and the journal's entries that continue it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.state.checks import parsed
from provisioner.state.journal import apply
from provisioner.state.migrate import migrate
from provisioner.state.model import State, StateError, StateUnavailable
from provisioner.state.objects import Objects, StoredObject
from provisioner.state.runtime import MACHINE, Runtime

DOCUMENT, JOURNAL = "state.json", "journal/"
READERS = 16
READINGS = 10
"""The most times that a state is read again because it changed during the read."""


@dataclass(frozen=True)
class Loaded:
    """A state's objects as they were read.

    Attributes:
        found: the document, None for a new state.
        outdated: the document in its old schema, if it had to be migrated.
        journal: the names of all entries, also of older ones that a crash left behind.
        last: the number of the newest entry that continues the document.
        sealed: whether that entry is a seal, or there is nothing to seal.
        newest: the highest serial of any entry.
    """

    state: State
    found: StoredObject | None
    outdated: dict[str, Any] | None
    journal: list[str]
    last: int
    sealed: bool
    newest: int


def read(objects: Objects, stack: str, runtime: Runtime = MACHINE) -> State:
    """Return the state without locking or changing anything; an empty state if there is none.

    Raises:
        StateError: it is unreadable or newer than this version, or S3 cannot be read.
    """
    return load(objects, stack, runtime).state


def load(objects: Objects, stack: str, runtime: Runtime) -> Loaded:
    """Return the state as `read` does, with the objects that it was read from."""
    for _ in range(READINGS):
        found = objects.get(DOCUMENT)
        problem = None
        try:
            loaded = _assembled(objects, stack, found, runtime)
            found = loaded.found
        except StateUnavailable:
            raise
        except StateError as error:
            problem = error
        # entries disappear when they are folded, so the read counts only if the document is still the same. An entry
        # that S3 did not show at first is read again before it counts as missing
        if (found or not problem) and objects.unchanged(DOCUMENT, found.etag if found else None):
            if problem:
                raise problem
            return loaded
    raise StateUnavailable(f"{objects.url_of(DOCUMENT)} keeps changing while it is read. Run the same command again")


def _assembled(objects: Objects, stack: str, found: StoredObject | None, runtime: Runtime) -> Loaded:
    state, outdated = State(stack), None
    if found:
        try:
            current, changed = migrate(raw := parsed(found.body))
            state, outdated = State.from_dict(current), raw if changed else None
        except ValueError as error:
            raise StateError(
                f"{objects.url_of(DOCUMENT)} is incomplete or not JSON ({error}). Run `provision recover`, which "
                f"rebuilds it from the account, or restore an earlier version (docs/state.md)"
            ) from None
        except StateError as error:
            raise type(error)(f"{objects.url_of(DOCUMENT)}: {error}") from None
    there = objects.names("")
    if found is None and DOCUMENT in there and (found := objects.listed(DOCUMENT)):
        return _assembled(objects, stack, found, runtime)
    journal = [name for name in there if name.startswith(JOURNAL)]
    newest = max(map(serial_of, journal), default=0)
    if found is None:
        # a session that is still at work on the lost document must find a seal
        state.serial = newest
        last = max((number_of(name) for name in journal if serial_of(name) == newest), default=0)
        return Loaded(state, None, None, journal, last, sealed=not journal, newest=newest)
    names = [name for name in journal if serial_of(name) == state.serial]
    sealed = False
    entries = runtime.each(objects.listed, names, READERS)
    for number, (name, entry) in enumerate(zip(names, entries, strict=True), start=1):
        if entry is None or name != name_of(state.serial, number):
            raise StateError(f"{objects.url_of(name_of(state.serial, number))} is missing. Restore it (docs/state.md)")
        sealed = replay(objects.url_of(name), entry.body, state)
    return Loaded(state, found, outdated, journal, len(names), sealed, newest)


def replay(where: str, body: bytes, state: State) -> bool:
    """Apply an object of the journal to the state; return whether it is a seal."""
    try:
        for entry in map(parsed, body.splitlines()):
            if "sealed" in entry:
                return True
            apply(entry, state)
    except (ValueError, TypeError, StateError) as error:
        raise StateError(f"{where} is not a journal entry ({error}). Repair or restore it (docs/state.md)") from None
    return False


def name_of(serial: int, number: int) -> str:
    """Return the name of a journal entry; numbers count from 1."""
    return f"{JOURNAL}{serial:08d}/{number:06d}"


def serial_of(name: str) -> int:
    """Return the serial of the document that an entry continues; 0 if its name has none."""
    serial = name.removeprefix(JOURNAL).partition("/")[0]
    return int(serial) if serial.isdecimal() else 0


def number_of(name: str) -> int:
    """Return the number of an entry; 0 if its name has none."""
    number = name.rpartition("/")[2]
    return int(number) if number.isdecimal() else 0
