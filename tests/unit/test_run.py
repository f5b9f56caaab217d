"""What the two directions share, while other threads change the records."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from provisioner.engine.known import recorded_fields
from provisioner.resources.logs import LogGroup
from state.model import Record


def record(address: str) -> Record:
    return Record(address, LogGroup.type_name, "ready", "", address, dict.fromkeys(LogGroup.identity, address))


@pytest.fixture
def records() -> Iterator[dict[str, Record]]:
    """Records of which a thread makes and drops some all the time, as often as the interpreter lets it."""
    known = {f"log_group/{number}": record(f"log_group/{number}") for number in range(200)}
    stop, one, interval = threading.Event(), record("log_group/one"), sys.getswitchinterval()

    def change() -> None:
        while not stop.is_set():
            for number in range(400):
                known[f"log_group/more-{number}"] = one
            for number in range(400):
                known.pop(f"log_group/more-{number}")

    thread = threading.Thread(target=change)
    sys.setswitchinterval(1e-6)
    thread.start()
    yield known
    stop.set()
    thread.join()
    sys.setswitchinterval(interval)


def test_what_other_threads_record_meanwhile_disturbs_no_reading(records: dict[str, Record]) -> None:
    assert {bool(recorded_fields(records, LogGroup)) for _ in range(300)} in ({True}, {False})
