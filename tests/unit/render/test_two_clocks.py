"""The embedded cloud's clock beside this machine's, and the names of callers."""

from __future__ import annotations

import re

import pytest

from provisioner.operations.inspection.revisions import caller
from provisioner.render.text import two_clocks


def test_both_times_are_said_if_they_differ() -> None:
    [line] = two_clocks(130.0, 1_800_000_000.0)
    assert re.fullmatch(
        r"note: times are the embedded cloud's, 2 min ahead: it is \d\d:\d\d:\d\d there, and \d\d:\d\d:\d\d here", line
    )
    there, here = re.findall(r"\d\d:(\d\d):(\d\d)", line)
    assert (int(there[0]) * 60 + int(there[1]) - int(here[0]) * 60 - int(here[1])) % 3600 == 130
    assert two_clocks(59.0, 1_800_000_000.0) == []
    assert two_clocks(0.0, 1_800_000_000.0) == []


@pytest.mark.parametrize(
    ("arn", "own", "name"),
    [
        ("arn:aws:iam::123456789012:user/moto", True, "this machine"),
        ("arn:aws:iam::123456789012:user/moto", False, "moto"),
        ("arn:aws:iam::123456789012:user/team/alice", False, "alice"),
        ("arn:aws:sts::123456789012:assumed-role/deployer/GitHubActions", False, "deployer/GitHubActions"),
        ("", False, ""),
    ],
)
def test_callers_have_a_name_that_means_something(arn: str, own: bool, name: str) -> None:
    assert caller(arn, own=own) == name
