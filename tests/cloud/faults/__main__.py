"""`make faults`: one life for every operation of `up`, `plan` and `down` and every fault, that one fault and no other.

A life has one fault in each of its three commands, which are judged one by one: what `up` was met by is over and mended
before `plan` begins.
"""

from __future__ import annotations

import argparse
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
from itertools import zip_longest
from pathlib import Path
from queue import SimpleQueue

import pytest

from provisioner.cloud.refusals import REFUSALS
from tests.cloud.faults.life import COMMANDS, Bench, bench

KINDS = ("lost", "server-error", "reset", "throttle", "slow", "refusals")

Plan = tuple[str, Mapping[str, str]]
"""The kind of fault, and by command the operation that it meets."""
Operations = Mapping[str, Mapping[str, bool]]


def lives(operations: Operations, kinds: Sequence[str], writes: bool) -> Iterator[Plan]:
    """Yield what each life is met by: every operation of every command is in one life of each kind."""
    refused = {f"{rule.service}:{rule.operation}" for rule in REFUSALS}
    for kind in kinds:
        chosen = [
            [
                operation
                for operation, write in sorted(operations[command].items())
                if (write or not writes) and (kind != "refusals" or operation in refused)
            ]
            for command in COMMANDS
        ]
        for some in zip_longest(*chosen):
            yield kind, {command: name for command, name in zip(COMMANDS, some, strict=True) if name}


@dataclass(frozen=True)
class Case:
    """What came of one command under one fault: the operation that was to be met, and what was wrong."""

    kind: str
    command: str
    operation: str
    problem: str
    reached: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.command} {self.operation}"


@dataclass
class Score:
    """How many cases hold, by kind and command."""

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
            parts = (f"{c} {self.good[kind, c]}/{self.all[kind, c]}" for c in COMMANDS if self.all[kind, c])
            yield f"faults: {kind}: {', '.join(parts)} operations hold"
        if self.missed:
            yield f"not reached, since the call was not made this time: {'; '.join(self.missed)}"
        if self.bad:
            yield "bad: " + "; ".join(self.bad)


def live(here: Bench, plan: Plan) -> list[Case]:
    """Live once as planned."""
    kind, operations = plan
    life, cases = here.fresh(), []
    for command in COMMANDS:
        operation, problem = operations.get(command, ""), ""
        faults = {"scenarios": kind, "only": f"^{operation}$"} if operation else {"scenarios": ""}
        life.met.clear()
        try:
            life.go(command, faults)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 (whatever it is, the next life is lived)
            problem = str(error) or repr(error)
        if operation or problem:
            cases.append(Case(kind, command, operation, problem, operation in life.met.get(kind, ())))
        if problem and command == "up":
            # the other two commands are judged on a stack that is whole
            life = here.fresh()
            life.go("up", {"scenarios": ""})
    return cases


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
    """Parse the command line and live what it asks for; 1 if a case does not hold."""
    parser = argparse.ArgumentParser(prog="make faults ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many at once, each on a cloud of its own")
    parser.add_argument("--kind", default=",".join(KINDS), help="which faults, divided by commas")
    parser.add_argument("--writes", action="store_true", help="only operations that write")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="N", help="go on with the N-th life")
    parser.add_argument("--to", type=int, metavar="N", help="stop after the N-th life")
    chosen = parser.parse_args()
    if unknown := [kind for kind in chosen.kind.split(",") if kind not in KINDS]:
        parser.error(f"there is no fault {', '.join(unknown)}: choose among {', '.join(KINDS)}")
    # whoever ends this run, however it is asked: the clouds end with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        benches = [stack.enter_context(bench(Path(folder) / str(n))) for n in range(chosen.j)]
        with ThreadPoolExecutor(chosen.j) as pool:
            operations, *_ = pool.map(Bench.learn, benches)
        planned = list(enumerate(lives(operations, chosen.kind.split(","), chosen.writes), start=1))
        found = ", ".join(f"{sum(of.values())} of {len(of)} {command}" for command, of in operations.items())
        print(f"operations that write: {found}; {len(planned)} lives", flush=True)
        score = run(planned[chosen.first - 1 : chosen.to], len(planned), benches)
    print(*score.lines(), sep="\n")
    return int(bool(score.bad))


if __name__ == "__main__":
    sys.exit(main())
