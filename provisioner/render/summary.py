"""How a run ended, for the user: failures with their reasons, counts, and what to do next."""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from provisioner.engine.errors import ProvisionError, SomeFailed, WaitingOnUser
from provisioner.engine.events import Finished
from provisioner.engine.refused import data
from provisioner.render.progress import Progress
from provisioner.render.text import RESULTS, SYMBOLS, count, duration, say, visible

if TYPE_CHECKING:
    from provisioner.operate import Summary
    from state.model import Record

NAMED = 6
"""How many things are named that failed for one reason, or were not started for one."""


def finished(outcome: Summary, next: Sequence[str]) -> Finished:
    """Return the event that closes a run."""
    return Finished(outcome.command, outcome.ok, dict(outcome.counts), outcome.seconds, tuple(next))


def tell(outcome: Summary, progress: Progress, json: bool) -> None:
    """Say how the run ended: failures on standard error, the result on standard output unless JSON is written there.

    Raises:
        OSError: events could not be written to standard output.
    """
    say(failures(outcome, progress), sys.stderr)
    if progress.unseen is not None:
        raise progress.unseen
    if progress.finished is not None and not json:
        say(result(progress.finished))


def result(finished: Finished) -> list[str]:
    """Return the counts, the seconds, and what to do next."""
    counts = [f"{finished.counts[result]} {word}" for result, word in RESULTS.items() if finished.counts.get(result)]
    what, none = ("done", "nothing to do") if finished.ok else ("not finished", "nothing done")
    head = f"{finished.command} {what}: {', '.join(counts) or none}, in {duration(finished.seconds)}."
    return [head, *(f"  {line}" for line in finished.next)]


def failures(outcome: Summary, progress: Progress) -> list[str]:
    """Return what went wrong: each thing with its step and the reason, what was not started, what is left."""
    lines = []
    steps = {failed.address: failed.step for failed in progress.failed}
    if isinstance(outcome.error, SomeFailed):
        for (waits, reason), addresses in _alike(outcome.error.failures).items():
            what = "waits on you" if waits else "failed"
            where = ", ".join(dict.fromkeys(steps.get(address, "") for address in addresses))
            lines.append(f"{SYMBOLS['failed']} {_names(addresses)} {what}, in step {where}:")
            lines += [f"    {line}" for line in reason]
        lines += _skipped(outcome.error.skipped)
    lines += [
        f"{SYMBOLS['failed']} still there: {left.kind} {visible(left.id)}: {visible(left.why)}"
        for left in outcome.leftovers
    ]
    if outcome.error is not None:
        lines.append(f"error: {outcome.error}")
    elif outcome.leftovers:
        lines.append(f"error: {count(len(outcome.leftovers), 'thing')} of this stack still there")
    return lines


def _alike(failures: Mapping[str, BaseException]) -> dict[tuple[bool, tuple[str, ...]], list[str]]:
    """Return what failed by why: one list that cannot be read is one piece of news, whatever needs it."""
    found: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    for address, error in failures.items():
        found.setdefault((isinstance(error, WaitingOnUser), tuple(_reason(error))), []).append(address)
    return found


def _names(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - NAMED} more" if len(addresses) > NAMED else ""
    return f"{', '.join(addresses[:NAMED])}{more}"


def _reason(error: BaseException) -> list[str]:
    if isinstance(error, ProvisionError):
        return str(error).splitlines()
    if os.environ.get("PROVISION_DEBUG") == "1":
        return "".join(traceback.format_exception(error)).splitlines()
    what = f"unexpected {type(error).__name__}: {error}. This is a fault of the tool; PROVISION_DEBUG=1 shows where"
    return what.splitlines()


def _skipped(skipped: Mapping[str, str]) -> list[str]:
    lines = []
    for because, group in groupby(sorted(skipped, key=lambda address: skipped[address]), key=lambda a: skipped[a]):
        lines.append(f"  not started, since {because} is missing: {_names(list(group))}")
    return lines


def removal(records: Mapping[str, Record], protected: Sequence[str] = ()) -> list[str]:
    """Return what `down` is about to remove: how many things of which step, and what is protected from deletion."""
    counts = Counter(record.step or "(no step)" for record in records.values())
    lines = [f"  {SYMBOLS['removed']} {step}: {count(number, 'thing')}" for step, number in counts.items()]
    if lost := data(records.values()):
        lines.append(f"Data that goes with it: {', '.join(lost)}.")
    return lines + [f"  {SYMBOLS['failed']} {address} is protected: that is lifted first" for address in protected]
