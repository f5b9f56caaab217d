"""The model of `ulimits`: limits of the operating system for the processes of a container."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from provisioner.config import validators as values
from provisioner.config.base import Model, Problem
from provisioner.config.loader import shown

Kind = Literal[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
]
"""ECS's names of limits (API reference, Ulimit, name: valid values)."""
UNLIMITED = -1
MOST_FILES = 1_048_576
"""The kernel's own limit of open files, `fs.nr_open` (proc_sys_fs(5)); a container that asks for more never starts."""

Amount = Annotated[int, values.between(UNLIMITED, 2_147_483_647, "a limit, where -1 is unlimited")]


class Ulimit(Model):
    """A limit of the operating system: a process may raise its soft limit up to the hard one."""

    soft: Amount
    """The limit that holds at first; -1 is unlimited."""
    hard: Amount
    """The highest limit that a process may set for itself; -1 is unlimited."""

    def problems(self) -> Iterator[Problem]:
        """Yield a soft limit above the hard one, which Docker refuses (go-units, ulimit)."""
        if self.hard != UNLIMITED and (self.soft == UNLIMITED or self.soft > self.hard):
            soft = "unlimited" if self.soft == UNLIMITED else self.soft
            yield "soft", f"{soft} is more than hard, which is {self.hard}: change one of them"


def both(value: Any) -> Any:
    """Return a number as a table in which it is the soft and the hard limit."""
    if type(value) is int:
        return {"soft": value, "hard": value}
    if isinstance(value, (Mapping, Ulimit)):
        return value
    raise ValueError(f"{shown(value)} is no limit: write a whole number, or a table of soft and hard")


Ulimits = Mapping[Kind, Annotated[Ulimit, BeforeValidator(both, json_schema_input_type=int | Ulimit)]]


def problems(ulimits: Mapping[Kind, Ulimit]) -> Iterator[Problem]:
    """Yield more open files than the kernel allows, which has no unlimited number of them."""
    one = ulimits.get("nofile")
    if one and not 0 <= one.soft <= one.hard <= MOST_FILES:
        yield "ulimits.nofile", f"is more than a container can have: use at most {MOST_FILES}"
