"""An agent without delays: no test waits for the times that it takes on AWS."""

from __future__ import annotations

import pytest

from ecs_emulator.sessions import channel, commands


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the agent begin at once, and check more often for late messages, which no test here depends on."""
    monkeypatch.setattr(commands, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(channel, "RESEND_SECONDS", 0.01)
    monkeypatch.setattr(channel, "LATE_SECONDS", 0.03)
