"""Kill or stop a process group at a chosen call: before or after the effect of its n-th write."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

When = Literal["before", "after"]
MOMENTS: tuple[When, ...] = ("before", "after")
SIGNALS = {"KILL": signal.SIGKILL, "STOP": signal.SIGSTOP}


@dataclass
class Kill:
    """A process group to kill, and the write at which to kill it.

    Attributes:
        pid: the process whose group is killed; 0 for none.
        call: the number of the write, counted from 1 since this was set.
        when: whether it is killed before or after the write's effect; a killed process never gets the reply.
        operation: the only `service:Operation` that counts, or empty for every write.
        signal: `KILL`, or `STOP` to stop the group until somebody continues it.
        seen: the number of writes so far.
        hit: the `service:Operation` at which it was killed, or empty.
    """

    pid: int = 0
    call: int = 0
    when: When = "before"
    operation: str = ""
    signal: str = "KILL"
    seen: int = 0
    hit: str = ""

    def meets(self, name: str, moment: When) -> bool:
        """Send the signal if this is the write and the moment; return whether it kills. Called at both moments."""
        if self.operation not in ("", name):
            return False
        if moment == "before":
            self.seen += 1
        if self.hit or not self.pid or (self.seen, moment) != (self.call, self.when):
            return False
        self.hit = name
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, SIGNALS[self.signal])
        return self.signal == "KILL"


def from_query(query: Mapping[str, str]) -> Kill:
    """Return the `Kill` from the parameters of `POST /_cloud/kill`; without any, nothing is killed.

    Raises:
        ValueError: a parameter is no number, moment or signal, or the process leads no group of its own.
    """
    if not query:
        return Kill()
    pid, call, when = int(query.get("pid", "0")), int(query.get("call", "0")), query.get("when", "")
    if call < 1:
        raise ValueError(f"call is {call}: set it to 1 or more")
    # only a process with its own group can be killed without others; never this cloud
    if pid < 2 or pid == os.getpid() or not _leads(pid):
        raise ValueError(f"process {pid} does not lead a process group")
    if (how := query.get("signal", "KILL")) not in SIGNALS:
        raise ValueError(f"signal is {how!r}: choose from {', '.join(SIGNALS)}")
    for moment in MOMENTS:
        if when == moment:
            return Kill(pid, call, moment, query.get("operation", ""), how)
    raise ValueError(f"when is {when!r}: choose from {', '.join(MOMENTS)}")


def _leads(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False
