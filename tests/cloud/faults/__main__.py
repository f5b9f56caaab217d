"""`make faults`: every operation of `up`, `plan` and `down` under every fault, by itself and while all lists lag.

A life has one fault at a few operations in each of its three commands, which are judged one by one: what `up` was met
by is over and mended before `plan` begins. If a command does not hold, its operations are tried one at a time.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import pytest

from ecs_emulator.refusals import REFUSALS
from tests.cloud.faults.life import COMMANDS, Bench, Life, bench

ALONE = ("lost", "server-error", "reset", "throttle", "slow", "refusals")
KINDS = (*ALONE, *(f"lag+{kind}" for kind in ALONE))
TOGETHER = 4
"""The number of a command's operations that are met in one life, unless told otherwise."""

Plan = tuple[str, Mapping[str, Sequence[str]]]
"""The kind of fault, and by command the operations that it meets."""
Operations = Mapping[str, Mapping[str, bool]]


def lives(operations: Operations, kinds: Sequence[str], writes: bool, together: int) -> Iterator[Plan]:
    """Yield the plan of each life, so that every operation of every command is in one life of each kind.

    The operations of one life are far from each other in the order in which they are called.
    """
    refused = {f"{rule.service}:{rule.operation}" for rule in REFUSALS}
    for kind in kinds:
        chosen = [
            [
                operation
                for operation, write in operations[command].items()
                if (write or not writes) and (fault_of(kind) != "refusals" or operation in refused)
            ]
            for command in COMMANDS
        ]
        count = math.ceil(max(map(len, chosen)) / together)
        for number in range(count):
            yield kind, {command: of[number::count] for command, of in zip(COMMANDS, chosen, strict=True)}


def fault_of(kind: str) -> str:
    """Return the fault of a kind, which may come together with lag."""
    return kind.rpartition("+")[2]


@dataclass(frozen=True)
class Case:
    """The result of one command under one fault: the operation to be met, and the problem."""

    kind: str
    command: str
    operation: str
    problem: str
    reached: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.command} {self.operation}"


@dataclass
class Score:
    """The number of cases that hold, by kind and command."""

    good: Counter[tuple[str, str]] = field(default_factory=Counter)
    all: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)

    def note(self, case: Case) -> None:
        """Count one case."""
        self.all[case.kind, case.command] += 1
        self.good[case.kind, case.command] += not case.problem
        self.bad += [str(case)] if case.problem else []
        self.missed += [] if case.reached or case.problem else [str(case)]

    def lines(self) -> Iterator[str]:
        """Yield the counts in words."""
        for kind in dict.fromkeys(kind for kind, _ in self.all):
            parts = [f"{c} {self.good[kind, c]}/{self.all[kind, c]}" for c in COMMANDS if self.all[kind, c]]
            yield f"faults: {kind}: {', '.join(parts)} operations hold"
        if self.missed:
            yield f"not reached, since the call was not made this time: {'; '.join(self.missed)}"
        if self.bad:
            yield "bad: " + "; ".join(self.bad)


def live(here: Bench, plan: Plan) -> list[Case]:
    """Live once as planned, and once more for each operation of a command that does not hold."""
    kind, operations = plan
    life, cases = here.fresh(), []
    for command in COMMANDS:
        chosen = operations[command]
        tried = go(life, kind, command, chosen)
        if not any(case.problem for case in tried):
            cases += tried
            continue
        cases += one_by_one(here, kind, command, chosen, tried) if len(chosen) > 1 else tried
        if command != "down":
            # the next command is judged on a stack that is whole
            life = risen(here)
    return cases


def go(life: Life, kind: str, command: str, chosen: Sequence[str]) -> list[Case]:
    """Run one command of a life under a fault at these operations."""
    only = f"^({'|'.join(chosen)})$"
    faults = {"scenarios": kind.replace("+", ","), "only": only} if chosen else {"scenarios": ""}
    life.met.clear()
    problem = ""
    try:
        life.go(command, faults)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 (whatever it is, the next life is lived)
        problem = str(error) or repr(error)
    met = life.met.get(fault_of(kind), ())
    nothing = [Case(kind, command, "", problem, reached=True)] if problem else []
    return [Case(kind, command, operation, problem, operation in met) for operation in chosen] or nothing


def one_by_one(here: Bench, kind: str, command: str, chosen: Sequence[str], tried: list[Case]) -> list[Case]:
    """Try each operation by itself; if none does harm alone, the former cases count."""
    found = [
        case
        for operation in chosen
        for case in go(here.fresh() if command == "up" else risen(here), kind, command, [operation])
    ]
    return found if any(case.problem for case in found) else tried


def risen(here: Bench) -> Life:
    """Return a life whose stack is up."""
    life = here.fresh()
    life.go("up", {"scenarios": ""})
    return life


def run(planned: Sequence[tuple[int, Plan]], total: int, benches: Sequence[Bench]) -> Score:
    """Live all lives, on all benches at once, and tell each case."""
    score, telling = Score(), threading.Lock()
    free: SimpleQueue[Bench] = SimpleQueue()
    for idle in benches:
        free.put(idle)

    def one(number: int, plan: Plan) -> None:
        here, began = free.get(), time.monotonic()
        try:
            cases = live(here, plan)
        finally:
            free.put(here)
        with telling:
            for case in cases:
                score.note(case)
            told = "; ".join(f"{case}: {case.problem or 'ok'}" for case in cases)
            print(f"{number}/{total} ({time.monotonic() - began:.1f} s) {told}", flush=True)

    pool = ThreadPoolExecutor(len(benches))
    try:
        for done in [pool.submit(one, *numbered) for numbered in planned]:
            done.result()
    except KeyboardInterrupt:
        print("stopped: the lives under way end, then follow the counts so far", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    return score


def main() -> int:
    """Parse the command line and live the lives that it chooses; return 1 if a case does not hold."""
    parser = argparse.ArgumentParser(prog="make faults ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many at once, each on a cloud of its own")
    parser.add_argument("--kind", default=",".join(KINDS), help="which faults, divided by commas")
    parser.add_argument(
        "--together", type=int, default=TOGETHER, metavar="N", help="how many operations of a command in one life"
    )
    parser.add_argument("--writes", action="store_true", help="only operations that write")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="N", help="go on with the N-th life")
    parser.add_argument("--to", type=int, metavar="N", help="stop after the N-th life")
    chosen = parser.parse_args()
    if unknown := [kind for kind in chosen.kind.split(",") if kind not in KINDS]:
        parser.error(f"there is no fault {', '.join(unknown)}: choose from {', '.join(KINDS)}")
    # whoever ends this run, however it is asked: the clouds end with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        benches = [stack.enter_context(bench(Path(directory) / str(n), "typical")) for n in range(chosen.j)]
        with ThreadPoolExecutor(chosen.j) as pool:
            operations, *_ = pool.map(Bench.learn, benches)
        planned = list(enumerate(lives(operations, chosen.kind.split(","), chosen.writes, chosen.together), start=1))
        found = ", ".join(f"{sum(of.values())} of {len(of)} {command}" for command, of in operations.items())
        print(f"operations that write: {found}; {len(planned)} lives", flush=True)
        score = run(planned[chosen.first - 1 : chosen.to], len(planned), benches)
    print(*score.lines(), sep="\n")
    return int(bool(score.bad))


if __name__ == "__main__":
    sys.exit(main())
