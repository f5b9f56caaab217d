"""After a teardown, look once more for everything of this stack, whatever the state says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.engine.kind import KINDS, Kind
from provisioner.engine.refusal import explained

if TYPE_CHECKING:
    from provisioner.aws import Aws


@dataclass(frozen=True)
class Leftover:
    """A thing of this stack that is still there: its kind, its id, and why, as far as that is known."""

    kind: str
    id: str
    why: str


def sweep(aws: Aws) -> list[Leftover]:
    """Read every kind anew and return what still carries this stack's tags, or stands under its names and is ours.

    A kind that cannot be read counts as left, since nothing can be said of it.
    """
    aws.forget()
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda kind: _left(aws, kind), [k for k in KINDS.values() if not k.kept]))
    return [leftover for group in found for leftover in group]


def _left(aws: Aws, kind: type[Kind]) -> list[Leftover]:
    try:
        lives = aws.live(kind)
    except Exception as error:  # noqa: BLE001 (one kind that cannot be read does not keep the others from being told)
        return [Leftover(kind.kind, "unknown", f"it could not be read: {explained(error)}")]
    return [
        Leftover(kind.kind, live.id, f"AWS is still taking it away ({live.status})" if live.deleting else live.status)
        for live in lives
        if live.owned and not kind.shared(aws, live)
    ]
