"""Predict the outages of a planned `up` by a rehearsal in a separate process, before the user agrees to the plan.

The process is separate because a rehearsal replaces the clock of its process by the embedded cloud's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import embedded_cloud, signals
from provisioner.operations.rehearsal.outage import PredictedOutage
from provisioner.resources.ecs.service import Service

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record

MOST = 400
"""The most resources of a stack that is rehearsed by default: it takes some seconds, and a second more for each fifty.
"""
PROGRAM = (sys.executable, "-m", "provisioner.cli.main")


@dataclass(frozen=True)
class Foreseen:
    """The prediction of a rehearsal.

    Attributes:
        outages: the predicted outages; None: unknown.
        notes: the reason why they are unknown, or other problems of the rehearsed run.
        rehearsed: whether a rehearsal was made; it is not if no outage is possible.
        seconds: the duration of the rehearsed run, by the embedded cloud's clock.
    """

    outages: Sequence[PredictedOutage] | None = None
    notes: Sequence[str] = ()
    rehearsed: bool = False
    seconds: float | None = None


def wanted(choice: bool | None, target: str) -> bool:
    """Return whether to rehearse: by the choice of the user, or else on AWS only, where users notice outages."""
    return target == "aws" if choice is None else choice


def foresee(
    options: Options, planned: Sequence[Planned], records: Mapping[str, Record], words: Collection[str] = ()
) -> Foreseen:
    """Return the outages of the planned changes. Changes that can cause none are not rehearsed.

    Args:
        words: the command's options that `rehearse` has too (`--target-step`, `--new-ami`).
    """
    actions = {item.action for item in planned} - {"none", "adopt"}
    runs = any(one.type == Service.type_name and one.phase == "ready" for one in records.values())
    if not actions or not runs:
        return Foreseen(())
    rehearse = options.command_line("rehearse", *words)
    if "refused" in actions:
        return Foreseen(None, ("not rehearsed, because changes are refused",))
    if len(records) > MOST:
        return Foreseen(None, (f"not rehearsed, because {len(records)} resources take long: {rehearse} does",))
    try:
        embedded_cloud.require()
    except ConfigurationError as error:
        return Foreseen(None, (f"outages are not known: {error}",))
    options.report("rehearsing these changes: which URLs and services would be down")
    with signals.at_once():
        ended = subprocess.run(
            [*PROGRAM, *options.words("rehearse", "--json", *words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        document = json.loads(ended.stdout)
        [run] = document["runs"]
    except (ValueError, KeyError):
        last = (ended.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return Foreseen(None, (f"outages are not known: {rehearse} failed: {last}",))
    if run["refused"]:
        return Foreseen(None, tuple(f"a rehearsal was refused: {text}" for text in run["problems"]))
    found = tuple(PredictedOutage(**one) for one in run["outages"])
    problems = tuple(f"this failed in a rehearsal: {text}" for text in run["problems"])
    return Foreseen(found, problems, rehearsed=True, seconds=run["seconds"])
