"""`python -m benchmarks [NAME…]`: run the named benchmarks, one table after the other; by default all but `peers`."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks import commands, django, many, path, peers, rates, rehearse, size, state, strangers, walk

BENCHMARKS: Mapping[str, Callable[[], None]] = {
    "commands": commands.main,
    "many": many.main,
    "django": django.main,
    "rehearse": rehearse.main,
    "rates": rates.main,
    "state": state.main,
    "strangers": strangers.main,
    "size": size.main,
    "walk": walk.main,
    "path": path.main,
    "paths": path.many,
    "peers": peers.main,
}
OWN = [name for name in BENCHMARKS if name != "peers"]
"""The benchmarks that install nothing."""


def main(names: list[str]) -> None:
    """Print the machine, and run the benchmarks."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        sys.exit(f"there is no benchmark {', '.join(unknown)}: choose among {', '.join(BENCHMARKS)}")
    print(machine())
    for name in names or OWN:
        print(f"\n# {name}", flush=True)
        BENCHMARKS[name]()


def machine() -> str:
    """Return the machine and the versions that the numbers depend on, in one line."""
    models = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    packages = ", ".join(f"{name} {version(name)}" for name in ("boto3", "moto"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {model}; Python {platform.python_version()}, {packages}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


main(sys.argv[1:])
