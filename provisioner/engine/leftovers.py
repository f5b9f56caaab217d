"""After a teardown, look once more for everything of this stack, whatever the state says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted
from provisioner.engine.resource import RESOURCE_TYPES, Resource

if TYPE_CHECKING:
    from provisioner.engine.ports import Provider
    from state.model import Record


@dataclass(frozen=True)
class Leftover:
    """A thing of this stack that is still there: its kind, its id, and why, as far as that is known."""

    kind: str
    id: str
    why: str


def sweep(
    aws: Provider, staying: Mapping[str, Record], kinds: Collection[type[Resource]] | None = None
) -> list[Leftover]:
    """Read every kind anew and return what still carries this stack's tags, or stands under its names and is ours.

    A kind that cannot be read counts as left, since nothing can be said of it.

    Args:
        staying: the records of what was not to be removed.
        kinds: the kinds to read, if not all.

    Raises:
        Interrupted: the user asked to stop while a read waited for its turn.
    """
    aws.forget()
    wanted = [kind for kind in RESOURCE_TYPES.values() if not kind.kept and (kinds is None or kind in kinds)]
    found = aws.pace.runtime.each(lambda kind: _left(aws, kind, staying), wanted, 16)
    return [leftover for group in found for leftover in group]


def _left(aws: Provider, kind: type[Resource], staying: Mapping[str, Record]) -> list[Leftover]:
    try:
        lives = [live for live in aws.live(kind) if live.owned and not kind.shared(aws, live)]
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 (one kind that cannot be read does not keep the others from being told)
        return [Leftover(kind.kind, "unknown", f"it could not be read: {aws.errors.explained(error)}")]
    ids = {record.id for record in staying.values() if record.kind == kind.kind}
    return [
        Leftover(kind.kind, live.id, f"AWS is still taking it away ({live.status})" if live.deleting else live.status)
        for live in lives
        if live.address not in staying and live.id not in ids
    ]
