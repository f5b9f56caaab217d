"""Content of a report: the headline, then outages, losses and failures, the changes, the cost, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from provisioner.engine.events import Notice, ResourceProgress, ResourceWaiting
from provisioner.engine.words import names
from provisioner.operations.inspection.workload_names import workloads
from provisioner.render import cost, plain, rehearsal, review, summary
from provisioner.render.fields import differing, thing, totals, unchanged
from provisioner.render.redacted import without_values
from provisioner.render.tasks import Images
from provisioner.render.text import cut, date, duration, limited, roughly, visible

if TYPE_CHECKING:
    from provisioner.operations.commands.report import About, Caller
    from provisioner.operations.rehearsal.outage import PredictedOutage
    from provisioner.render.report.draft import Draft

Outcome = Literal["no changes", "changes", "refused", "done", "failed", "interrupted"]
Block = tuple[str, ...]
"""Lines that are shown together or not at all."""
WIDTH = 100
"""The columns at which lists are folded."""
FEW = 2
"""The most services whose changes are in the headline."""
LONG, BRIEF, LINE = 300, 160, 600
"""The most characters of the headline, of an error in it, and of a warning."""
MANY = 20
"""The most warnings about outages."""
ORDER = ("refused", "delete", "change", "adopt", "create")
"""The order of the single resources. The end is left out first."""


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        rank: if not everything fits, sections of a higher rank are left out first.
        folded: shown only when the reader opens it.
        listed: the blocks are sentences of a list, and not lines as they are.
    """

    title: str
    blocks: Sequence[Block]
    rank: int
    folded: bool = False
    listed: bool = False


@dataclass(frozen=True)
class Report:
    """The texts of a report, as plain text.

    Attributes:
        headline: the whole report in one line.
        warnings: the outages and the data lost.
        facts: the command, the caller, the time, and the result.
        run: the URL of the pipeline run's log; empty outside of a pipeline.
    """

    command: str
    stack: str
    outcome: Outcome
    headline: str
    warnings: Sequence[str]
    sections: Sequence[Section]
    facts: Sequence[tuple[str, str]]
    run: str


def report(draft: Draft) -> Report:
    """Return the report of a command. It contains no values of variables."""
    about = replace(draft.about, planned=without_values(draft.about.planned)) if draft.about else None
    ended = _outcome(draft)
    down, lost = _interrupted(draft), _lost(draft)
    left = [f"… and {len(down) - MANY} more"] if len(down) > MANY else []
    sections = [one for one in _sections(draft, about) if one.blocks]
    return Report(
        draft.command,
        draft.stack,
        ended,
        cut("; ".join(_headline(draft, about, ended)), LONG),
        [cut(line, LINE) for line in (*down[:MANY], *left, *lost)],
        sections,
        [*_facts(draft, about, ended)],
        draft.caller.run if draft.caller else "",
    )


def _outcome(draft: Draft) -> Outcome:
    planned = differing(draft.about.planned) if draft.about else []
    if draft.code == 130:
        return "interrupted"
    if draft.command == "plan" and not draft.error:
        refused = any(one.action == "refused" for one in planned)
        return "refused" if refused else "changes" if planned else "no changes"
    return "failed" if draft.error or draft.code else "done"


def _interrupted(draft: Draft) -> list[str]:
    """Return the predicted outages as lines; empty if there are none, or they are unknown."""
    outages = _outages(draft)
    before = ["Foreseen before the run:"] if draft.outcome else []
    return [*before, *(line.strip().removeprefix("! ") for line in rehearsal.down(outages))] if outages else []


def _lost(draft: Draft) -> list[str]:
    return summary.data_lost(draft.about.lost, "was to be" if draft.outcome else "will be") if draft.about else []


def _outages(draft: Draft) -> Sequence[PredictedOutage]:
    if draft.rehearsal:
        return draft.rehearsal.runs[0].outages
    return (draft.foreseen.outages if draft.foreseen else None) or ()


def _headline(draft: Draft, about: About | None, ended: Outcome) -> Iterator[str]:
    """Yield the parts of the headline, the most important first."""
    yield _first(draft, about, ended)
    if about is None:
        return
    outages = _outages(draft)
    if outages and not draft.outcome:
        yield f"{names([one.url or one.service for one in outages], FEW)} will be down for a time"
    if about.lost and not draft.outcome:
        yield f"{names([one.what for one in about.lost], FEW)} will be deleted"
    yield from _services(about)
    if money := cost.in_short(about.cost):
        yield money
    if (seconds := _seconds(draft, about)) and draft.outcome is None and ended != "refused":
        yield f"about {roughly(seconds)}"
    if not outages and _rehearsed(draft):
        yield "nothing is interrupted"


def _rehearsed(draft: Draft) -> bool:
    if draft.rehearsal:
        return not draft.rehearsal.runs[0].refused
    return draft.foreseen is not None and draft.foreseen.rehearsed


def _seconds(draft: Draft, about: About) -> float:
    """Return the expected seconds of the run on AWS; 0 if nothing changes or they are unknown."""
    if draft.rehearsal:
        return draft.rehearsal.runs[0].seconds
    if not differing(about.planned):
        return 0.0
    known = draft.foreseen.seconds if draft.foreseen else None
    return about.seconds if known is None else known


def _first(draft: Draft, about: About | None, ended: Outcome) -> str:
    """Return the command's result or finding."""
    of = f"{draft.command} of {limited(draft.stack, draft.target_step)}" if draft.stack else draft.command
    if draft.rehearsal:
        request, verdict = draft.rehearsal.request, rehearsal.verdict(draft.rehearsal)
        counts = totals(draft.about.planned if draft.about else ())
        return f"rehearsal of {request.command} of {draft.rehearsal.stack}: it {verdict}{counts and f': {counts}'}"
    if draft.outcome and draft.progress and draft.progress.finished:
        result = summary.result(draft.progress.finished)[0].rstrip(".").partition(": ")[2]
        why = [cut(str(draft.outcome.error), BRIEF)] if ended == "failed" and draft.outcome.error else []
        return f"{of} {ended}: {'; '.join([*why, result])}"
    if ended == "interrupted":
        return f"{of} {ended}, before it began"
    if draft.error:
        [first, *_] = draft.error.splitlines()
        return f"{of} {ended}: {cut(first, BRIEF)}"
    planned = differing(about.planned) if about else []
    return f"{of}: {totals(planned) or 'no changes'}"


def _services(about: About) -> Iterator[str]:
    """Yield the changes of the first services and jobs."""
    known = workloads(about.config, about.records)
    images = Images.of(about.config, about.planned, about.records)
    changed = [group for group in review.groups(about.planned, known) if group.workload and group.of("change")]
    for group in changed[:FEW]:
        [first, *rest] = [*review.briefly(group, images)] or [group.counts]
        yield f"{group.workload}: {first}{f' and {len(rest)} more' if rest else ''}"
    if more := len(changed) - FEW if len(changed) > FEW else 0:
        yield f"and {more} more changed"


def _sections(draft: Draft, about: About | None) -> Iterator[Section]:
    """Yield the sections in the order in which they are shown."""
    yield Section("Failures", [tuple(_failures(draft))] if _failures(draft) else [], 0)
    finished = draft.progress.finished if draft.progress else None
    yield Section("Next", [(text,) for text in finished.next] if finished else [], 0, listed=True)
    if draft.rehearsal:
        yield Section("Rehearsal", [tuple(rehearsal.lines(draft.rehearsal))], 1)
    if about:
        yield from _plan(draft, about)
    yield Section("Events", [*_events(draft)], 4, folded=True)


def _failures(draft: Draft) -> list[str]:
    if draft.outcome and draft.progress:
        return summary.failures(draft.outcome, draft.progress)
    return [f"error: {line}" if not number else line for number, line in enumerate(draft.error.splitlines())]


def _plan(draft: Draft, about: About) -> Iterator[Section]:
    """Yield the sections on changes, their cost and their time."""
    wanted = differing(about.planned)
    known = workloads(about.config, about.records)
    around = review.Around(known, Images.of(about.config, about.planned, about.records), len(about.kept), WIDTH)
    blocks = [tuple(review.of_group(group, around)) for group in review.groups(about.planned, known)]
    refused = tuple(review.refused(wanted))
    yield Section("Changes", [*([refused] if refused else []), *blocks], 1)
    money = cost.of_plan(about.cost)
    yield Section("Cost", [tuple(money)] if money else [], 1)
    seconds = _seconds(draft, about)
    told = f"About {roughly(seconds)} on AWS." if seconds and not (refused or draft.outcome) else ""
    yield Section("Time", [(told,)] if told else [], 1, listed=True)
    notes = dict.fromkeys([*about.notes, *(draft.foreseen.notes if draft.foreseen else ())])
    yield Section("Notes", [(note,) for note in notes], 2, listed=True)
    fields = sorted((one for one in wanted if one.action in ORDER), key=lambda one: ORDER.index(one.action))
    yield Section("Each resource", [tuple(thing(one)) for one in fields], 3, folded=True)


def _events(draft: Draft) -> Iterator[Block]:
    """Yield the events, without waits and without notes that another section has."""
    notes = {*draft.about.notes} if draft.about else set[str]()
    for seconds, event in draft.events:
        if isinstance(event, ResourceWaiting | ResourceProgress) or (isinstance(event, Notice) and event.text in notes):
            continue
        if text := plain.line(event):
            first, *rest = text.splitlines()
            yield (f"{first} (at {duration(seconds)})", *(f"    {line}" for line in rest))


def _facts(draft: Draft, about: About | None, ended: Outcome) -> Iterator[tuple[str, str]]:
    """Yield the facts of the run: the command, its subject, the caller, the time, and the result."""
    yield "command", f"provision {draft.command}" + (f" --target-step {draft.target_step}" if draft.target_step else "")
    where = ("AWS" if about.config.target == "aws" else "the embedded cloud") if about else ""
    if draft.stack:
        yield "stack", draft.stack + (f", on {where}" if where else "")
    if about:
        yield "account and Region", f"{about.account or 'not known'}, {about.region}"
        yield "resources", f"{totals(about.planned) or 'no changes'}, {unchanged(about.planned)} unchanged"
    if draft.caller:
        yield from _called(draft.caller)
    yield "began", date(draft.began)
    yield "took", duration(draft.seconds) + ("" if where == "AWS" else " on this machine")
    yield "ended", f"{ended}, exit code {draft.code}"


def _called(caller: Caller) -> Iterator[tuple[str, str]]:
    yield "by", visible(caller.who)
    if caller.commit:
        yield "commit", caller.commit
