"""What a rehearsal tells, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.engine.refused import names
from provisioner.engine.words import count
from provisioner.render.text import SYMBOLS, duration, sentence, visible

if TYPE_CHECKING:
    from provisioner.operations.rehearsal.play import Outage, Played, Rehearsal

PLANNED = {"create": "to create", "adopt": "to adopt", "change": "to change", "delete": "to delete"}
REMOVED = "deleted"
PATH = 4
"""How many resources of the critical path are named: the longest."""
SHORT = 0.02
"""The part of a run's time below which a resource is not named for it."""


def lines(found: Rehearsal) -> list[str]:
    """Return what was found: whether it passes first, then time, resources, outages, calls, and what was assumed."""
    play = found.plays[0]
    verdict = "succeeds" if play.passes else "is refused" if play.refused else "fails"
    told = [f"Rehearsal of {found.wish.command} of {_of(found)}: {verdict}."]
    told += [f"  {SYMBOLS['failed']} {visible(line)}" for text in play.troubles for line in text.splitlines()]
    if not play.refused:
        told += [_took(play), *_spread(found.plays), f"{_todo(found)}.", *_down(play.outages)]
        told.append(f"{count(play.calls, 'call')}, {play.writes} of them writes.")
    told += [f"  with {other.durations} durations: {_failing(other)}" for other in found.plays[1:] if not other.passes]
    return told + [f"note: {visible(text)}" for text in found.notes]


def _of(found: Rehearsal) -> str:
    return found.stack + (f", step {found.wish.target_step}" if found.wish.target_step else "")


def _took(play: Played) -> str:
    """Say how long it takes, and which resources of the critical path take the most of it."""
    long = [one for one in play.path if one.end - one.start >= SHORT * play.seconds]
    longest = sorted(long, key=lambda one: one.start - one.end)[:PATH]
    path = ", ".join(f"{one.address} {duration(one.end - one.start)}" for one in play.path if one in longest)
    about = {"typical": "about ", "fast": "at best ", "slow": "at worst "}.get(play.durations, "")
    return f"On AWS: {about}{duration(play.seconds)}" + (f" (critical path: {path})." if path else ".")


def _spread(plays: Sequence[Played]) -> list[str]:
    seconds = [play.seconds for play in plays if play.passes]
    if len(seconds) < 2:
        return []
    return [f"Between {duration(min(seconds))} and {duration(max(seconds))} with fast and slow durations."]


def _todo(found: Rehearsal) -> str:
    """Say what becomes of how many resources."""
    if found.wish.command == "down":
        return f"{found.plays[0].counts.get(REMOVED, 0)} to delete"
    counts = Counter[str](one.action for one in found.planned)
    return ", ".join(f"{counts[action]} {words}" for action, words in PLANNED.items() if counts[action]) or "No changes"


def _down(outages: Sequence[Outage]) -> list[str]:
    down = [f"{visible(one.service)} {_when(one)}" for one in outages if not one.name]
    lost = [f"{visible(one.name)} to {visible(one.service)} {_when(one)}" for one in outages if one.name]
    told = ["Services that will be down:", *(f"  {SYMBOLS['failed']} {line}" for line in down)]
    if not down:
        told = ["No service will be down."]
    return told + (
        ["DNS names that will stop working:", *(f"  {SYMBOLS['failed']} {line}" for line in lost)] if lost else []
    )


def _when(one: Outage) -> str:
    how_long = "for good" if one.until is None else f"for {duration(one.until - one.since)}"
    return f"{how_long}, after {duration(one.since)} ({visible(one.why)})"


def _failing(play: Played) -> str:
    return sentence(visible(names([text.splitlines()[0] for text in play.troubles], 2)))


def document(found: Rehearsal) -> str:
    """Return everything as one JSON document."""
    told: dict[str, Any] = {
        "stack": found.stack,
        "command": found.wish.command,
        "target_step": found.wish.target_step,
        "passes": found.exit_code == 0,
        "copied": found.resources,
        "plan": [one.to_dict() for one in found.planned if one.action != "none"],
        "notes": list(found.notes),
        "plays": [_played(play) for play in found.plays],
    }
    return json.dumps(told, ensure_ascii=False)


def _played(play: Played) -> dict[str, Any]:
    return {
        "durations": play.durations,
        "passes": play.passes,
        "refused": play.refused,
        "troubles": list(play.troubles),
        "seconds": play.seconds,
        "critical_path": [asdict(segment) for segment in play.path],
        "counts": dict(play.counts),
        "outages": [asdict(one) for one in play.outages],
        "calls": play.calls,
        "writes": play.writes,
    }
