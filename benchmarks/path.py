"""The critical path: how long `up` and `down` take where everything lasts as long as on AWS, and how long it must."""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchmarks import forced
from benchmarks.project import ROOT, Project, project
from provisioner.config import load
from provisioner.engine.step import Declared
from provisioner.facts import Facts
from provisioner.operate import declare

SCALE = 0.2
"""Real seconds for each of AWS's: a fifth, so that a life takes some minutes, and what the tool adds is still small."""
ROUND_TRIP = 30
"""Milliseconds, real ones: at this scale each call weighs as much as one of 150 ms would on AWS."""
LATEST = 5
"""How many of the things that were later than AWS forces are named."""


def main() -> None:
    """Measure one life of the sample, and compare it with what AWS forces and with other ways to walk."""
    declared = sample()
    settings = {
        "PROVISION_DURATIONS": "aws",
        "PROVISION_TIME_SCALE": str(SCALE),
        "PROVISION_ROUND_TRIP": str(ROUND_TRIP),
    }
    print(f"AWS's seconds; measured with each lasting {SCALE} s, a round trip {ROUND_TRIP} ms, {len(declared)} things")
    print(f"{'':8}{'measured':>10}{'forced':>10}{'ratio':>8}{'blocking, 10 at once':>24}{'one by one':>14}")
    with project(settings) as life:
        life.start_cloud()
        _measure(life, "up", forced.upwards(declared, blocking=False), forced.upwards(declared, blocking=True))
        _measure(life, "down", forced.downwards(declared, blocking=False), forced.downwards(declared, blocking=True))


def sample() -> Mapping[str, Declared]:
    """Return what the sample declares; the facts are made up, since the graph does not depend on them."""
    config = load(ROOT / "stack.toml", env=None, target="local")
    zones = tuple(f"{config.region}{letter}" for letter in "acd")  # as the embedded cloud offers them there
    facts = Facts("123456789012", "aws", config.region, zones, "ami-1", "Z1", ("192.0.2.1/32",), False, True, ROOT)
    return declare(config, facts).declared


def _measure(life: Project, command: str, ideal: list[forced.Node], blocking: list[forced.Node]) -> None:
    """Run the command; print how long it took and had to take, and which things were later than they had to be."""
    seconds = life.run(command, "--yes").seconds / SCALE
    least = forced.unlimited(ideal)
    others = f"{forced.limited(blocking):24.0f}{forced.sequential(blocking):14.0f}"
    print(f"{command:8}{seconds:10.0f}{least.seconds:10.0f}{seconds / least.seconds:8.3f}{others}")
    print(f"        forced: {' > '.join(least.chain())}")
    things = json.loads(life.run("timeline", "--last", command, "--json").output)["things"]
    late = {one["address"]: one["ended"] / SCALE - least.ends[one["address"]] for one in things}
    latest = sorted(late, key=lambda address: -late[address])[:LATEST]
    told = ", ".join(f"{address} {late[address]:.0f} s after {least.ends[address]:.0f} s" for address in latest)
    print(f"        furthest behind what is forced: {told}", flush=True)
