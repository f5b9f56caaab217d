"""An agent that is at hand: no test waits for what it takes its time for on AWS."""

from __future__ import annotations

import pytest

from ecs_emulator.sessions import channel, commands


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent begins at once, and looks more often for what is late, which nothing here depends on."""
    monkeypatch.setattr(commands, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(channel, "RESEND_SECONDS", 0.01)
    monkeypatch.setattr(channel, "LATE_SECONDS", 0.03)
