"""`make crash`: lets all cuts come on embedded clouds of its own, and prints how many points hold."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.cloud.crash.branches import begin
from tests.cloud.crash.forked import Trunk, fresh
from tests.cloud.crash.life import Bench, PointResult, bench, undisturbed
from tests.cloud.crash.points import COMMANDS, THEN_DOWN, Life, Point, Writes, calls, others, paired, taken_down
from tests.cloud.crash.pool import Pool

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (a directory is made there)
"""A directory in memory, if there is one: a kill loses nothing that was written, so no disk is needed to wait for."""
STOPPED = "stopped: what is under way ends, then follow the counts so far"


@dataclass
class Score:
    """The verdict on each point, by its name; kept in a file if there is one, where a point's last line counts."""

    points: Sequence[Point]
    file: Path | None = None
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.file and self.file.exists():
            for line in self.file.read_text().splitlines():
                self._take(json.loads(line))

    def note(self, verdict: PointResult) -> None:
        """Keep one verdict."""
        entry = {"point": verdict.point.name, "hits": list(verdict.hits), "problem": verdict.problem}
        self._take(entry)
        if self.file:
            with self.file.open("a") as file:
                file.write(json.dumps(entry) + "\n")

    def _take(self, entry: dict[str, Any]) -> None:
        self.known[entry["point"]] = entry

    def left(self) -> list[Point]:
        """The points that were not judged yet, or did not hold."""
        return [point for point in self.points if self.known.get(point.name, {"problem": "unknown"})["problem"]]

    def bad(self) -> list[str]:
        """The points that did not hold."""
        return [point.name for point in self.points if self.known.get(point.name, {}).get("problem")]

    def lines(self) -> Iterator[str]:
        """Yield the counts in words: of calls, then of all else, then by sort; last of `up` with `down` after it."""
        for names in (
            ("call",),
            tuple(dict.fromkeys(p.sort for p in self.points if p.sort not in {"call", THEN_DOWN})),
        ):
            word = "calls" if names == ("call",) else "others"
            yield f"{word}: " + ", ".join(f"{command} {self._count(command, *names)}" for command in COMMANDS)
            if word == "others":
                for name in names:
                    yield f"  {name}: " + ", ".join(f"{command} {self._count(command, name)}" for command in COMMANDS)
        yield f"up, {THEN_DOWN}: {self._count('up', THEN_DOWN)}"
        missed = [name for name in (p.name for p in self.points) if not all(self.known.get(name, {}).get("hits", "x"))]
        if missed:
            yield f"{len(missed)} not reached, since the command was done before: {'; '.join(missed)}"
        if bad := self.bad():
            yield "bad: " + "; ".join(bad)

    def _count(self, command: str, *sorts: str) -> str:
        points = [p.name for p in self.points if p.command == command and p.sort in sorts]
        good = sum(name in self.known and not self.known[name]["problem"] for name in points)
        return f"{good}/{len(points)}"


class Telling:
    """Prints each verdict and keeps it, from any thread."""

    def __init__(self, score: Score, count: int) -> None:
        self._score, self._count, self._number = score, count, itertools.count(1)
        self._lock, self._began = threading.Lock(), time.monotonic()

    def __call__(self, verdict: PointResult) -> None:
        """Tell one verdict."""
        with self._lock:
            self._score.note(verdict)
            hits = ", ".join(hit or "not reached" for hit in verdict.hits)
            at = f"{next(self._number)}/{self._count}, {time.monotonic() - self._began:.1f} s"
            print(f"{at}: {verdict.point.name}: {'BAD' if verdict.problem else 'ok'} ({hits})", flush=True)
            if verdict.problem:
                print(verdict.problem, flush=True)


def by_processes(lives: Sequence[Life], benches: Sequence[Bench], tell: Callable[[PointResult], None]) -> None:
    """Live through all of them with every command as a process, on all benches at once."""
    free: SimpleQueue[Bench] = SimpleQueue()
    for idle in benches:
        free.put(idle)

    def one(life: Life) -> None:
        here = free.get()
        try:
            verdicts = here.live(*life)
        finally:
            free.put(here)
        for verdict in verdicts:
            tell(verdict)

    pool = ThreadPoolExecutor(len(benches))
    try:
        for done in [pool.submit(one, life) for life in lives]:
            done.result()
    except KeyboardInterrupt:
        print(STOPPED, flush=True)
    finally:
        pool.shutdown(cancel_futures=True)


def by_forks(points: Sequence[Point], trunk: Trunk) -> None:
    """Let all of them branch off from one undisturbed life."""
    try:
        trunk.live(points)
    except KeyboardInterrupt:
        print(STOPPED, flush=True)
        trunk.stop()


def main() -> int:
    """Parse the command line and try the points that it chooses; return 1 if one does not hold or was not tried."""
    parser = argparse.ArgumentParser(prog="make crash ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many points at once")
    parser.add_argument("--only", default="", metavar="REGEX", help="the points in whose name it is found")
    parser.add_argument("--others", type=int, default=14, metavar="N", help="how many points of each other sort")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keep the verdicts here; what held already is not tried again"
    )
    chosen = parser.parse_args()
    # whoever ends this run, however it is asked: the clouds and forks end with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def scored(writes: Writes) -> Score:
        print(f"undisturbed: {len(writes['up'])} writes up, {len(writes['down'])} writes down", flush=True)
        points = [*calls(writes), *others(writes, chosen.others), *taken_down(writes)]
        return Score([point for point in points if re.search(chosen.only, point.name)], chosen.results)

    with tempfile.TemporaryDirectory(dir=MEMORY) as directory, ExitStack() as stack:
        if "NO_WORLD" in os.environ:
            benches = [stack.enter_context(bench(Path(directory) / str(n), "typical")) for n in range(chosen.j)]
            score = scored(benches[0].known.writes)
            left = score.left()
            by_processes(list(paired(left)), benches, Telling(score, len(left)))
        else:
            pool = stack.enter_context(closing(Pool(chosen.j)))
            begin()
            known = undisturbed(fresh(Path(directory) / "undisturbed", "typical"))
            score = scored(known.writes)
            left = score.left()
            project = stack.enter_context(closing(fresh(Path(directory) / "trunk", "typical")))
            by_forks(left, Trunk(project, known, pool, Telling(score, len(left))))
    print(*score.lines(), sep="\n")
    return int(bool(score.left()))


if __name__ == "__main__":
    sys.exit(main())
