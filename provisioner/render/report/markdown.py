"""A report as Markdown: for a job's summary, the comment on a pull request, the issue about drift."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from provisioner.engine.words import count
from provisioner.render.report.content import Outcome
from provisioner.render.text import visible

if TYPE_CHECKING:
    from provisioner.render.report.content import Block, Report, Section

MOST = 65_535
"""The most characters of a comment and of an issue. GitHub's refusal names 65,536 characters; the measured limit is
262,144 bytes (dead-claudia/github-limits#13), which no text of so many characters exceeds."""
ROOM = 300
"""The part of these characters for the marker that a comment begins with."""
LONGEST = 2_000
"""The most characters of a line: a longer one is cut."""
MANY = 100
"""The most lines of a block: further ones are only counted."""
MARK = re.compile(r"<!-- provision (\S+) of (\S*): ([a-z ]+) -->")


@dataclass(frozen=True)
class Written:
    """Facts about a report, read from its text.

    Attributes:
        counts: the begin of its first line: the numbers of resources that a plan creates, changes and so on.
        text: the whole report.
    """

    command: str
    stack: str
    outcome: Outcome
    counts: str
    text: str


def read(text: str) -> Written:
    """Return the facts about a report from its own text.

    Raises:
        ValueError: the text is no report.
    """
    first, _, rest = text.partition("\n")
    found = MARK.match(rest)
    outcome = next((one for one in get_args(Outcome) if found and one == found[3]), None)
    if not found or not outcome or not first.startswith("### "):
        raise ValueError("no report")
    return Written(found[1], found[2], outcome, first.partition(": ")[2].partition("; ")[0], text)


def markdown(report: Report, most: int = MOST - ROOM) -> str:
    """Return a report of at most so many characters: the least important parts are left out and counted."""
    whole = [_cut(one) for one in report.sections]
    kept = [0] * len(whole)
    room = most - len(_text(report, whole, kept))
    for number in sorted(range(len(whole)), key=lambda one: whole[one].rank):
        around, section = _around(whole[number]), whole[number]
        for block in section.blocks:
            needed = len("\n".join(_shown(section, [block]))) + 1 + (0 if kept[number] else around)
            if needed > room:
                break
            room -= needed
            kept[number] += 1
    return _text(report, whole, kept)


def inline(text: str) -> str:
    """Return text without Markdown, except code between two ticks: no mention, link, picture or tag."""
    parts = re.split(r"`([^`]+)`", visible(" ".join(text.split())))
    return "".join(f"`{part}`" if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]<>#|!~&])", r"\\\1", text)
    # a zero-width space, so that no name follows the sign
    return escaped.replace("@", "@\u200b")


def _cut(section: Section) -> Section:
    return replace(section, blocks=[_lines(block) for block in section.blocks])


def _around(section: Section) -> int:
    """Return the most characters that a section takes without its blocks."""
    fences = 2 * max(map(_ticks, section.blocks), default=0)
    return len("\n\n".join(_section(section, [("",)]))) + 2 + fences


def _lines(block: Block) -> Block:
    some = [line if len(line) <= LONGEST else f"{line[:LONGEST]}…" for line in block[:MANY]]
    return (*some, *([f"… and {count(len(block) - MANY, 'more line')}"] if len(block) > MANY else []))


def _text(report: Report, sections: Sequence[Section], kept: Sequence[int]) -> str:
    """Return the report with so many blocks of each section."""
    parts = [f"### {inline(report.headline)}\n<!-- provision {report.command} of {report.stack}: {report.outcome} -->"]
    if report.warnings:
        parts.append("\n".join(["> [!WARNING]", *(f"> {inline(line)}  " for line in report.warnings)]))
    left: dict[str, int] = {}
    for section, number in zip(sections, kept, strict=True):
        if number < len(section.blocks):
            left[section.title] = len(section.blocks) - number
        if number:
            parts += _section(section, section.blocks[:number])
    parts += _folded("The run", [_table(report.facts)])
    if left:
        told = ", ".join(f"{number} of {section.lower()}" for section, number in left.items())
        parts.append(f"Left out, since there is no room: {told}.")
    parts += [f"[Log of the run]({report.run})"] if report.run else []
    return "\n\n".join(parts) + "\n"


def _section(section: Section, blocks: Sequence[Block]) -> Iterator[str]:
    shown = "\n".join(_shown(section, blocks))
    if not section.listed:
        fence = "`" * max(3, 1 + max(map(_ticks, blocks)))
        shown = f"{fence}diff\n{shown}\n{fence}"
    if section.folded:
        yield from _folded(f"{section.title} ({len(section.blocks)})", [shown])
    else:
        yield f"#### {section.title}"
        yield shown


def _shown(section: Section, blocks: Sequence[Block]) -> list[str]:
    """Return the lines of blocks; signs stand first, since the colours of a diff depend on them."""
    if section.listed:
        return [f"- {inline(' '.join(block))}" for block in blocks]
    return [visible(line.removeprefix("  ")) for block in blocks for line in block]


def _ticks(block: Block) -> int:
    return max((len(ticks) for line in block for ticks in re.findall("`+", line)), default=0)


def _folded(title: str, parts: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", *parts, "</details>"]


def _table(facts: Sequence[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {_escaped(visible(value))} |" for name, value in facts)])
