"""Find the thing that AWS has for a wanted or recorded one: by id, by the address in its tags, by its unique name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.engine.errors import NotOwned, ProvisionError
from provisioner.engine.kind import Kind, Live, canonical
from provisioner.engine.step import unknown

if TYPE_CHECKING:
    from provisioner.aws import Aws


def find(
    aws: Aws, kind: type[Kind], address: str, fields: Mapping[str, Any], id: str | None, *, fresh: bool = False
) -> Live | None:
    """Return the live thing, or None if the lists do not show it.

    Args:
        fields: the declared or recorded settings, of which `kind.identity` names the unique ones.
        id: the recorded id, if there is one.
        fresh: read the kind anew.

    Raises:
        NotOwned: what stands under this name does not carry this stack's tags.
        ProvisionError: several things carry the address.
    """
    lives = aws.live(kind, fresh=fresh)
    if id and not kind.revises:
        for live in lives:
            if live.id == id:
                return _ours(live, address)
    tagged = [live for live in lives if live.owned and live.address == address]
    if len(tagged) > 1:
        both = ", ".join(live.id for live in tagged)
        raise ProvisionError(f"{both} all carry the address {address}. Remove the tags of those that are not in use")
    if tagged:
        return tagged[0]
    named = {name: fields[name] for name in kind.identity if name in fields}
    if not named or any(unknown(value) for value in named.values()):
        return None
    for live in lives:
        if all(canonical(live.attributes.get(name)) == canonical(value) for name, value in named.items()):
            if not live.owned and not fresh:
                # whose a record is shows in what it says, and by now more is known of what it should say
                return find(aws, kind, address, fields, id, fresh=True)
            return _ours(live, address)
    return None


def _ours(live: Live, address: str) -> Live:
    if not live.owned:
        raise NotOwned(
            f"{live.id} stands where {address} should, but does not carry this stack's tags, so it is left alone. "
            f"Rename one of the two, remove it yourself if nobody needs it, or make it this stack's: "
            f"`provision import {address} '{live.id}'`"
        )
    return live
