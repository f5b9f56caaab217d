"""A sample of the lives of the state on this machine, and those that once were not survived."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation import local
from tests.simulation.hub import Violation
from tests.simulation.local_life import Act, Life, Reader, Round, Writer

SEEDS = 250
SEEN = {
    *("put", "puts", "drop", "finish", "guard", "swap", "keep", "read", "locked", "waited", "crash"),
    *("not put", "not closed", "full", "short", "sync", "readonly", "read"),
    *("rm_lock", "rm_journal", "rm_document", "rm_folder", "rm_draft", "restore"),
}
"""What has to come to pass in a sample, or the simulation shows nothing."""


def test_a_sample_of_lives_keeps_all_promises() -> None:
    seen = Counter[str]()
    for seed in range(SEEDS):
        seen.update(local.run(seed))
    assert SEEN <= seen.keys()


def test_a_seed_decides_everything() -> None:
    for seed in range(20):
        told: list[list[str]] = [[], []]
        for lines in told:
            local.live(local.drawn(seed), lines.append)
        assert told[0] == told[1]
