"""Results of `recover` and `import`: new records, missing resources, differences, and the next steps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.engine.words import count
from provisioner.render.text import table

if TYPE_CHECKING:
    from provisioner.engine.resource import Change
    from provisioner.operations.state_admin.imports import Candidate
    from provisioner.operations.state_admin.recovery import Recovery

NAMES_SHOWN = 10
"""The most names that are shown one by one."""


def lines(recovery: Recovery, stack: str, where: str) -> Iterator[str]:
    """Yield the resources that were found and will be recorded, and the missing ones."""
    if not recovery.found:
        yield f"No resources of {stack} found in {where}: the state is empty."
    else:
        yield f"Resources of {stack} found in {where}:"
        rows = [
            (f.record.address, f.found_by, f"{f.record.id or ''}{'' if f.declared else '  (no longer declared)'}")
            for f in recovery.found
        ]
        yield from table([("address", "found by", "id"), *rows])
        ways = Counter(f.found_by for f in recovery.found)
        yield f"{count(len(recovery.found), 'record')}: {', '.join(f'{n} by {how}' for how, n in ways.items())}."
        if recovery.missing:
            yield f"Declared but not found, to be created by `up`: {_named(recovery.missing)}."
    if recovery.dropped:
        yield f"Recorded but not found, removed from the state: {_named(recovery.dropped)}."
    for address, why in recovery.refused.items():
        yield f"! not recorded: {address}{f': {why}' if why else ''}"
    for address in recovery.forgotten:
        yield (
            f"note: {address}: if it was taken over from another system, where it led before was only in the lost "
            f"state: `up --give-back` cannot put that back, nor does `down`."
        )
    if recovery.added_by_others:
        yield f"note: ignored, because others may have added them: {_named(recovery.added_by_others)}."


def after(recovery: Recovery, backups: Sequence[str], command_line: Callable[[str], str]) -> Iterator[str]:
    """Yield the changes that were made, and the next steps."""
    for path in backups:
        yield f"Backup of the previous state: {path}"
    if not recovery.found:
        yield f"Create the stack: {command_line('up')}."
    elif recovery.refused:
        yield f"Fix the errors above, then run {command_line('recover')} again."
    else:
        yield (
            f"State saved. Review it: {command_line('plan')}. Then run {command_line('up')} or {command_line('down')}."
        )


def document(recovery: Recovery, stack: str, account: str, region: str, backups: Sequence[str]) -> str:
    """Return the same as one JSON document."""
    found = [
        {
            "address": f.record.address,
            "type": f.record.type,
            "id": f.record.id,
            "found_by": f.found_by,
            "declared": f.declared,
        }
        for f in recovery.found
    ]
    rest = {key: value for key, value in asdict(recovery).items() if key != "found"}
    where = {"stack": stack, "account": account, "region": region}
    return json.dumps({**where, "found": found, **rest, "backups": list(backups)}, ensure_ascii=False)


def candidate(found: Candidate) -> Iterator[str]:
    """Yield the tags that an import adds to a resource, and the changes that the next `up` would make."""
    yield f"{found.live.id} as {found.resource.address}:"
    for name, change in found.tags.items():
        yield f"  + tag {name}: {change.new}" + (f" (now {change.old})" if change.old is not None else "")
    for name, change in found.changes.items():
        yield f"  ~ the next `up` changes {name}: {_value(change.old)} -> {_value(change.new)}"
    if not found.changes:
        yield "  no other differences"


def candidate_document(found: Candidate) -> dict[str, Any]:
    """Return the same in JSON form."""

    def plain(changes: Mapping[str, Change]) -> dict[str, Any]:
        return {name: {"old": change.old, "new": change.new} for name, change in changes.items()}

    tags, changes = plain(found.tags), plain(found.changes)
    return {"address": found.resource.address, "id": found.live.id, "tags": tags, "changes": changes}


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _named(names: Sequence[str]) -> str:
    rest = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {count(rest, 'other')}" if rest > 0 else "")
