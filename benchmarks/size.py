"""Time to open and to fold a very large local state, and the memory that the process needs for it.

The records are the sample's after `up` on the embedded cloud, repeated. Each size has a process of its own.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from benchmarks.project import project
from provisioner.cli.main import GARBAGE
from provisioner.state import local
from provisioner.state.local import DOCUMENT, LocalStore
from provisioner.state.model import State

STACK = "ecs-sample-dev"
RESOURCES = (1000, 10_000, 100_000)


def main() -> None:
    """Measure states of some sizes and print one row each."""
    print(f"{'records':>10}{'document MiB':>14}{'open s':>9}{'fold s':>9}{'peak MiB':>10}")
    spawn = multiprocessing.get_context("spawn")
    with project() as sample:
        sample.start_cloud()
        sample.run("up", "--yes")
        for resources in RESOURCES:
            directory = sample.directory / str(resources)
            # filling a state needs more memory than opening it, so each has its own process
            for act in (_fill, _measure):
                child = spawn.Process(
                    target=act, args=(sample.directory / ".provision" / "local" / STACK, directory, resources)
                )
                child.start()
                child.join()


def _fill(source: Path, directory: Path, resources: int) -> None:
    records = local.read(source, STACK).records.values()
    state = State(STACK)
    for number, record in enumerate(islice(cycle(records), resources)):
        address = f"{record.address}-{number}"
        state.records[address] = replace(record, address=address)
    with LocalStore(directory, STACK, "up", "bench") as store:
        store.swap(state, "filled")


def _measure(_: Path, directory: Path, resources: int) -> None:
    gc.set_threshold(GARBAGE)  # as the program does
    store = LocalStore(directory, STACK, "up", "bench")
    began = time.perf_counter()
    store.__enter__()
    opened = time.perf_counter()
    store.drop("nothing/there")
    changed = time.perf_counter()
    store.__exit__()
    closed = time.perf_counter()
    size = (directory / DOCUMENT).stat().st_size / 2**20
    print(f"{resources:10}{size:14.1f}{opened - began:9.2f}{closed - changed:9.2f}{_peak():>10}", flush=True)


def _peak() -> str:
    """Return the most memory that this process has had, in MiB, if the system reports it."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return "?"
    return f"{int(status.partition('VmHWM:')[2].split()[0]) / 1024:.0f}"
