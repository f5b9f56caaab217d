"""Show the files that `init --from` wrote, and the settings that it could not carry over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from provisioner.engine.words import count
from provisioner.migration import Converted
from provisioner.migration.draft import TOO_MANY, headed, text
from provisioner.migration.verdict import verdict

LISTED = "; the list is at the end of the file, too"


def lines(done: Converted) -> Iterator[str]:
    """Yield the written file, the settings left out, the remaining problems, the verdict, and the next step."""
    draft, workloads = done.draft, done.draft.workloads
    sizes = [count(len(names), kind[:-1]) for kind, names in workloads.items() if names]
    others = [env for env in draft.tables if env != draft.own]
    environments = f"environment {draft.own}" + (f", and as overlays {', '.join(others)}" if others else "")
    yield f"Wrote {done.path}: {', '.join(sizes)}; {environments}."
    where = f"; {TOO_MANY[0].lower()}{TOO_MANY[1:]}" if TOO_MANY in text(draft) else LISTED
    for heading, notes in headed(draft):
        yield ""
        yield f"{heading} ({len(notes)}{where}):"
        yield from (f"  {left}" for left in notes)
    if done.problems:
        yield ""
        yield "Left for you to correct:"
        yield from (f"  {problem}" for problem in done.problems)
    yield ""
    file = "" if str(done.path) == "stack.toml" else f" -c {done.path}"
    yield f"{verdict(draft, len(done.problems))}."
    yield f"Next: `provision config{file}`, `provision plan{file}`. More: docs/moving.md"


def document(done: Converted) -> dict[str, Any]:
    """Return the same as one JSON document."""
    draft = done.draft
    outcome = verdict(draft, len(done.problems))
    return {
        "config": str(done.path),
        "project": draft.project,
        "environments": list(draft.tables),
        **draft.workloads,
        "left": [asdict(left) for left in draft.left],
        "problems": list(done.problems),
        "verdict": {"text": str(outcome), **asdict(outcome)},
    }
