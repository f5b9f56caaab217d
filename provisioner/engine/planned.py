"""What a plan says of one resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from provisioner.engine.events import Action
from provisioner.engine.resource import Change

PlannedAction = Literal[Action, "adopt", "none", "refused"]

KNOWN_AFTER_UP = "(known after up)"


@dataclass(frozen=True)
class Planned:
    """What would happen to one resource.

    `changes` holds, for a change, each field's old and new value; for a creation only new ones; for what is refused,
    what AWS cannot change in place. `why` is set when it is refused. `keys` says from which key of `stack.toml` a field
    comes.
    """

    address: str
    action: PlannedAction
    step: str
    changes: Mapping[str, Change] = field(default_factory=dict)
    why: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the planned action in its JSON form."""
        changes = {name: {"old": change.old, "new": change.new} for name, change in self.changes.items()}
        return {"address": self.address, "action": self.action, "step": self.step, "changes": changes, "why": self.why}
