"""`--since`: the begin of the logs that are read."""

from __future__ import annotations

import pytest

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.inspection.log_reader import since

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - 90),
        ("15m", NOW - 900),
        ("1h30m", NOW - 5400),
        ("2d", NOW - 172_800),
        ("999999d", 0.0),
        ("2026-11-29T09:30:00Z", 1_795_944_600.0),
        ("2026-11-29T09:30+09:00", 1_795_912_200.0),
    ],
)
def test_spans_and_instants_are_moments(text: str, moment: float) -> None:
    assert since(text)(NOW) == moment


def test_an_instant_without_an_offset_is_of_this_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert since("2026-11-29 09:30")(NOW) == 1_795_912_200.0
        assert since("2026-11-29")(NOW) == 1_795_878_000.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text", ["", "10", "m", "10 m", "-5m", "1.5h", "yesterday", "2026-13-01", "9999999s", "0001-01-01"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ConfigurationError, match='neither a duration nor an instant: write "15m"'):
        since(text)(NOW)


def test_an_instant_that_lies_ahead_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2100-01-01 lies ahead"):
        since("2100-01-01")(NOW)
