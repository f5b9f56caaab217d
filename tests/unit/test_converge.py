"""What is recorded of a resource while it is being made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest

from provisioner.engine.apply import Apply
from provisioner.engine.clock import Pace
from provisioner.engine.declaration import Declared
from provisioner.engine.errors import Interrupted, OutcomeUnknown, ReadInterrupted
from provisioner.resources.logs import LogGroup
from state.model import Record
from tests.ways import way


def creating(error: Exception) -> list[str]:
    """What is recorded when the call that makes a resource ends with this error."""

    def create(**_: Any) -> NoReturn:
        raise error

    said: list[str] = []
    desired = LogGroup("web", "/web", 7)

    def put(record: Record) -> None:
        said.append(record.phase)

    store = SimpleNamespace(put=put, check_lock=lambda: None, drop=lambda address: said.append("gone"), records={})
    aws = way(pace=Pace())
    aws.client("logs").meta.events.register("before-call", create)
    converge = Apply(aws, cast("Any", store), {}, lambda event: None)
    with pytest.raises(type(error)):
        converge._create(desired, Declared(desired, (), "logs"), None, "created")
    return said


def test_an_answer_that_was_lost_renews_the_record_since_the_call_may_have_waited_for_its_turn() -> None:
    assert creating(OutcomeUnknown("lost")) == ["creating", "creating"]


def test_a_call_that_was_interrupted_before_it_was_sent_leaves_no_record() -> None:
    assert creating(Interrupted("stop")) == ["creating", "gone"]


def test_a_read_that_was_interrupted_keeps_the_record_since_the_call_before_it_may_have_had_its_effect() -> None:
    assert creating(ReadInterrupted("stop")) == ["creating"]
