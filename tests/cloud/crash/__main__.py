"""`make crash`: lives through all cuts on embedded clouds of its own, and prints how many points hold."""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.cloud.crash.life import Bench, PointResult, bench
from tests.cloud.crash.points import COMMANDS, THEN_DOWN, Life, Point, calls, others, paired, taken_down


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


def run(lives: Sequence[Life], benches: Sequence[Bench], score: Score) -> None:
    """Live through all of them, on all benches at once, and tell each verdict."""
    telling = threading.Lock()
    free: SimpleQueue[Bench] = SimpleQueue()
    for idle in benches:
        free.put(idle)

    def one(number: int, life: Life) -> None:
        here, began = free.get(), time.monotonic()
        try:
            verdicts = here.live(*life)
        finally:
            free.put(here)
        with telling:
            print(f"life {number}/{len(lives)}: {time.monotonic() - began:.1f} s")
            for verdict in verdicts:
                score.note(verdict)
                hits = ", ".join(hit or "not reached" for hit in verdict.hits)
                print(f"  {verdict.point.name}: {'BAD' if verdict.problem else 'ok'} ({hits})", flush=True)
                if verdict.problem:
                    print(verdict.problem, flush=True)

    pool = ThreadPoolExecutor(len(benches))
    try:
        for done in [pool.submit(one, *numbered) for numbered in enumerate(lives, start=1)]:
            done.result()
    except KeyboardInterrupt:
        print("stopped: the lives under way end, then follow the counts so far", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)


def main() -> int:
    """Parse the command line and live through the points that it chooses; return 1 if a point does not hold."""
    parser = argparse.ArgumentParser(prog="make crash ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many at once, each on a cloud of its own")
    parser.add_argument("--only", default="", metavar="REGEX", help="the points in whose name it is found")
    parser.add_argument("--others", type=int, default=14, metavar="N", help="how many points of each other sort")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keep the verdicts here; what held already is not tried again"
    )
    chosen = parser.parse_args()
    # whoever ends this run, however it is asked: the clouds end with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        benches = [stack.enter_context(bench(Path(directory) / str(n), "typical")) for n in range(chosen.j)]
        writes = benches[0].writes
        print(f"undisturbed: {len(writes['up'])} writes up, {len(writes['down'])} writes down", flush=True)
        points = [*calls(writes), *others(writes, chosen.others), *taken_down(writes)]
        score = Score([point for point in points if re.search(chosen.only, point.name)], chosen.results)
        run(list(paired(score.left())), benches, score)
    print(*score.lines(), sep="\n")
    return int(bool(score.bad()))


if __name__ == "__main__":
    sys.exit(main())
