"""Show the result of a rehearsal, as lines for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.engine.words import count, names
from provisioner.render.text import SYMBOLS, duration, sentence, visible

if TYPE_CHECKING:
    from provisioner.operations.rehearsal.foresight import Foreseen
    from provisioner.operations.rehearsal.outage import PredictedOutage
    from provisioner.operations.rehearsal.outcome import Rehearsal, RehearsedRun

PLANNED = {"create": "to create", "adopt": "to adopt", "change": "to change", "delete": "to delete"}
REMOVED = "deleted"
PATH = 4
"""The most resources of the critical path that are named, the longest ones."""
SHORT = 0.02
"""The least share of a run's time with which a resource is named."""


def lines(found: Rehearsal) -> list[str]:
    """Return the result: the verdict first, then time, resources, outages, calls, and assumptions."""
    run = found.runs[0]
    broken = f" with new tasks of {names(found.request.fails, 4)} that exit at once" if found.request.fails else ""
    shown = [f"Rehearsal of `{found.request.command}` of {_subject(found)}{broken}: it {verdict(found)}."]
    shown += [f"  {SYMBOLS['failed']} {visible(line)}" for text in run.problems for line in text.splitlines()]
    if not run.refused:
        shown += [_duration_line(run), *_spread(found.runs), f"{_planned_counts(found)}.", *down(run.outages)]
        shown.append(f"{count(run.calls, 'call')}, {run.writes} of them writes.")
    shown += [f"  with {other.durations} durations: {_failing(other)}" for other in found.runs[1:] if not other.passes]
    return shown + [f"note: {visible(text)}" for text in found.notes]


def verdict(found: Rehearsal) -> str:
    """Return the verdict on the run with the chosen durations, in two or three words."""
    run = found.runs[0]
    return "would succeed" if run.passes else "would be refused" if run.refused else "would fail"


def _subject(found: Rehearsal) -> str:
    return found.stack + (f", step {found.request.target_step}" if found.request.target_step else "")


def _duration_line(run: RehearsedRun) -> str:
    """Return the time that the run takes, and the longest resources of its critical path."""
    long = [one for one in run.path if one.end - one.start >= SHORT * run.seconds]
    longest = sorted(long, key=lambda one: one.start - one.end)[:PATH]
    path = ", ".join(f"{one.address} {duration(one.end - one.start)}" for one in run.path if one in longest)
    about = {"typical": "about ", "uneven": "about ", "fast": "at best ", "slow": "at worst "}.get(run.durations, "")
    return f"On AWS: {about}{duration(run.seconds)}" + (f" (critical path: {path})." if path else ".")


def _spread(runs: Sequence[RehearsedRun]) -> list[str]:
    seconds = [run.seconds for run in runs if run.passes]
    if len(seconds) < 2:
        return []
    return [f"Between {duration(min(seconds))} and {duration(max(seconds))} with fast and slow durations."]


def _planned_counts(found: Rehearsal) -> str:
    """Return the numbers of resources to create, change and so on."""
    if found.request.command == "down":
        return f"{found.runs[0].counts.get(REMOVED, 0)} to delete"
    counts = Counter[str](one.action for one in found.planned)
    return ", ".join(f"{counts[action]} {words}" for action, words in PLANNED.items() if counts[action]) or "No changes"


def down(outages: Sequence[PredictedOutage]) -> list[str]:
    """Return lines for the URLs and services that are down, or a line that none is."""
    urls = [f"{visible(one.url)} {_when(one)}" for one in outages if one.url]
    services = [f"{visible(one.service)} {_when(one)}" for one in outages if not one.url]
    shown = ["URLs that will not answer:", *(f"  {SYMBOLS['failed']} {line}" for line in urls)] if urls else []
    shown += (
        ["Services that will be down:", *(f"  {SYMBOLS['failed']} {line}" for line in services)] if services else []
    )
    return shown or ["Every URL and service will answer throughout."]


def expected(foreseen: Foreseen) -> list[str]:
    """Return the lines of `plan` and `up` about predicted outages; none if nothing was rehearsed."""
    return down(foreseen.outages or ()) if foreseen.rehearsed else []


def outages(foreseen: Foreseen) -> dict[str, Any]:
    """Return the `outages` of `plan --json`; null if they are unknown."""
    return {"outages": None if foreseen.outages is None else [asdict(one) for one in foreseen.outages]}


def words(target_step: str | None, *, new_ami: bool) -> list[str]:
    """Return the options that an `up` has and its rehearsal needs too."""
    return [*(["--target-step", target_step] if target_step else []), *(["--new-ami"] if new_ami else [])]


def _when(one: PredictedOutage) -> str:
    how_long = "permanently" if one.until is None else f"for {duration(one.until - one.since)}"
    return f"{how_long}, after {duration(one.since)} ({visible(one.why)})"


def _failing(run: RehearsedRun) -> str:
    return sentence(visible(names([text.splitlines()[0] for text in run.problems], 2)))


def document(found: Rehearsal) -> str:
    """Return the whole result as one JSON document."""
    content: dict[str, Any] = {
        "stack": found.stack,
        "command": found.request.command,
        "target_step": found.request.target_step,
        "fails": list(found.request.fails),
        "passes": found.exit_code == 0,
        "copied": found.resources,
        "plan": [one.to_dict() for one in found.planned if one.action != "none"],
        "notes": list(found.notes),
        "runs": [_run(run) for run in found.runs],
    }
    return json.dumps(content, ensure_ascii=False)


def _run(run: RehearsedRun) -> dict[str, Any]:
    return {
        "durations": run.durations,
        "passes": run.passes,
        "refused": run.refused,
        "problems": list(run.problems),
        "seconds": run.seconds,
        "critical_path": [asdict(segment) for segment in run.path],
        "counts": dict(run.counts),
        "outages": [asdict(one) for one in run.outages],
        "calls": run.calls,
        "writes": run.writes,
    }
