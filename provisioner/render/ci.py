"""A plan as Markdown: for the comment on a pull request, the issue about drift, and the summary of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.engine.losses import Loss
from provisioner.engine.planned import HIDDEN, HIDDEN_CHANGE, Planned, parsed
from provisioner.engine.refused import reasons
from provisioner.engine.resource import Change
from provisioner.engine.words import count
from provisioner.render.fields import thing, totals
from provisioner.render.summary import data_lost
from provisioner.render.text import visible

MOST = 65_535
"""The most characters of a comment and of an issue: GitHub refuses more than one more
(telia-oss/github-pr-resource#259)."""
ROOM = 300
"""Of these, for the sentence that says what was left out."""
ORDER = ("delete", "change", "adopt", "create")
"""What is left out last comes first."""

Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Report:
    """What a plan's JSON document says.

    Attributes:
        planned: what is not as it should be.
        unchanged: how many resources are.
    """

    stack: str
    region: str
    planned: Sequence[Planned]
    unchanged: int
    losses: Sequence[Loss]
    outages: Sequence[str]
    notes: Sequence[str]


def report(document: Mapping[str, Any]) -> Report:
    """Return what a document of `plan --json` says, less all values of variables: a comment is read by many.

    Raises:
        KeyError, TypeError, ValueError: it is no such document.
    """
    resources = document["resources"]
    return Report(
        str(document["stack"]),
        str(document["region"]),
        [_planned(one) for one in resources if one["action"] != "none"],
        sum(one["action"] == "none" and not one.get("bookkeeping") for one in resources),
        [Loss(one["what"], one["addresses"], one.get("amount", "")) for one in document.get("losses", ())],
        [str(one.get("url") or one["service"]) for one in document.get("outages") or ()],
        [str(note) for note in document.get("notes", ())],
    )


def marker(stack: str, of: str) -> str:
    """Return what a comment or an issue begins with, which nobody sees."""
    return f"<!-- provision {of} {stack} -->"


def title(found: Report) -> str:
    """Return the title of the issue about drift."""
    return f"{found.stack} is not as declared: {_counts(found)}"


def markdown(found: Report, head: str = "", run: str = "", most: int = MOST) -> str:
    """Return a plan as Markdown of at most so many characters: what matters least is left out, and counted.

    Args:
        head: the marker.
        run: where the log of the run is.
    """
    lines = [*([head] if head else []), f"### Plan of {found.stack} ({found.region}): {_counts(found)}"]
    lines += [f"**{_inline(line)}**" for line in data_lost(found.losses)]
    lines += [f"**Will not answer for a time:** {_inline(', '.join(found.outages))}"] if found.outages else []
    blocks = [*_blocks(found.planned)]
    whole = "\n".join(line for block in blocks for line in block)
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", whole)), 0)
    notes = [f"- {_inline(note)}" for note in found.notes]
    link = [f"[Log of the run]({run})"] if run else []
    room = most - ROOM - len("\n\n".join([*lines, *link])) - 2 * len(fence)
    kept, left = _fitting(blocks, room)
    if kept:
        lines.append("\n".join([fence, *kept, fence]))
    told, untold = _fitting([[note] for note in notes], room - sum(len(line) + 1 for line in kept))
    lines += ["\n".join(told)] if told else []
    if left or untold:
        lines.append(f"Left out here: {count(left, 'resource')}, {count(untold, 'note')}.")
    # names and reasons may be long themselves
    return "\n\n".join([*lines, *link])[:most]


def missing(run: str = "") -> str:
    """Return what is said where no plan could be made."""
    return f"### No plan was made\n\nThe {f'[log of the run]({run})' if run else 'log of the run'} says why."


def asked(steps: Sequence[str]) -> list[str]:
    """Return what is to be done to a pipeline's roles."""
    return [f"  + {visible(step)}" for step in steps]


def _counts(found: Report) -> str:
    return f"{totals(found.planned)}, {found.unchanged} unchanged" if found.planned else "no changes"


def _blocks(planned: Sequence[Planned]) -> Iterator[list[str]]:
    """Yield the lines of what is refused, then of each resource, the most important first."""
    for reason in reasons(planned):
        yield [f"! refused: {visible(line)}" for line in reason.text.splitlines()]
    for item in sorted((one for one in planned if one.action in ORDER), key=lambda one: ORDER.index(one.action)):
        yield [visible(line.removeprefix("  ")) for line in thing(item)]


def _fitting(blocks: Sequence[Sequence[str]], room: int) -> tuple[list[str], int]:
    """Return the lines of as many blocks as fit, and how many do not."""
    kept: list[str] = []
    for number, block in enumerate(blocks):
        room -= sum(len(line) + 1 for line in block)
        if room < 0:
            return kept, len(blocks) - number
        kept += block
    return kept, 0


def _inline(text: str) -> str:
    """Return text that means nothing in Markdown: no mention, link, picture or tag."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", visible(" ".join(text.split())))
    return escaped.replace("@", "@\u200b")


def _planned(one: Mapping[str, Any]) -> Planned:
    changes, later = (
        {name: Change(*_hidden(name, it.get("old"), it.get("new"))) for name, it in (one.get(key) or {}).items()}
        for key in ("changes", "later")
    )
    return Planned(one["address"], one["action"], one.get("step", ""), changes, one.get("why", ""), later=later)


def _hidden(field: str, old: Any, new: Any) -> tuple[Any, Any]:
    """Return both sides of a field less the values of variables; the new one says which of them change."""
    before, after = (dict(_variables(parsed(side), (field,))) for side in (old, new))
    words = {where: HIDDEN if before.get(where, value) == value else HIDDEN_CHANGE for where, value in after.items()}
    return _replaced(parsed(old), dict.fromkeys(before, HIDDEN), (field,)), _replaced(parsed(new), words, (field,))


def _variables(value: Any, where: Where) -> Iterator[tuple[Where, str]]:
    """Yield the values of variables, of containers and of builds, by where they stand."""
    match value:
        case {"name": str(name), "value": str(text)} if "environment" in where:
            yield (*where[:-1], name), text
        case dict():
            for key, item in value.items():
                if where[-1] == "build_args":
                    yield (*where, key), str(item)
                else:
                    yield from _variables(item, (*where, key))
        case list():
            for number, item in enumerate(value):
                yield from _variables(item, (*where, number))


def _replaced(value: Any, words: Mapping[Where, str], where: Where) -> Any:
    match value:
        case {"name": str(name), "value": str()} if "environment" in where:
            return {**value, "value": words[(*where[:-1], name)]}
        case dict():
            return {
                key: words.get((*where, key)) or _replaced(item, words, (*where, key)) for key, item in value.items()
            }
        case list():
            return [_replaced(item, words, (*where, number)) for number, item in enumerate(value)]
    return value
