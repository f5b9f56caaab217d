"""The clock of the embedded cloud while its process forks, and in the fork."""

from __future__ import annotations

import time

import pytest

from ecs_emulator.clock import SILENT, Clock


def computing(one: Clock) -> list[int]:
    """Let a client join that computes from now on, and return the numbers of the messages that it gets."""
    told = list[int]()
    client = one.join(lambda number, now, pace: told.append(number))
    one.update(client, 1, waits=False, until=None, works=False)
    return told


def test_no_client_falls_silent_while_a_process_waits_to_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    real, one = [100.0], Clock()
    monkeypatch.setattr(time, "monotonic", lambda: real[0])
    computing(one)
    with one.standing():
        real[0] += 10 * SILENT
    assert one._busy()
    real[0] += 2 * SILENT
    assert not one._busy()


def test_a_fork_has_no_clients_and_no_calls() -> None:
    one = Clock()
    one.mode = "frozen"
    computing(one)
    with one.call():
        assert one._busy()
        one.after_fork()
        assert not one._busy()
        one._calls += 1  # as the end of the call takes one off


def test_a_fork_ends_the_changes_that_were_under_way() -> None:
    one, made = Clock(), list[str]()
    one.tick = lambda: made.append("all that is due")
    one._ticking = True
    one.after_fork()
    one.settle()
    assert made == ["all that is due"]
    one.settle()
    assert len(made) == 1
