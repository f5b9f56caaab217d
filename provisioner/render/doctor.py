"""What `doctor` found: one line a check, a summary, and how far it is while it works."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from provisioner.engine.events import Checked, Emit, Event
from provisioner.engine.words import count
from provisioner.render.text import SYMBOLS, on_terminal, table, visible


def lines(found: Sequence[Checked]) -> list[str]:
    """Return one line a check: the verdict, what was looked at, what was found, and what to do."""
    return table((f"{SYMBOLS[one.verdict]} {one.verdict}", one.check, explained(one)) for one in found)


def explained(one: Checked) -> str:
    """Return what was found and what to do, in one line."""
    return " ".join(f"{one.text}: {one.fix}".split()) if one.fix else one.text


def after(found: Sequence[Checked], command_line: Callable[..., str]) -> list[str]:
    """Return the counts, and what to do next."""
    counts = Counter(one.verdict for one in found)
    parts = [f"{counts['ok']} ok"]
    parts += [count(counts["warning"], "warning")] if counts["warning"] else []
    parts += [f"{counts[verdict]} {verdict}" for verdict in ("failed", "unknown") if counts[verdict]]
    following = "Fix the errors above, then run this again" if counts["failed"] else f"Next: {command_line('up')}"
    return ["", f"{', '.join(parts)}. {following}."]


def document(found: Sequence[Checked], stack: str, target: str, account: str, region: str) -> dict[str, Any]:
    """Return all that was found as one JSON document."""
    counts = Counter(one.verdict for one in found)
    keys = ("check", "verdict", "text", "fix")
    checks = [{key: value for key, value in one.to_dict().items() if key in keys} for one in found]
    return {
        "stack": stack,
        "target": target,
        "account": account,
        "region": region,
        "ok": not counts["failed"],
        "counts": {verdict: counts[verdict] for verdict in ("ok", "warning", "failed", "unknown")},
        "checks": checks,
    }


def exit_code(found: Sequence[Checked]) -> int:
    """Return 1 if something failed, else 0."""
    return int(any(one.verdict == "failed" for one in found))


@contextmanager
def progress(total: int) -> Iterator[Emit]:
    """Yield what is told each check as it ends; on a terminal, standard error shows how far it is meanwhile."""
    if not on_terminal(sys.stderr):
        yield lambda event: None
        return
    done, lock = set[str](), Lock()

    def show(event: Event) -> None:
        if isinstance(event, Checked):
            with lock:
                done.add(event.check)
                sys.stderr.write(f"\r\033[Kchecking: {min(len(done), total)} of {total}, {visible(event.check)}")
                sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()
