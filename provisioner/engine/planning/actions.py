"""The plan of one resource."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from provisioner.engine.resource import Change, canonical
from provisioner.engine.words import Action
from provisioner.state.counted import is_counted

PlannedAction = Literal[Action, "adopt", "none", "refused"]

KNOWN_AFTER_UP = "(known after up)"
HIDDEN = "(hidden)"
HIDDEN_CHANGE = "changed (hidden)"
"""The words for a value that looks like a secret, and for a changed value that does."""


@dataclass(frozen=True)
class Planned:
    """The plan of one resource.

    `changes` holds, for a change, each field's old and new value; for a creation only new values; for a refusal, the
    fields that AWS cannot change in place. `why` is set when it is refused. `keys` names the key of `stack.toml` that
    a field comes from. `later` holds the second part of a change in two parts: the removals that wait until all users
    are ready. The old value there is the one between both parts.
    """

    address: str
    action: PlannedAction
    step: str
    changes: Mapping[str, Change] = field(default_factory=dict)
    why: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, Change] = field(default_factory=dict)

    @property
    def bookkeeping(self) -> bool:
        """True if plans do not count the resource: AWS makes it by itself, or only the state has it."""
        return not is_counted(self.address)

    @property
    def first(self) -> Mapping[str, Change]:
        """The first part of a change in two parts; the whole of any other change."""
        parts = {name: Change(self.changes[name].old, later.old) for name, later in self.later.items()}
        nothing = {name for name, one in parts.items() if canonical(one.old, True) == canonical(one.new, True)}
        return {name: one for name, one in {**self.changes, **parts}.items() if name not in nothing}

    def to_dict(self) -> dict[str, Any]:
        """Return the planned action in its JSON form."""
        changes, later = (
            {name: {"old": change.old, "new": change.new} for name, change in some.items()}
            for some in (self.changes, self.later)
        )
        return {
            "address": self.address,
            "action": self.action,
            "step": self.step,
            "changes": changes,
            "later": later,
            "why": self.why,
            "bookkeeping": self.bookkeeping,
        }


def parsed(value: Any) -> Any:
    """Return the parsed content of a value if it is JSON text, as AWS's documents are; any other value unchanged."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
