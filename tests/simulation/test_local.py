"""A sample of the lives of the state on this machine, and the lives that once failed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation import local
from tests.simulation.disk import Faults
from tests.simulation.local_life import Act, Life, Person, Reader, Round, Writer, drawn

SEEDS = 100
SEEN = {
    *("put", "puts", "drop", "finish", "guard", "swap", "keep", "read", "locked", "waited", "crash", "ousted"),
    *("not put", "not closed", "full", "short", "sync", "names", "readonly"),
    *("rm_lock", "rm_journal", "rm_document", "rm_directory", "rm_draft", "restore"),
}
"""Events that must occur in a sample, or the simulation proves nothing."""

ONCE_BROKEN = {
    "a command is killed before it has made its new directories durable": Life(
        "r2", (Round(), Round((Reader(),), crash_at=1))
    ),
    "an entry failed, the state was swapped, and the entry seemed to be astray": Life(
        "r24", (Round((Writer(acts=(Act("put"), Act("swap")), kill_after=4),), Faults(sync=0.1)),)
    ),
    "a guard that failed has stayed in the document": Life(
        "r321", (Round((Writer(acts=(Act("guard"),)),), Faults(full=0.05)),)
    ),
    "a reader comes between document and journal": Life(
        "r8", (Round((Writer(acts=(Act("put"),)), Reader(times=4), Reader(times=5)), Faults(slow=0.001)),)
    ),
    "a command goes on in a directory that is another's": Life(
        "r0",
        (
            Round(
                (
                    Writer(acts=(Act("finish", pause=0.004),) * 6),
                    Person(starts=0.02, deed="rm_directory"),
                    Writer(starts=0.021),
                )
            ),
        ),
    ),
    "two commands write the same draft, since a directory was deleted": Life(
        "302479",
        (
            Round(
                (
                    Person(),
                    Writer(
                        acts=(
                            Act("put", 1, 0.4),
                            Act("drop", 1, 0.4),
                            Act("drop", 0, 0.4),
                            Act("swap", 2, 0.4),
                            Act("drop", 2, 0.4),
                            Act("guard", 2, 0.4),
                        )
                    ),
                    Person(2.7231, "rm_directory"),
                    Writer(2.7231, (Act("put"),)),
                ),
                Faults(slow=0.01),
            ),
        ),
    ),
    "a command waits, and the directory that it then locks was made by another": Life(
        "611544",
        (
            Round(
                (Writer(), Writer(), Reader(0.0732, 5), Person()),
                Faults(names=0.30000000000000004, slow=0.001),
                settle=False,
            ),
            Round(
                (
                    Writer(0.3289, wait=True),
                    Writer(),
                    Reader(times=6),
                    Person(deed="rm_journal"),
                    Person(),
                    Writer(acts=(Act("put", 2, 0.4), Act("keep", 2, 0.4))),
                    Person(0.8157, "rm_directory"),
                    Writer(0.8157),
                ),
                Faults(names=0.30000000000000004, slow=0.01),
            ),
            Round((Writer(), Reader()), crash_at=31),
        ),
    ),
    "the journal was replaced before its document was durable": Life(
        "h7",
        (
            Round(),
            Round((Writer(acts=(Act("put"),), kill_after=2),), settle=False),
            Round((Writer(),), crash_after=1),
        ),
    ),
    "a swap fails after it has given a deleted journal back": Life(
        "111902390",
        (
            Round(
                (
                    Writer(),
                    Person(0.5045, "rm_journal"),
                    Writer(acts=(Act("put", 2, 0.4), Act("swap", 3), Act("put"))),
                    Person(deed="rm_directory"),
                ),
                Faults(short=0.1, read=0.1, slow=0.01),
            ),
        ),
    ),
    "a journal is deleted while a swap that fails writes a new one": Life(
        "186050485",
        (
            Round(
                (
                    Writer(),
                    Writer(acts=(Act("put"), Act("keep", 2), Act("swap", 2), Act("put", 3))),
                    Reader(times=2),
                    Person(0.0555, "rm_journal"),
                ),
                Faults(full=0.02, short=0.005, names=0.06, readonly=0.005, slow=0.001),
            ),
        ),
    ),
}


def test_a_sample_of_lives_keeps_all_promises() -> None:
    seen = Counter[str]()
    for seed in range(SEEDS):
        seen.update(local.run(seed))
    assert seen.keys() >= SEEN


def test_a_seed_decides_everything() -> None:
    for seed in range(20):
        told: list[list[str]] = [[], []]
        for lines in told:
            local.live(drawn(seed), lines.append)
        assert told[0] == told[1]


@pytest.mark.parametrize("life", ONCE_BROKEN.values(), ids=ONCE_BROKEN.keys())
def test_what_once_was_broken_holds(life: Life) -> None:
    local.live(life)
