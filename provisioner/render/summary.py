"""The end of a run for the user: failures with their reasons, counts, and the next steps."""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from provisioner.engine import own_code
from provisioner.engine.error_codes import error_code
from provisioner.engine.errors import STACK, ProvisionError, SomeFailed, WaitingOnUser, Withdrawn
from provisioner.engine.events import ResourceDone, RunFinished
from provisioner.engine.planning.losses import Loss
from provisioner.engine.planning.refusals import NO_REASON, told
from provisioner.engine.words import count, names
from provisioner.render.error_families import more
from provisioner.render.progress import Progress
from provisioner.render.text import SYMBOLS, duration, sentence, tell, visible, word
from provisioner.state.counted import is_counted

if TYPE_CHECKING:
    from provisioner.operations.runs.summary import Summary
    from provisioner.state.model import Record

RESULTS = ("created", "adopted", "changed", "deleted", "retained", "not_found", "unchanged")
NAMED = 6
"""The most resources that are named for one reason of a failure or of not being started."""
FEW = 16
"""The most unfinished or kept resources that are named."""


def finished(
    outcome: Summary,
    next: Sequence[str],
    real_seconds: float | None = None,
    cost_an_hour: float | None = None,
    cost_so_far: float | None = None,
) -> RunFinished:
    """Return the event that closes a run.

    Args:
        real_seconds: the real time of a run on the embedded cloud.
        cost_an_hour: the stack's cost in an hour from now on, in US dollars.
        cost_so_far: the stack's cost until its deletion, in US dollars.
    """
    unfinished = tuple(record.address for record in outcome.unfinished)
    return RunFinished(
        outcome.command,
        outcome.ok,
        dict(outcome.counts),
        outcome.seconds,
        tuple(next),
        real_seconds,
        unfinished,
        cost_an_hour,
        cost_so_far,
    )


def report(outcome: Summary, progress: Progress, json: bool) -> None:
    """Write failures to standard error, and the result to standard output unless JSON is written there.

    Raises:
        OSError: events could not be written to standard output.
    """
    tell(failures(outcome, progress), sys.stderr)
    if progress.unseen is not None:
        raise progress.unseen
    if progress.finished is not None and not json:
        tell(result(progress.finished, progress.results))


def result(finished: RunFinished, results: Sequence[ResourceDone] = ()) -> list[str]:
    """Return the counts, the seconds, the kept resources with their reasons, and the next steps.

    Args:
        results: the result of each resource.
    """
    # unchanged resources mean nothing after a teardown
    hidden = {"unchanged"} if finished.command == "down" else set[str]()
    counts = [
        f"{number} {word(name)}" for name in RESULTS if name not in hidden and (number := finished.counts.get(name))
    ]
    if not finished.ok and finished.unfinished:
        counts.append(f"{len(finished.unfinished)} there but not finished")
    what, none = ("done", "no changes") if finished.ok else ("not finished", "no changes")
    took = duration(finished.seconds)
    if finished.real_seconds is not None:
        took += f" on AWS's clock ({duration(finished.real_seconds)} here)"
    head = f"{finished.command} {what}: {', '.join(counts) or none}, in {took}."
    begun = [] if finished.ok else unfinished(finished.unfinished)
    lines = [*_kept(results), *begun, *finished.next]
    return [head, *(f"  {line}" for line in lines)]


def by_step(outcome: Summary) -> dict[str, list[str]]:
    """Return the unfinished resources by step; empty if all went well."""
    found: dict[str, list[str]] = {}
    for record in () if outcome.ok else outcome.unfinished:
        found.setdefault(record.step, []).append(record.address)
    return found


def unfinished(addresses: Sequence[str]) -> list[str]:
    """Return the unfinished resources in a line; empty if there are none."""
    return [sentence(f"Not finished: {names(sorted(addresses), NAMED)}")] if addresses else []


def _kept(results: Sequence[ResourceDone]) -> list[str]:
    """Return the resources that a teardown has kept, a line for each reason."""
    whys: dict[str, list[str]] = {}
    for done in results:
        if done.result == "retained" and is_counted(done.address):
            whys.setdefault(done.why, []).append(done.address)
    return [
        sentence(f"Retained: {names(sorted(addresses), FEW)}" + (f": {why}" if why else ""))
        for why, addresses in sorted(whys.items())
    ]


def failures(outcome: Summary, progress: Progress) -> list[str]:
    """Return the failures: resources with their step and the reason, resources not started, and leftovers."""
    lines = []
    steps = {failed.address: failed.step for failed in progress.failed}
    if isinstance(outcome.error, SomeFailed) and not isinstance(outcome.error, Withdrawn):
        for (waits, reason), addresses in _alike(outcome.error.failures).items():
            what = "needs your action" if waits else "failed"
            where = ", ".join(dict.fromkeys(filter(None, (steps.get(address) for address in addresses))))
            lines.append(f"{SYMBOLS['failed']} {names(addresses, NAMED)} {what}{', in step ' if where else ''}{where}:")
            lines += [f"    {line}" for line in reason]
        lines += _skipped(outcome.error.skipped)
    lines += [
        f"{SYMBOLS['failed']} not deleted: {left.type_name} {visible(left.id)}"
        f"{f': {visible(left.why)}' if left.why else ''}"
        for left in outcome.leftovers
    ]
    if outcome.error is not None:
        first, *further = str(outcome.error).splitlines() or [NO_REASON]
        # the reasons of a refused plan are indented already
        lines += [f"error: {first}", *(line if line.startswith(" ") else f"    {line}" for line in further)]
    if outcome.leftovers:
        why = "" if outcome.counts or outcome.error else ", since the state has no records"
        lines.append(f"error: {count(len(outcome.leftovers), 'resource')} of this stack not deleted{why}")
    whole = outcome.error is None or isinstance(outcome.error, Withdrawn)
    return lines if outcome.error is None or whole else [*lines, *more(_codes(outcome.error))]


def _codes(error: BaseException) -> list[str]:
    """Return the families of an error: of its failed resources, if it has several."""
    several = error.failures.values() if isinstance(error, SomeFailed) else [error]
    return [error_code(one) for one in several]


def _alike(failures: Mapping[str, BaseException]) -> dict[tuple[bool, tuple[str, ...]], list[str]]:
    """Return the failed resources by reason: one unreadable list is one failure for all its resources."""
    found: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    for address, error in failures.items():
        found.setdefault((isinstance(error, WaitingOnUser), tuple(_reason(error))), []).append(address)
    return found


def _reason(error: BaseException) -> list[str]:
    if isinstance(error, ProvisionError):
        return str(error).splitlines() or [NO_REASON]
    if os.environ.get("PROVISION_DEBUG") == "1":
        return "".join(traceback.format_exception(error)).splitlines()
    return unexpected(error).splitlines()


def unexpected(error: BaseException) -> str:
    """Return the message for an unexpected error: with its line, if the user's own code raised it."""
    if where := own_code.place(error):
        return sentence(f"{where}: {own_code.told(error)}")
    what = sentence(f"unexpected {type(error).__name__}: {error}")
    return f"{what} This is a bug in provision: report it with the traceback that PROVISION_DEBUG=1 prints"


def _skipped(skipped: Mapping[str, str]) -> list[str]:
    """Return the resources that were not started, by the failed resource that all of them depend on."""
    groups: dict[str, list[str]] = {}
    for address in skipped:
        cause, passed = skipped[address], {address}
        while cause in skipped and cause not in passed:
            passed.add(cause)
            cause = skipped[cause]
        groups.setdefault(cause, []).append(address)
    return [f"  not started, because {cause} failed: {names(group, NAMED)}" for cause, group in groups.items()]


def removal(records: Mapping[str, Record], protected: Sequence[str] = (), lost: Sequence[Loss] = ()) -> list[str]:
    """Return the lines about the deletions of `down`: the resources by step, the data, and the protected ones."""
    counts = Counter(record.step or "(no step)" for record in records.values())
    lines = [f"  {SYMBOLS['deleted']} {step}: {count(number, 'resource')}" for step, number in counts.items()]
    return [*lines, *data_lost(lost)] + [
        f"  {SYMBOLS['failed']} {address} is protected; {_lifted(address)}" for address in protected
    ]


def _lifted(address: str) -> str:
    return "--unprotect deletes it all the same" if address == STACK else "its protection is disabled first"


def data_lost(lost: Sequence[Loss], going: str = "will be") -> list[str]:
    """Return the data that a run deletes, in a line; empty if there are none.

    Args:
        going: `was to be`, when the run has ended.
    """
    return [f"Data that {going} deleted: {', '.join(map(told, lost))}."] if lost else []
