"""Write the tables of docs/accounts.md from the table of actions: `python -m provisioner.permissions.document`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from provisioner.aws.permissions import Use
from provisioner.permissions.limits import OWN_KEYS, UNLIMITED, unlimited_reads
from provisioner.permissions.table import FREE, TABLE

DOCUMENT = Path(__file__).parents[2] / "docs" / "accounts.md"
BEGIN, END = "<!-- {}, written by provisioner/permissions/document.py -->", "<!-- end of {} -->"


def written(text: str) -> str:
    """Return the document with new tables.

    Raises:
        ValueError: the marks around the tables are missing.
    """
    for what, lines in (("limits", _limits()), ("actions", _tables())):
        text = between(text, BEGIN.format(what), END.format(what), lines)
    return text


def between(text: str, first: str, last: str, lines: Iterable[str]) -> str:
    """Return a page with new lines between two marks.

    Raises:
        ValueError: the marks are missing.
    """
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"the marks are missing that the lines stand between: {first} and {last}")
    return "\n".join([before + first, *lines, last + after])


def _limits() -> Iterator[str]:
    yield from ["| action | so a caller with the policy can | because | AWS's own keys for it |", "|---|---|---|---|"]
    for (can, why), group in groupby(sorted(UNLIMITED, key=_told), key=_told):
        names = sorted(group)
        keys = sorted({f"`{key}`" for name in names for key in OWN_KEYS.get(name, ())})
        yield f"| {', '.join(f'`{name}`' for name in names)} | {can} | {why} | {', '.join(keys) or 'none'} |"
    yield from ["", "And these only read, all that there is in the Region or account:", ""]
    yield from ["| service | actions |", "|---|---|"]
    yield from _by_service(unlimited_reads())


def _told(name: str) -> tuple[str, str]:
    return UNLIMITED[name]


def named(use: Use) -> set[str]:
    """Return the actions of one use, without actions of an earlier use; implied actions come last."""
    earlier = {
        Use.LIFE: (),
        Use.OPTION: (Use.LIFE,),
        Use.OTHER: (Use.LIFE,),
        Use.IMPLIED: (Use.LIFE, Use.OPTION, Use.OTHER),
    }[use]
    before = {it.name for it in TABLE if it.use in earlier}
    return {it.name for it in TABLE if it.use is use} - before | (FREE if use is Use.LIFE else set())


def _tables() -> Iterator[str]:
    yield f"Called {Use.LIFE.value}:"
    yield from ["", "| service | actions |", "|---|---|"]
    yield from _by_service(named(Use.LIFE))
    yield from ["", f"Called besides {Use.OPTION.value}:", "", "| service | actions | option |", "|---|---|---|"]
    yield from _by_why(Use.OPTION)
    yield from ["", "Called in other cases:", "", "| service | actions | when |", "|---|---|---|"]
    yield from _by_why(Use.OTHER)
    yield from ["", "And these AWS checks at other calls, whether or not the tool ever makes them by themselves:", ""]
    yield from ["| action | because of | source |", "|---|---|---|"]
    yield from _implied()


def _by_service(names: Iterable[str]) -> Iterator[str]:
    for service, group in groupby(sorted(names), key=lambda name: name.partition(":")[0]):
        yield f"| `{service}` | {_list(name.partition(':')[2] for name in group)} |"


def _by_why(use: Use) -> Iterator[str]:
    only = named(use)
    rows = (it for it in TABLE if it.name in only and it.use in (use, Use.IMPLIED))
    ordered = sorted(rows, key=lambda it: (it.service, it.why, it.action))
    for (service, why), group in groupby(ordered, key=lambda it: (it.service, it.why)):
        yield f"| `{service}` | {_list(it.action for it in group)} | {why} |"


def _implied() -> Iterator[str]:
    only = named(Use.IMPLIED)
    rows = sorted((it for it in TABLE if it.name in only), key=lambda it: it.why)
    for (why, source), group in groupby(rows, key=lambda it: (it.why, it.source)):
        yield f"| {', '.join(dict.fromkeys(f'`{it.name}`' for it in group))} | {why} | [{_host(source)}]({source}) |"


def _host(source: str) -> str:
    """Return the file name of a page, without `.html`."""
    return source.rpartition("/")[2].removesuffix(".html")


def _list(actions: Iterable[str]) -> str:
    return ", ".join(sorted(set(actions)))


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
