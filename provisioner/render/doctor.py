"""Results of `doctor`: one line a check, a summary, and its progress."""

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
    """Return one line a check: the verdict, the subject, the finding, and the remedy."""
    return table((f"{SYMBOLS[one.verdict]} {one.verdict}", one.check, explained(one)) for one in found)


def explained(one: Checked) -> str:
    """Return the finding and the remedy of a check, in one line."""
    return " ".join(f"{one.text}: {one.fix}".split()) if one.fix else one.text


def after(found: Sequence[Checked], command_line: Callable[..., str]) -> list[str]:
    """Return the counts, and the next step."""
    counts = Counter(one.verdict for one in found)
    parts = [f"{counts['ok']} ok"]
    parts += [count(counts["warning"], "warning")] if counts["warning"] else []
    parts += [f"{counts[verdict]} {verdict}" for verdict in ("failed", "unknown") if counts[verdict]]
    following = "Fix the errors above, then run this again" if counts["failed"] else f"Next: {command_line('up')}"
    return ["", f"{', '.join(parts)}. {following}."]


def document(found: Sequence[Checked], stack: str, target: str, account: str, region: str) -> dict[str, Any]:
    """Return all checks as one JSON document."""
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
    """Return 1 if a check failed, else 0."""
    return int(any(one.verdict == "failed" for one in found))


@contextmanager
def progress(total: int) -> Iterator[Emit]:
    """Yield the function that receives each check as it ends; on a terminal, standard error shows the progress."""
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
