"""Run many lives: `python -m tests.simulation [engine|local|s3] --seeds N`. See docs/developers/simulation.md."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import Any

from tests.simulation.shrink import smallest, story

SIMULATIONS = ("engine", "traffic", "local", "s3")
BATCH = 50
"""Lives that a process lives before it reports."""


def lived(name: str, first: int, count: int) -> tuple[Counter[str], dict[int, str]]:
    """Live the lives of some seeds; return the counts of events, and the broken promises by seed."""
    simulation, seen, broken = import_module(f"tests.simulation.{name}"), Counter[str](), dict[int, str]()
    for seed in range(first, first + count):
        try:
            seen += simulation.run(seed)
        except Exception as error:  # noqa: BLE001 (any error is a finding)
            broken[seed] = f"{type(error).__name__}: {error}"
    return seen, broken


def sweep(name: str, first: int, seeds: int, jobs: int, *, stop: bool) -> tuple[Counter[str], dict[int, str], int]:
    """Live many lives in several processes; return the counts of events, the broken promises, and the number of lives.

    Args:
        stop: end at the first broken promise.
    """
    seen, broken, count = Counter[str](), dict[int, str](), 0
    with ProcessPoolExecutor(jobs) as pool:
        starts = range(first, first + seeds, BATCH)
        batches = [pool.submit(lived, name, start, min(BATCH, first + seeds - start)) for start in starts]
        for start, batch in zip(starts, batches, strict=True):
            more, wrong = batch.result()
            seen, broken, count = seen + more, broken | wrong, start + BATCH - first
            if broken and stop:
                pool.shutdown(cancel_futures=True)
                break
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{name}: {min(count, seeds)} of {seeds} lives, {len(broken)} broken")
    return seen, broken, min(count, seeds)


def report(name: str, seed: int) -> None:
    """Print the shortest life that breaks the same promise as a seed's, as a story and as a test to paste."""
    simulation: Any = import_module(f"tests.simulation.{name}")
    print(story(smallest(simulation.drawn(seed), simulation.live), simulation.live))


def seed_in(text: str) -> int:
    """Return the seed for a word of the command line: a number, or `drawn` for a random one."""
    return random.SystemRandom().randrange(10**9) if text == "drawn" else int(text)


def main() -> int:
    """Run as the command line says; return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("simulation", nargs="?", choices=SIMULATIONS, help="only this one; all of them if left out")
    parser.add_argument("--seeds", type=int, default=1000, help="how many lives of each")
    parser.add_argument("--first", type=seed_in, default=0, metavar="SEED", help="the first seed, or `drawn`: any")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--replay", type=int, metavar="SEED", help="shrink the life of this seed and tell its story")
    parser.add_argument("--stop", action="store_true", help="end at the first life that breaks a promise")
    parser.add_argument("--seen", action="store_true", help="print how often what happened")
    chosen = parser.parse_args()
    names = [chosen.simulation] if chosen.simulation else SIMULATIONS
    if chosen.replay is not None:
        report(names[0], chosen.replay)
        return 0
    failed = False
    for name in names:
        # printed first, so that the same lives can be repeated after any failure
        print(f"{name}: --first {chosen.first} --seeds {chosen.seeds}", flush=True)
        began = time.monotonic()
        seen, broken, count = sweep(name, chosen.first, chosen.seeds, chosen.jobs, stop=chosen.stop)
        seconds = time.monotonic() - began
        last = chosen.first + count - 1
        print(f"{name}: {count} lives (seeds {chosen.first} to {last}) in {seconds:.0f} s, {len(broken)} broken")
        for what, times in sorted(seen.items() if chosen.seen else ()):
            print(f"{times:9} {what}")
        for seed, why in list(broken.items())[:20]:
            print(f"  seed {seed}: {why[:160]}")
        if broken and chosen.stop:
            print(f"first broken: {min(broken) - chosen.first + 1}")
        elif broken:
            report(name, min(broken))
        failed |= bool(broken)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
