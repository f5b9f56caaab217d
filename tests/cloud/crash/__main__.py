"""`make crash`: lives through all cuts on embedded clouds of its own, and prints how many points hold."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from tests.cloud.crash.life import Bench, Verdict, bench
from tests.cloud.crash.points import Life, calls, others


@dataclass
class Score:
    """How many points hold, by sort of cut and direction, and which operations were hit."""

    good: Counter[tuple[str, str]] = field(default_factory=Counter)
    all: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    operations: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    bad: list[str] = field(default_factory=list)

    def note(self, sort: str, verdict: Verdict) -> None:
        """Count one verdict."""
        key = (sort, verdict.command)
        self.all[key] += 1
        self.good[key] += not verdict.problem
        self.missed[key] += not all(verdict.hits)
        if sort == "call":
            self.operations[verdict.command].update(filter(None, verdict.hits))
        if verdict.problem:
            self.bad.append(verdict.name)

    def lines(self) -> Iterator[str]:
        """Yield the counts in words."""
        for sort, command in self.all:
            line = f"{sort:<13}{command:<6}{self.good[sort, command]}/{self.all[sort, command]} points hold"
            if sort == "call":
                line += f", {len(self.operations[command])} operations hit"
            if missed := self.missed[sort, command]:
                line += f", {missed} not reached since the command was done before"
            yield line
        if self.bad:
            yield "bad: " + "; ".join(self.bad)


def run(lives: Sequence[tuple[int, Life]], benches: Sequence[Bench], total: int) -> Score:
    """Live through all of them, on all benches at once, and tell each verdict."""
    score, telling = Score(), threading.Lock()
    free: SimpleQueue[Bench] = SimpleQueue()
    for idle in benches:
        free.put(idle)

    def one(number: int, life: Life) -> None:
        here = free.get()
        try:
            verdicts = here.live(life.up, life.down)
        finally:
            free.put(here)
        with telling:
            for verdict in verdicts:
                score.note(life.sort, verdict)
                hits = ", ".join(hit or "not reached" for hit in verdict.hits)
                print(f"{number}/{total} {verdict.name}: {'BAD' if verdict.problem else 'ok'} ({hits})", flush=True)
                if verdict.problem:
                    print(verdict.problem, flush=True)

    pool = ThreadPoolExecutor(len(benches))
    try:
        for done in [pool.submit(one, *numbered) for numbered in lives]:
            done.result()
    except KeyboardInterrupt:
        print("stopped: the lives under way end, then follow the counts so far", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    return score


def main() -> int:
    """Parse the command line and live through what it asks for; 1 if a point does not hold."""
    parser = argparse.ArgumentParser(prog="make crash ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many at once, each on a cloud of its own")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="N", help="go on with the N-th life")
    parser.add_argument("--to", type=int, metavar="N", help="stop after the N-th life")
    parser.add_argument("--others", type=int, default=8, metavar="N", help="how many lives of each other sort")
    chosen = parser.parse_args()
    # whoever ends this run, however it is asked: the clouds end with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        benches = [stack.enter_context(bench(Path(folder) / str(n))) for n in range(chosen.j)]
        with ThreadPoolExecutor(chosen.j) as pool:
            list(pool.map(Bench.learn, benches))
        writes = benches[0].writes
        print(f"undisturbed: {len(writes['up'])} writes up, {len(writes['down'])} writes down", flush=True)
        lives = list(enumerate([*calls(writes), *others(writes, chosen.others)], start=1))
        score = run(lives[chosen.first - 1 : chosen.to], benches, len(lives))
    print(*score.lines(), sep="\n")
    return int(bool(score.bad))


if __name__ == "__main__":
    sys.exit(main())
