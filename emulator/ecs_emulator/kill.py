"""Kills or stops a process group at a chosen call: before or after the effect of its n-th write."""

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
    """Whom to kill at which write.

    Attributes:
        pid: the process whose group dies; 0 for nobody.
        call: the number of the write, counted from 1 since this was set.
        when: whether that write has its effect; its reply is never sent to whom it kills.
        operation: the only `service:Operation` that counts, or empty for every write.
        signal: `KILL`, or `STOP` for whom it stops until somebody lets it go on.
        seen: how many writes there were so far.
        hit: the `service:Operation` at which it struck, or empty.
    """

    pid: int = 0
    call: int = 0
    when: When = "before"
    operation: str = ""
    signal: str = "KILL"
    seen: int = 0
    hit: str = ""

    def meets(self, name: str, moment: When) -> bool:
        """Strike if this is the write and the moment; whether it kills. Called at both moments of every write."""
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
    """Return what the parameters of `POST /_cloud/kill` say; without any, nobody is killed.

    Raises:
        ValueError: a parameter is no number, moment or signal, or the process leads no group of its own.
    """
    if not query:
        return Kill()
    pid, call, when = int(query.get("pid", "0")), int(query.get("call", "0")), query.get("when", "")
    if call < 1:
        raise ValueError(f"call is {call}: set it to 1 or more")
    # only whoever was started with a group of its own can be killed without bystanders, and never this cloud
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
