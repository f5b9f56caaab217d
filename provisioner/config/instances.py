"""How many tasks fit an instance, and how many instances so many tasks need: arithmetic, no call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

UNLIMITED = 1000
"""Stands for the tasks of an instance type of which the guide says nothing: more than any that it lists."""
_FIFTH = {"large": 10, "xlarge": 20, "2xlarge": 40, "4xlarge": 60, "8xlarge": 60, "9xlarge": 60, "12xlarge": 60}
_FIFTH |= {f"{size}xlarge": 120 for size in (16, 18, 24)}
_SIXTH = _FIFTH | {"8xlarge": 90, "12xlarge": 120, "32xlarge": 120, "48xlarge": 120, "metal": 120}
_TRUNKED = (
    (re.compile(r"[cmr]5(a|ad|d)?"), _FIFTH),
    (re.compile(r"[cmr]6(a|i|id|in|idn)"), _SIXTH),
)
"""Tasks with an interface each, by size, in the families whose table is the same for all (ECS developer guide,
"Increasing Amazon ECS Linux container instance network interfaces", supported instance types)."""
_TRUNKLESS = re.compile(
    r"(c5n|d3|d3en|g3|g3s|g4dn|i3|i3en|inf1|m5dn|m5n|m5zn|mac1|r5b|r5n|r5dn|u-12tb1|u-6tb1|u-9tb1|z1d)\..*"
    r"|(a1|c5|m5|r5)\.metal|(c5a|c5ad|r5)\.8xlarge|c5d\.metal|p3dn\.24xlarge|r5d\.metal"
    # in no table of supported types: burstable ones, and those before the Nitro system
    r"|(t\d[a-z]*|[cmr][34]|c1|cc2|d2|f1|g2|h1|i2|m[12]|p2|x1|x1e)\..*"
)
"""Types that the same page says, or shows by leaving them out, to have no trunk."""


@dataclass(frozen=True)
class Size:
    """What an instance type has: CPU units of ECS (1024 a vCPU), MiB of which the system keeps a part, interfaces.

    Attributes:
        interfaces: how many can be attached; 0 if AWS does not say.
    """

    cpu: int
    memory: int
    interfaces: int = 0


@dataclass(frozen=True)
class Room:
    """What an empty instance has for tasks, or what a task needs of it: CPU units, MiB, interfaces."""

    cpu: int
    memory: int
    tasks: int = 1

    def times(self, other: Room) -> int:
        """Return how often the other one fits in this one."""
        return min(self.cpu // other.cpu, self.memory // other.memory, self.tasks // other.tasks)

    def without(self, other: Room, times: int) -> Room:
        """Return what is left of this one."""
        return Room(self.cpu - other.cpu * times, self.memory - other.memory * times, self.tasks - other.tasks * times)


Needs = Sequence[tuple[Room, int]]
"""What tasks need, and how many there are of that size."""


def trunkless(name: str) -> bool:
    """Say whether an instance type has no ENI trunking, so that it runs no more tasks than it has interfaces to spare.

    AWS has no call that tells; a type that the guide does not know yet counts as one that has it.
    """
    return bool(_TRUNKLESS.fullmatch(name))


def interfaces(name: str, size: Size, *, trunking: bool) -> tuple[int, int]:
    """Return how many tasks with an interface each an instance runs: at the least, and at the most.

    Args:
        trunking: whether the account has it on; if not declared, it may be.
    """
    own = size.interfaces - 1 if size.interfaces else UNLIMITED
    if trunkless(name):
        return own, own
    family, _, suffix = name.partition(".")
    known = next((table for families, table in _TRUNKED if families.fullmatch(family)), None)
    most = known.get(suffix, UNLIMITED) if known else UNLIMITED
    least = (known or _FIFTH).get(suffix, own)
    return (least if trunking else own), most


def surely(types: Mapping[str, Size], *, trunking: bool) -> Room:
    """Return what an instance of any of the types has for tasks: each parameter by itself, as ECS counts.

    Kernel and agent keep about 7 % of the memory of a small instance, and less of a large one.
    """
    return Room(
        min(size.cpu for size in types.values()),
        min(size.memory * 93 // 100 for size in types.values()),
        min(interfaces(name, size, trunking=trunking)[0] for name, size in types.items()),
    )


def possibly(types: Mapping[str, Size], *, trunking: bool) -> Room:
    """Return what no instance of the types can have more of.

    Linux describes each page of 4096 bytes in 64 of its own, which leaves 63 of 64 parts of the memory.
    """
    return Room(
        max(size.cpu for size in types.values()),
        max(size.memory * 63 // 64 for size in types.values()),
        max(interfaces(name, size, trunking=trunking)[1] for name, size in types.items()),
    )


def least(needs: Needs, room: Room) -> int:
    """Return a number of instances with fewer of which no placement at all can do.

    Of each parameter by itself: what is needed in all; and, for each `part`, that no more than so many tasks of more
    than a `part + 1`th can share an instance (Fekete and Schepers, "New classes of fast lower bounds for bin packing
    problems", 2001).
    """
    return max(
        _least([(getattr(need, parameter), number) for need, number in needs], getattr(room, parameter))
        for parameter in ("cpu", "memory", "tasks")
    )


def _least(values: Iterable[tuple[int, int]], room: int) -> int:
    values = list(values)
    bounds = [ceil(sum(value * number for value, number in values) / room)]
    for part in range(1, 16):
        # in units of 1/(part * room), so that no fraction is rounded; what is exactly so large counts as what it is
        scaled = sum(
            number * (value * part if value * (part + 1) % room == 0 else value * (part + 1) // room * room)
            for value, number in values
        )
        bounds.append(-(-scaled // (part * room)))
    return max(bounds)


def packed(needs: Needs, room: Room) -> int:
    """Return how many instances suffice if the largest tasks come first, each to the first instance that has room.

    A task that is larger than an instance counts as one that fills it.
    """
    left: list[Room] = []
    by_size = sorted(needs, key=lambda item: max(item[0].cpu / room.cpu, item[0].memory / room.memory), reverse=True)
    for need, number in by_size:
        for place, free in enumerate(left):
            here = min(number, max(0, free.times(need)))
            left[place], number = free.without(need, here), number - here  # noqa: PLW2901 (what is left to place)
        while number > 0:
            here = min(number, max(1, room.times(need)))
            left.append(room.without(need, here))
            number -= here  # noqa: PLW2901
    return len(left)


_VCPUS = {"medium": 1, "large": 2, "xlarge": 4}
_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8}
_BURSTABLE = {"nano": 0.5, "micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
"""GiB of memory of the `t` families; up to large they have 2 vCPUs."""
_INTERFACES = {"nano": 2, "micro": 2, "medium": 2, "small": 3, "large": 3, "xlarge": 4, "2xlarge": 4}


def by_name(name: str) -> Size | None:
    """Return what an instance type has, as the names of most families tell; None if the name does not.

    Of the families c, m and r an instance has 2, 4 and 8 GiB for each vCPU (EC2 instance types guide, naming
    conventions and specifications); AWS is not asked.
    """
    family, _, size = name.partition(".")
    interfaces = _INTERFACES.get(size, 8)
    if re.fullmatch(r"t\d[a-z]*", family) and size in _BURSTABLE:
        vcpus = {"xlarge": 4, "2xlarge": 8}.get(size, 2)
        return Size(vcpus * 1024, int(_BURSTABLE[size] * 1024), interfaces)
    number = re.fullmatch(r"(\d+)xlarge", size)
    cpus = 4 * int(number[1]) if number else _VCPUS.get(size)
    if cpus is None or not re.fullmatch(r"[cmr]\d[a-z]*", family):
        return None
    return Size(cpus * 1024, cpus * _GIB_PER_VCPU[family[0]] * 1024, interfaces)
