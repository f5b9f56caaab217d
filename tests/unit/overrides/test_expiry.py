"""Expiry of a stack: the meaning of a span, the record in the state, and the messages about it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.overrides import expiration
from provisioner.state.model import Record

NOW = 1_764_400_000.0
OTHER = Record("vpc/main", "vpc", "ready", "")


def records(until: Any = None) -> dict[str, Record]:
    """The records of a stack, with that date if there is one."""
    return expiration.dated({OTHER.address: OTHER}, until)


def test_a_span_counts_from_now_and_without_one_the_date_stays() -> None:
    before = records(int(NOW) + 60)
    assert expiration.wanted(before, "1h30m", NOW) == NOW + 5400
    assert expiration.wanted(before, None, NOW) == NOW + 60
    assert expiration.wanted(before, "never", NOW) is None
    assert expiration.wanted(records(), None, NOW) is None


@pytest.mark.parametrize("text", ["0s", "366d", "999999d", "8", "tomorrow", ""])
def test_what_is_no_span_of_a_year_at_most_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--expires"):
        expiration.seconds(text)


@pytest.mark.parametrize("until", [None, "soon", -1, 10**15, 1.5, [], True])
def test_a_date_that_makes_no_sense_is_none(until: Any) -> None:
    there = {expiration.ADDRESS: Record(expiration.ADDRESS, "expiring_stack", "ready", "", arguments={"until": until})}
    assert expiration.recorded(there) is None
    with pytest.raises(expiration.NotExpired):
        expiration.check_over(there, NOW)


def test_only_what_is_over_may_go() -> None:
    with pytest.raises(expiration.NotExpired, match="has no date"):
        expiration.check_over(records(), NOW)
    with pytest.raises(expiration.NotExpired, match="is wanted until 2025-11-29 07:07 UTC"):
        expiration.check_over(records(int(NOW) + 60), NOW)
    expiration.check_over(records(int(NOW)), NOW)


@pytest.mark.parametrize(
    ("before", "text", "said"),
    [
        (None, None, []),
        (None, "never", []),
        (60, "never", ["no date any more: it was wanted until 2025-11-29 07:07 UTC"]),
        (None, "1h", ["is wanted until 2025-11-29 08:06 UTC: `provision down --expired` deletes it after that"]),
        (60, "1h", ["until 2025-11-29 08:06 UTC instead of 2025-11-29 07:07 UTC: "]),
        (60, None, ["until 2025-11-29 07:07 UTC; `up` keeps that date, and --expires extends it"]),
        (-60, None, ["expired at 2025-11-29 07:05 UTC: `down --expired` deletes it; `up` keeps that date"]),
    ],
)
def test_up_says_what_becomes_of_the_date(before: int | None, text: str | None, said: list[str]) -> None:
    there = records(None if before is None else int(NOW) + before)
    told = expiration.changed(there, expiration.wanted(there, text, NOW), text, NOW)
    assert len(told) == len(said)
    assert all(words in one for words, one in zip(said, told, strict=True)), told


def test_for_programs_it_is_a_date_and_whether_it_is_over() -> None:
    assert expiration.document(None, NOW) == {"expires": None, "expired": False}
    assert expiration.document(int(NOW) + 1, NOW) == {"expires": "2025-11-29T07:06:41+00:00", "expired": False}
    assert expiration.document(int(NOW), NOW)["expired"] is True
