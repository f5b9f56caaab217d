"""Records of a resource while it is being created."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest

from provisioner.aws.client import Aws
from provisioner.engine.clock import Pace
from provisioner.engine.declaration import Declared
from provisioner.engine.errors import Interrupted, OutcomeUnknown, ReadInterrupted
from provisioner.engine.execution.apply import Apply
from provisioner.engine.resource import Observed
from provisioner.resources.logs import LogGroup
from provisioner.state.model import Record, StateError
from tests.ways import way


def creating(error: Exception) -> list[str]:
    """Return the phases recorded when the create call ends with this error."""

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


def test_a_lost_answer_renews_the_record() -> None:
    assert creating(OutcomeUnknown("lost")) == ["creating", "creating"]


def test_a_call_interrupted_before_it_was_sent_leaves_no_record() -> None:
    assert creating(Interrupted("stop")) == ["creating", "gone"]


def test_an_interrupted_read_keeps_the_record() -> None:
    assert creating(ReadInterrupted("stop")) == ["creating"]


def tried_again(recorded: LogGroup, desired: LogGroup) -> tuple[str, list[Record]]:
    """Return the client token of a second try, and its records; the first try's intent is recorded."""
    said, tokens = list[Record](), list[str]()

    @dataclass(frozen=True)
    class Tokens(LogGroup):
        type_name = "tokens"

        def create(self, aws: Aws, token: str) -> Observed:
            tokens.append(token)
            return Observed("/web", self.fields())

    desired = Tokens(desired.name, desired.log_group_name, desired.retention_in_days)
    before = Record(desired.address, "log_group", "creating", "token-1", None, recorded.fields())
    store = SimpleNamespace(put=said.append, check_lock=lambda: None, records={desired.address: before})
    converge = Apply(way(pace=Pace()), cast("Any", store), {}, lambda event: None)
    converge._create(desired, Declared(desired, (), "logs"), before, "created")
    assert [record.token for record in said] == tokens * 2
    return tokens[0], said


def test_a_second_try_has_the_client_token_of_the_first() -> None:
    token, said = tried_again(LogGroup("web", "/web", 7), LogGroup("web", "/web", 7))
    assert token == "token-1"
    assert [record.phase for record in said] == ["creating", "created"]


def test_other_settings_have_a_client_token_of_their_own() -> None:
    token, _ = tried_again(LogGroup("web", "/web", 7), LogGroup("web", "/web", 14))
    assert token != "token-1"


def test_a_change_is_not_sent_unless_it_can_be_recorded() -> None:
    sent, desired = list[str](), LogGroup("web", "/web", 7)

    def put(_: Record) -> NoReturn:
        raise StateError("journal cannot be written")

    aws = way(pace=Pace())
    aws.client("logs").meta.events.register("before-call", lambda model, **_: sent.append(model.name))
    before = Record(
        desired.address, "log_group", "ready", "token-1", "/web", {**desired.fields(), "retention_in_days": 1}
    )
    store = SimpleNamespace(put=put, check_lock=lambda: None, records={desired.address: before})
    item = Declared(desired, (), "logs")
    converge = Apply(aws, cast("Any", store), {desired.address: item}, lambda event: None)
    live = Observed("/web", {**desired.fields(), "retention_in_days": 1}, outputs={"arn": "a"})
    with pytest.raises(StateError, match="cannot be written"):
        converge._change(desired, item, live)
    assert sent == []


def test_the_time_of_creation_stays_recorded() -> None:
    said, desired = list[Record](), LogGroup("web", "/web", 7)
    before = Record(desired.address, "log_group", "created", "token-1", "/web", {}, created=1000.0)
    store = SimpleNamespace(put=said.append, check_lock=lambda: None, records={desired.address: before})
    converge = Apply(way(pace=Pace()), cast("Any", store), {}, lambda event: None)
    converge._record(desired, Declared(desired, (), "logs"), Observed("/web", desired.fields()), "ready")
    assert [(record.phase, record.created) for record in said] == [("ready", 1000.0)]
