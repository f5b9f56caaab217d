"""Reads at the end of a run, and reads that only explain: their failures replace no other result."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from provisioner.aws.errors import refused
from provisioner.engine.clock import Pace
from provisioner.engine.errors import Interrupted, OutcomeUnknown
from provisioner.engine.events import Event, Notice
from provisioner.engine.scheduling.progress import ask_or_empty
from provisioner.operations.planning import aws_notices
from provisioner.operations.runs import remainders
from provisioner.operations.runs.summary import Remains, timed
from provisioner.state.model import Run
from tests.ways import way

DENIED = refused({"Code": "AccessDenied", "Message": "not authorized"}, "DescribeAutoScalingGroups")
CUT_OFF = EndpointConnectionError(endpoint_url="https://nowhere")


def raising(error: Exception) -> Callable[..., NoReturn]:
    def act(*_: Any) -> NoReturn:
        raise error

    return act


@pytest.mark.parametrize("error", [DENIED, CUT_OFF, ValueError("not enough values to unpack"), KeyError("State")])
def test_what_is_only_to_be_shown_may_go_wrong_in_any_way(error: Exception) -> None:
    assert ask_or_empty(raising(error)) == ""


@pytest.mark.parametrize("error", [Interrupted("stop"), KeyboardInterrupt()])
def test_what_is_only_to_be_shown_hides_no_interrupt(error: Exception) -> None:
    with pytest.raises(type(error)):
        ask_or_empty(raising(error))


def test_a_refused_check_is_a_note_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = cast(
        "Any",
        SimpleNamespace(
            config=SimpleNamespace(services={}, public={"web": None}, https=True, names=("app",)),
            facts=SimpleNamespace(image_id="ami-1", ending=()),
            declared={},
        ),
    )
    monkeypatch.setattr(aws_notices, "deployed_by_others", lambda *_: ["somebody else deployed"])
    monkeypatch.setattr(aws_notices, "ineffective_counts", lambda *_: [])
    monkeypatch.setattr(aws_notices, "diverted", lambda *_: [])
    for name in ("left_outdated", "newest_in_use"):
        monkeypatch.setattr(aws_notices, name, raising(DENIED))
    said, outdated, newest = aws_notices.notes(way(), stack)
    assert said == "somebody else deployed"
    refusal = "DescribeAutoScalingGroups was refused: AccessDenied"
    assert outdated.startswith(f"could not check for instances of an older launch template version: {refusal}")
    assert newest.startswith(f"could not check for the newest AMI: {refusal}")


@pytest.mark.parametrize("error", [DENIED, CUT_OFF])
def test_a_run_ended_by_its_own_call_is_recorded_and_explained(error: Exception) -> None:
    kept = list[Run]()
    store = cast("Any", SimpleNamespace(finish=kept.append, records={}))

    def work() -> Remains:
        raise error

    summary = timed(Pace(), "up", None, store, work, ())
    assert [run.result for run in kept] == ["failed"]
    assert summary.exit_code == 1
    assert not isinstance(summary.error, ClientError)
    assert str(summary.error).endswith(("then run again", "Run again"))


@pytest.mark.parametrize("error", [DENIED, CUT_OFF, OutcomeUnknown("the response to DeleteLogGroup was lost")])
def test_down_goes_on_when_the_last_log_group_cannot_be_deleted(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(remainders, "remove_remade", raising(error))
    events = list[Event]()
    remainders.delete_late_log_group(way(), events.append)
    (notice,) = events
    assert isinstance(notice, Notice)
    assert notice.text.startswith("could not check whether Container Insights created its log group again: ")
