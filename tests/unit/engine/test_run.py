"""Common parts of both directions, while other threads change the records."""

from __future__ import annotations

import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from provisioner.aws.client import Aws
from provisioner.engine.records.references import recorded_fields
from provisioner.engine.resource import Observed, Resource
from provisioner.engine.scheduling.progress import LOOKUP_TIMEOUT, act_or_wait, refresh
from provisioner.engine.scheduling.scheduler import Until
from provisioner.resources.logs import LogGroup
from provisioner.state.model import Record
from tests.ways import way


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


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://logs"),
        ConnectTimeoutError(endpoint_url="https://logs"),
        ReadTimeoutError(endpoint_url="https://logs"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unreachable_aws_is_waited_for_and_asked_again(error: Exception) -> None:
    def unreachable() -> None:
        raise error

    wait = act_or_wait(way(), LogGroup, unreachable)
    assert wait
    assert wait.why == f"waiting for AWS to respond ({error})"
    assert (wait.timeout, wait.until, wait.retry) == (LOOKUP_TIMEOUT, Until.ANSWERED, True)


def test_what_has_no_id_yet_is_looked_for_among_all() -> None:
    asked: list[Collection[str]] = []

    @dataclass(frozen=True)
    class Asked(Aws):
        def live(
            self, resource_type: type[Resource], *, fresh: bool = False, deep: bool = False, only: Collection[str] = ()
        ) -> list[Observed]:
            asked.append(list(only))
            return []

    aws = Asked("shop", "dev", way().connection, way().inventory)
    refresh(aws, LogGroup, [Observed("one", {}), Observed("two", {})])
    refresh(aws, LogGroup, [Observed("one", {}), Observed("", {})])
    assert [sorted(only) for only in asked] == [["one", "two"], []]
