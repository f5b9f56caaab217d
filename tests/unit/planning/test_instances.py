"""Tasks on an instance, and instances for the tasks: never too many, never too few."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.instances import (
    UNLIMITED,
    Room,
    Size,
    interfaces,
    least,
    packed,
    possibly,
    surely,
    trunkless,
)

C5 = Size(2048, 4096, 3)


@pytest.mark.parametrize("name", ["c5n.large", "m5zn.3xlarge", "i3.large", "z1d.large", "g4dn.xlarge", "p3dn.24xlarge"])
def test_types_that_the_guide_says_to_have_no_trunk(name: str) -> None:
    assert trunkless(name)


@pytest.mark.parametrize("name", ["t3.large", "t2.micro", "m4.large", "c4.xlarge", "r3.large", "x1e.xlarge"])
def test_types_that_are_in_none_of_its_tables(name: str) -> None:
    assert trunkless(name)


@pytest.mark.parametrize(
    "name", ["c5.large", "c5a.4xlarge", "m6i.metal", "r5.16xlarge", "c7i.large", "m8a.large", "p3.2xlarge"]
)
def test_types_that_have_one_or_that_it_does_not_know(name: str) -> None:
    assert not trunkless(name)


@pytest.mark.parametrize(
    ("name", "has", "trunking", "tasks"),
    [
        ("c5.large", 3, True, (10, 10)),
        ("c5.9xlarge", 8, True, (60, 60)),
        ("m5.8xlarge", 8, True, (60, 60)),
        ("m6i.8xlarge", 8, True, (90, 90)),
        ("c6in.32xlarge", 14, True, (120, 120)),
        ("c5n.large", 3, True, (2, 2)),
        ("t3.micro", 2, True, (1, 1)),
        # the account may have it on anyway
        ("c5.large", 3, False, (2, 10)),
        # unknown to the table
        ("c7i.large", 3, True, (10, UNLIMITED)),
        ("c7i.48xlarge", 15, True, (14, UNLIMITED)),
        ("c9.strange", 0, True, (UNLIMITED, UNLIMITED)),
    ],
)
def test_tasks_of_an_instance_by_their_interfaces(name: str, has: int, trunking: bool, tasks: tuple[int, int]) -> None:
    assert interfaces(name, Size(2048, 4096, has), trunking=trunking) == tasks


def test_several_types_count_with_the_least_or_the_most_of_each() -> None:
    types = {"r5.large": Size(2048, 16384, 3), "c5n.xlarge": Size(4096, 10752, 4)}
    assert surely(types, trunking=True) == Room(2048, 9999, 3)
    assert possibly(types, trunking=True) == Room(4096, 16128, 10)


@pytest.mark.parametrize(
    ("needs", "instances"),
    [
        ([], 0),
        ([(Room(1024, 512), 14)], 7),
        # two of them exceed an instance, though all of them together would fit five
        ([(Room(1100, 512), 6)], 6),
        # seven of 512 MiB fit 4032 MiB, not eight
        ([(Room(128, 512), 35)], 5),
        ([(Room(128, 512), 36)], 6),
        # ten interfaces
        ([(Room(128, 128), 51)], 6),
        ([(Room(1500, 512), 3), (Room(500, 512), 3)], 3),
    ],
)
def test_instances_that_tasks_need(needs: list[tuple[Room, int]], instances: int) -> None:
    room = possibly({"c5.large": C5}, trunking=True)
    assert (least(needs, room), packed(needs, room)) == (instances, instances)


ROOM = Room(8, 8, 3)
SIZES = st.builds(Room, st.integers(1, 8), st.integers(1, 8))


def fits(tasks: list[Room], instances: int) -> bool:
    """Return whether some placement of all tasks works with so many instances, by trying all."""
    for places in product(range(instances), repeat=len(tasks)):
        left = [ROOM] * instances
        for task, place in zip(tasks, places, strict=True):
            left[place] = left[place].without(task, 1)
        if all(one.cpu >= 0 and one.memory >= 0 and one.tasks >= 0 for one in left):
            return True
    return False


@given(tasks=st.lists(SIZES, min_size=1, max_size=5))
def test_fewer_never_do_and_as_many_as_are_said_to_be_enough_are(tasks: list[Room]) -> None:
    needs = [(task, 1) for task in tasks]
    few, enough = least(needs, ROOM), packed(needs, ROOM)
    assert few <= enough
    assert not fits(tasks, few - 1)
    assert fits(tasks, enough)


@given(size=SIZES, number=st.integers(1, 40))
def test_tasks_of_one_size_are_counted_exactly(size: Room, number: int) -> None:
    needs = [(size, number)]
    assert packed(needs, ROOM) == -(-number // ROOM.times(size))
    assert least(needs, ROOM) == packed(needs, ROOM)


def test_thousands_of_tasks_are_no_matter() -> None:
    needs = [(Room(128 + n, 128 + n), 20) for n in range(500)]
    assert packed(needs, surely({"c5.large": C5}, trunking=True)) > 1000


def test_a_task_larger_than_an_instance_counts_as_one() -> None:
    assert packed([(Room(1024, 5000), 2), (Room(128, 128), 1)], Room(2048, 3809, 10)) == 3
