"""Shared reads: make a read once for all callers that need it at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from provisioner.state.runtime import Runtime


@dataclass
class SharedRead:
    """The answer to a read, shared by all callers that make the same read."""

    lock: AbstractContextManager[Any]
    known: bool = False
    value: Any = None

    def of(self, ask: Callable[[], Any]) -> Any:
        """Return the answer; the first caller makes the read. An error is not kept."""
        with self.lock:
            if not self.known:
                self.value = ask()
                self.known = True
            return self.value


class SharedReads:
    """The answers to reads made in parallel: resource types use each other's lists."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._lock = runtime, runtime.lock()
        self._answers: dict[str, SharedRead] = {}

    def once(self, what: Any, ask: Callable[[], Any]) -> Any:
        """Return the answer to a read, identified by values of JSON types; `ask` makes the read if nobody has."""
        key = json.dumps(what, sort_keys=True)
        with self._lock:
            answer = self._answers.setdefault(key, SharedRead(self._runtime.lock()))
        return answer.of(ask)

    def clear(self) -> None:
        """Forget all answers: one of them was out of date."""
        with self._lock:
            self._answers.clear()
