"""The lock of a state in S3: a lease, renewed by a heartbeat, and taken over when its holder falls silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeGuard

from provisioner.state.checks import parsed
from provisioner.state.lock import describe, myself, named
from provisioner.state.model import RERUN, StateError, StateLocked
from provisioner.state.objects import Objects, StoredObject, Taken
from provisioner.state.runtime import MACHINE, Runtime, Worker

LEASE = 60.0
"""The seconds without a renewal after which a holder loses its lease."""
LONGEST = 3600.0
"""The most seconds that a lease may claim, so that nobody can lock a state for ever."""
RENEWALS = 30
"""The most renewals in a row if each one takes longer than the lease lasts."""
LOCK = "lock"
HOLDER = "holder"
"""The metadata key by which a holder recognises its own lock."""
FREE = b"{}\n"
"""The content of a lock that nobody holds."""


class Lease:
    """Holds the lock of a state from `acquire` to `release`, or until another command takes it over.

    The lease spares other commands a vain start. The journal protects the state (see `provisioner.state.s3`).

    Args:
        objects: the bucket's objects, the lock among them.
        command: the command at work, shown to others that find the lock held.
        seconds: the time without a renewal after which another command may take the lease over.
        lost: called once, in a thread, as soon as this command knows that another one has taken the lease over.
        note: called with a message if S3 did not accept the release of the lock.

    Attributes:
        claim: the holder's details, as others read them.
    """

    def __init__(
        self,
        objects: Objects,
        command: str,
        seconds: float,
        lost: Callable[[], None],
        runtime: Runtime = MACHINE,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._note = note
        self._objects, self._seconds, self._when_lost, self._runtime = objects, seconds, lost, runtime
        self.claim = myself(command, runtime)
        self._mark = runtime.token()
        self._renewals = 0
        self._etag: str | None = None
        self._heard = 0.0
        self._lost = ""
        self._mutex = runtime.lock()
        self._ended = runtime.event()
        self._heart: Worker | None = None

    def acquire(self) -> None:
        """Take the lock, and start to renew it.

        Raises:
            StateLocked: another command holds it, and its lease has not run out.
            StateError: S3 refuses, or cannot be reached.
        """
        found = self._objects.get(LOCK)
        while True:
            if found and not self._ours(found) and (left := remaining(found, self._runtime)) > 0:
                raise StateLocked(describe(found.body), f" (its lease ends in {left:.0f} s unless it is renewed)")
            self.claim["since"] = self._runtime.time()
            self._etag = found.etag if found else None
            try:
                self._put()
            except Taken as taken:
                # another command was first, or S3 did not show its lock yet: see `Objects.listed`
                found = taken.found
            else:
                break
        self._heart = self._runtime.start(self._beat, "lease")

    def check(self) -> None:
        """Ensure that the lease is held; renew an expired one unless another command has taken it over.

        Raises:
            StateError: another command has taken it over, or it cannot be renewed.
        """
        for _ in range(RENEWALS):
            if self._held():
                return
            with self._mutex:
                if not self._held() and not self._lost:
                    self._renew()
                if self._lost:
                    raise StateError(self._lost)
        # the renewed lease may have run out before S3's answer came, and another command may be at work already
        raise StateError(f"S3 takes longer to renew the state lock than its lease lasts ({self._seconds:g} s). {RERUN}")

    def lose(self, found: StoredObject | None) -> StateError:
        """Note that another command has the lock, as `found` shows; return the error for that."""
        if self._ours(found):
            found = None
        with self._mutex:
            if not self._lost:
                self._lost = (
                    f"this command lost the state lock: {_holder(found)} has taken it over, because the lease was not "
                    f"renewed for {self._seconds:.0f} s. Nothing more was started. When that command has ended, run "
                    f"the same command again: it resumes from the recorded state"
                )
                self._when_lost()
        return StateError(self._lost)

    def release(self) -> None:
        """Release the lock, unless another command has it; if S3 refuses, the lease runs out by itself."""
        self._ended.set()
        if self._heart:
            self._heart.join()
        if not self._lost and self._etag:
            try:
                self._write(FREE)
            except Taken:
                return
            except StateError as error:
                why = str(error).removesuffix(f". {RERUN}")
                self._note(f"the state lock was not released ({why}): it expires in {self._seconds:.0f} s")

    def holder(self) -> StoredObject | None:
        """Return the lock's object, which names its holder, or None."""
        return self._objects.get(LOCK)

    def _beat(self) -> None:
        while not self._ended.wait(self._seconds / 3) and not self._lost:
            try:
                with self._mutex:
                    self._renew()
            except StateError:
                # S3 cannot be reached: the next beat tries again, and so does the next write
                continue

    def _held(self) -> bool:
        return not self._lost and self._runtime.elapsed() < self._heard + self._seconds

    def _ours(self, found: StoredObject | None) -> TypeGuard[StoredObject]:
        return found is not None and found.metadata.get(HOLDER) == self._mark

    def _renew(self) -> None:
        try:
            self._put()
        except Taken as taken:
            self.lose(taken.found)

    def _put(self) -> None:
        began = self._runtime.elapsed()
        # each renewal has an ETag of its own, so that a takeover of an expired lease notices a renewal in between
        self._renewals += 1
        about = {"machine": self._runtime.machine(), "lease": self._seconds, "renewed": self._renewals}
        self._write(json.dumps(self.claim | about).encode() + b"\n")
        self._heard = began

    def _write(self, body: bytes) -> None:
        """Write the lock if it is unchanged since this command read or wrote it; raises `Taken` if not."""
        while True:
            try:
                self._etag = self._objects.put(LOCK, body, over=self._etag, metadata={HOLDER: self._mark})
            except Taken as taken:
                if not self._ours(taken.found):
                    raise
                # an earlier write, whose answer was lost, renewed the lease at its own time, not now
                self._etag = taken.found.etag
            else:
                return


def holder(objects: Objects, runtime: Runtime = MACHINE) -> str:
    """Return a phrase about the holder of a state's lease; empty without one. Raises `StateError` as `Objects.get`."""
    found = objects.get(LOCK)
    return describe(found.body) if found and remaining(found, runtime) > 0 else ""


def cut_off(objects: Objects, runtime: Runtime = MACHINE) -> tuple[str, float] | None:
    """Return the command that ended without releasing the lease, and its start in seconds since the epoch.

    None if the last holder released it, or still holds it. Raises `StateError` as `Objects.get`.
    """
    found = objects.get(LOCK)
    return named(found.body) if found and found.body != FREE and remaining(found, runtime) <= 0 else None


def remaining(found: StoredObject, runtime: Runtime = MACHINE) -> float:
    """Return how many seconds a lease still lasts, by S3's clock; 0 or less if the lock can be taken."""
    try:
        info = parsed(found.body)
        if not info or _dead(info, runtime):
            return 0.0
        seconds = min(max(float(info["lease"]), 0.0), LONGEST)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        seconds = LEASE
    # S3's times are whole seconds
    return seconds + 1 - found.age


def _dead(info: dict[str, Any], runtime: Runtime) -> bool:
    """Return whether the holder was a process of this machine that has ended."""
    here, pid = runtime.machine(), info["pid"]
    return bool(here) and info["machine"] == here and isinstance(pid, int) and pid > 0 and not runtime.running(pid)


def _holder(found: StoredObject | None) -> str:
    return describe(found.body) if found and found.body != FREE else "another command"
