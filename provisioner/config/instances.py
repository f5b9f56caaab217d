"""Calculate how many tasks fit on an instance, and how many instances a number of tasks needs. It makes no call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

UNLIMITED = 1000
"""The most tasks of an instance type that the guide does not list: more than of any type that it lists."""
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
    # in no table of supported types: burstable types, and types older than the Nitro system
    r"|(t\d[a-z]*|[cmr][34]|c1|cc2|d2|f1|g2|h1|i2|m[12]|p2|x1|x1e)\..*"
)
"""Types without ENI trunking: the same page says so, or does not list them."""


@dataclass(frozen=True)
class Size:
    """The size of an instance type: ECS CPU units (1024 a vCPU), MiB (the system keeps a part), network interfaces.

    Attributes:
        interfaces: the most that can be attached; 0 if AWS does not say.
    """

    cpu: int
    memory: int
    interfaces: int = 0


@dataclass(frozen=True)
class Room:
    """The room for tasks on an instance, or the needs of a task: CPU units, MiB, interfaces for tasks."""

    cpu: int
    memory: int
    tasks: int = 1

    def times(self, other: Room) -> int:
        """Return how many times another room fits into this room."""
        return min(self.cpu // other.cpu, self.memory // other.memory, self.tasks // other.tasks)

    def without(self, other: Room, times: int) -> Room:
        """Return the rest of this room, without a number of times another room."""
        return Room(self.cpu - other.cpu * times, self.memory - other.memory * times, self.tasks - other.tasks * times)


Needs = Sequence[tuple[Room, int]]
"""The needs of one task, and the number of tasks of that size."""


def trunkless(name: str) -> bool:
    """Return whether an instance type has no ENI trunking, so that its own interfaces limit its tasks.

    AWS has no call to ask for it. A type that the guide does not list yet counts as a type with trunking.
    """
    return bool(_TRUNKLESS.fullmatch(name))


def interfaces(name: str, size: Size, *, trunking: bool) -> tuple[int, int]:
    """Return how many tasks, each with its interface, an instance can run: the lower and the upper estimate.

    Args:
        trunking: whether the stack turns it on; if not, the account may still have it on.
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
    """Return the room that every instance has at the least: for each parameter, the smallest of all types.

    Kernel and agent keep about 7 % of the memory of a small instance, and less of a large instance.
    """
    return Room(
        min(size.cpu for size in types.values()),
        min(size.memory * 93 // 100 for size in types.values()),
        min(interfaces(name, size, trunking=trunking)[0] for name, size in types.items()),
    )


def possibly(types: Mapping[str, Size], *, trunking: bool) -> Room:
    """Return the room that no instance exceeds: for each parameter, the largest of all types.

    Linux needs 64 bytes to describe each page of 4096 bytes, which leaves 63/64 of the memory.
    """
    return Room(
        max(size.cpu for size in types.values()),
        max(size.memory * 63 // 64 for size in types.values()),
        max(interfaces(name, size, trunking=trunking)[1] for name, size in types.items()),
    )


def least(needs: Needs, room: Room) -> int:
    """Return a lower bound of the number of instances: no placement works with fewer.

    It checks each parameter by itself: the sum of all needs; and, for each `part`, the rule that at most `part` tasks
    can share an instance if each needs more than 1/(`part` + 1) of it (Fekete and Schepers, "New classes of fast
    lower bounds for bin packing problems", 2001).
    """
    return max(
        _least([(getattr(need, parameter), number) for need, number in needs], getattr(room, parameter))
        for parameter in ("cpu", "memory", "tasks")
    )


def _least(values: Iterable[tuple[int, int]], room: int) -> int:
    values = list(values)
    bounds = [ceil(sum(value * number for value, number in values) / room)]
    for part in range(1, 16):
        # in units of 1/(part * room), so that nothing is rounded; an exact multiple of room/(part + 1) keeps its size
        scaled = sum(
            number * (value * part if value * (part + 1) % room == 0 else value * (part + 1) // room * room)
            for value, number in values
        )
        bounds.append(-(-scaled // (part * room)))
    return max(bounds)


def packed(needs: Needs, room: Room) -> int:
    """Return how many instances suffice if the largest tasks come first, each on the first instance with room.

    A task that is larger than an instance counts as a task that fills it.
    """
    left: list[Room] = []
    by_size = sorted(needs, key=lambda item: max(item[0].cpu / room.cpu, item[0].memory / room.memory), reverse=True)
    for need, number in by_size:
        for place, free in enumerate(left):
            here = min(number, max(0, free.times(need)))
            left[place], number = free.without(need, here), number - here  # noqa: PLW2901 (the rest to place)
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
    """Return the size of an instance type from its name, without a call; None for an unknown name.

    Instances of the families c, m and r have 2, 4 and 8 GiB for each vCPU (EC2 instance types guide, naming
    conventions and specifications).
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
