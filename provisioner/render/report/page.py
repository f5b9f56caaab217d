"""A report as a page: one file that makes no requests, readable in light, in dark and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from provisioner.render.picture.svg import STILL, element
from provisioner.render.text import visible

if TYPE_CHECKING:
    from provisioner.operations.pictures.diagram import Diagram
    from provisioner.render.report.content import Report, Section

TEMPLATE = Path(__file__).with_name("page.html")
CLASSES = {"+": "create", "-": "delete", "~": "change", "!": "failed"}
"""The class of a line, by the sign that it begins with."""


def page(report: Report, diagram: Diagram | None) -> str:
    """Return the page as a whole file.

    Args:
        diagram: the picture of the stack with its changes; None: the stack is not known.
    """
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    title = f"{report.command} of {report.stack}" if report.stack else report.command
    body = "\n".join(_body(report, diagram))
    return template.substitute(title=escape(title), headline=_prose(report.headline), body=body)


def _body(report: Report, diagram: Diagram | None) -> Iterator[str]:
    if report.warnings:
        lines = "".join(f"<p>{_prose(line)}</p>" for line in report.warnings)
        yield f'<div class="warning" role="note">{lines}</div>'
    urgent = [one for one in report.sections if not one.rank]
    for section in urgent:
        yield _section(section)
    if diagram:
        yield f'<h2>The stack</h2>\n<div class="picture">{element(diagram, STILL)}</div>'
    for section in report.sections:
        if section not in urgent:
            yield _section(section)
    yield f"<h2>The run</h2>\n{_table(report.facts)}"
    if report.run.startswith("https://"):
        yield f'<p><a href="{escape(report.run)}" rel="noreferrer">Log of the run</a></p>'


def _section(section: Section) -> str:
    title = escape(section.title)
    if section.listed:
        items = [f"<li>{_prose(' '.join(block))}</li>" for block in section.blocks]
        shown = f"<ul>{''.join(items)}</ul>"
    else:
        lines = "\n".join(_line(line) for block in section.blocks for line in block)
        shown = f"<pre>{lines}</pre>"
    if section.folded:
        return f"<details><summary>{title} ({len(section.blocks)})</summary>\n{shown}\n</details>"
    return f"<h2>{title}</h2>\n{shown}"


def _line(line: str) -> str:
    """Return a line in the colour of its sign; the sign stays in the text."""
    words = line.split(maxsplit=1)
    kind = CLASSES.get(words[0]) if words else None
    return f'<span class="{kind}">{_shown(line)}</span>' if kind else _shown(line)


def _prose(text: str) -> str:
    """Return a sentence as HTML; text between two ticks is code."""
    parts = re.split(r"`([^`]+)`", text)
    return "".join(f"<code>{_shown(part)}</code>" if number % 2 else _shown(part) for number, part in enumerate(parts))


def _shown(text: str) -> str:
    return escape(visible(text))


def _table(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{_shown(value)}</td></tr>' for name, value in facts)
    return f"<table>{rows}</table>"
