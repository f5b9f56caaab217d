"""The promises of the engine, checked at each call that writes and after each command. Each raises `Violation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.engine.declaration import Declared
from provisioner.engine.events import ResourceDone
from provisioner.state.model import Record
from tests.simulation.cloud import CloudResource
from tests.simulation.hub import Violation
from tests.simulation.resources import SIMULATED

if TYPE_CHECKING:
    from tests.simulation.engine import Run, World


def check_write(world: World, verb: str, kind: str, who: str) -> None:
    """Check a write before it is sent."""
    store = world.store
    if store is None:
        raise Violation(f"{verb} {who} without an open state")
    world.truth.check_order(verb, who)
    if verb == "create":
        record = store.records.get(who)
        if record is None or record.phase != "creating":
            raise Violation(f"{who} is being made, and no intent is durable")
        _check_needs(world, who)
        _check_single(world, who)
    else:
        _check_ours(world, verb, who)
    if verb == "delete":
        _check_users_gone(world, kind, who)


def _check_ours(world: World, verb: str, id: str) -> None:
    one = world.cloud.resources.get(id)
    if one and not one.maker and one.sort in SIMULATED:
        raise Violation(f"{verb} {id}, which is somebody else's")


def _check_needs(world: World, address: str) -> None:
    for need in world.stack.declared[address].dependencies:
        if SIMULATED[need.address.partition("/")[0]].created_by_aws or need.order_only:
            continue
        whole = [
            one for one in world.cloud.alive() if one.maker == need.address or _recorded(world, need.address) == one.id
        ]
        if not whole:
            raise Violation(f"{address} is being made before {need.address}, which it needs, is there")
        if need.ready and all(one.ready > world.hub.now for one in whole):
            raise Violation(f"{address} is being made before {need.address} is ready")


def _recorded(world: World, address: str) -> str | None:
    record = world.store.records.get(address) if world.store else None
    return record.id if record else None


def _check_single(world: World, address: str) -> None:
    """Check that a resource known only by its tags is not created twice."""
    kind = address.partition("/")[0]
    if kind not in {"box", "gate", "pool", "worker"}:
        return
    same = [one.id for one in world.cloud.alive() if one.sort == kind and one.maker == address and not one.tampered]
    if same:
        raise Violation(f"{address} is made a second time: {same} is there")


def _check_users_gone(world: World, kind: str, id: str) -> None:
    """Check that a resource is deleted after its dependents; a renamed one, recorded twice, by either record."""
    assert world.store
    records = world.store.records
    targets = [record.address for record in records.values() if (record.type, record.id) == (kind, id)]
    users = [{u.address for u in records.values() if a in u.dependencies and u.phase != "deleting"} for a in targets]
    if users and all(users):
        raise Violation(f"{id} is being removed before {sorted(users[0])}, which is built on it")


def check_after(world: World, run: Run) -> None:
    """Check everything after a command."""
    records = world.memory.records()
    _check_recorded(world, records)
    _check_foreign(world)
    _check_removed(run)
    if run.verb == "down" and run.theirs and run.tried:
        raise Violation(f"everything is another stack's, and down writes: {run.tried}")
    _check_protected(run)
    if run.verb == "up" and run.ok:
        _check_up(world, run, records)
    if run.verb == "down" and run.ok:
        _check_down(world, records)


def protected(world: World) -> frozenset[str]:
    """Return the ids of the resources that are recorded, protected from deletion, and shown so by the lists."""
    recorded = {record.id for record in world.memory.records().values()}
    guarded = (one for one in world.cloud.alive() if one.id in recorded and one.fields.get("guard"))
    return frozenset(one.id for one in guarded if not one.tampered and one.views[-1][1] <= world.hub.now)


def _check_protected(run: Run) -> None:
    """Check that protected resources stay, and that `down` does not begin if it could not end."""
    if removed := run.guarded & {who for verb, who in run.tried if verb in {"delete", "unguard"}}:
        raise Violation(f"{sorted(removed)} is protected, and is removed")
    if run.verb == "down" and run.guarded and run.calm and run.tried:
        raise Violation(f"{sorted(run.guarded)} is protected, and down begins all the same: {run.tried}")


def _check_recorded(world: World, records: dict[str, Record]) -> None:
    """Check that every resource of ours is recorded: by its id, its name, or its intended address."""
    known = {(record.type, record.id) for record in records.values() if record.id}
    names = {(record.type, record.arguments.get("title")) for record in records.values()}
    for one in world.cloud.alive():
        if not one.maker or excused(world, one):
            continue
        named = "title" in one.fields and (one.sort, one.fields["title"]) in names
        if not named and (one.sort, one.id) not in known and one.maker not in records:
            raise Violation(f"{one.id}, made for {one.maker}, is recorded nowhere")


def excused(world: World, one: CloudResource) -> bool:
    """Return whether a resource may stay: it is kept, others use it, or somebody removed its marks."""
    shared = any(one.id in other.fields["uses"] for other in world.cloud.there() if other.sort == "foreign")
    whole = world.cloud.resources.get(one.fields.get("whole", ""))
    return one.tampered or one.sort == "keepsake" or shared or (whole is not None and whole.tampered)


def _check_removed(run: Run) -> None:
    """Check that each resource reported as deleted existed before, or was already being deleted."""
    for event in run.events:
        if not isinstance(event, ResourceDone) or event.result != "deleted":
            continue
        sort = event.address.partition("/")[0]
        if SIMULATED[sort].created_by_aws or event.address in run.leaving:
            continue
        # a dead process's request may have created a resource meanwhile; each edition is deleted by its own id
        deleted = {who.rpartition(":")[0] if sort == "edition" else who for verb, who in run.writes if verb == "delete"}
        if (sort, event.id) not in run.there and event.id not in deleted:
            raise Violation(f"{event.address} is told to be removed, and was not there ({event.id})")


def _check_foreign(world: World) -> None:
    for one in world.cloud.resources.values():
        if one.maker or one.sort not in SIMULATED:
            continue
        if one.gone is None and (one.fields["size"] != 7 or "ManagedBy" in one.tags):
            raise Violation(f"{one.id}, which is somebody else's, was changed")


def _check_up(world: World, run: Run, records: dict[str, Record]) -> None:
    """Check the result of `up`: all declared resources exist as declared, work, and are recorded; no others do."""
    for address, item in world.stack.declared.items():
        if not item.resource.created_by_aws:
            _check_as_declared(world, run, records.get(address), item)
    for address in records.keys() - world.stack.declared.keys():
        raise Violation(f"up is through, and {address} is still recorded")
    for address, result in run.results().items():
        left = [one.id for one in world.cloud.alive() if one.maker == address and not excused(world, one)]
        if result == "deleted" and left:
            raise Violation(f"{address} is told to be removed, and is there")


def _check_as_declared(world: World, run: Run, record: Record | None, item: Declared) -> None:
    address = item.address
    if record is None or record.phase != "ready":
        raise Violation(f"up is through, and {address} is recorded as {record and record.phase}")
    one = _actual(world, record, item)
    if one is None:
        raise Violation(f"up is through, and there is no {address} ({record.id})")
    if one.ready > world.hub.now:
        raise Violation(f"up is through, and {address} is not ready")
    for name, value in record.arguments.items():
        if _plain(one.fields.get(name)) != _plain(value):
            raise Violation(f"up is through, and {name} of {address} is {one.fields.get(name)}, not {value}")
    world.truth.check_declared(item, one)
    _check_result(run, address, {one.id, record.id})


def _check_result(run: Run, address: str, ids: set[str | None]) -> None:
    """Check that the reported result of a resource matches its writes."""
    result = run.results().get(address)
    writes = [verb for verb, who in run.writes if who == address or who in ids]
    if result in {"unchanged", "adopted"} and writes:
        raise Violation(f"{address} is told to be {result}, with {writes}")
    # a lost answer leaves the effect of a call open
    tried = [verb for verb, who in run.tried if who == address or who in ids]
    if result == "changed" and not tried:
        raise Violation(f"{address} is told to be changed, and nothing was written")
    if result == "created" and "create" not in tried:
        raise Violation(f"{address} is told to be made, and was not")


def _actual(world: World, record: Record, item: Declared) -> CloudResource | None:
    alive = [one for one in world.cloud.alive() if one.sort == record.type]
    if item.resource.versioned:
        title = record.arguments["title"]
        return next((one for one in reversed(alive) if one.fields["title"] == title and one.maker), None)
    return next((one for one in alive if one.id == record.id), None)


def _check_down(world: World, records: dict[str, Record]) -> None:
    if records:
        raise Violation(f"down is through, and {sorted(records)} are still recorded")
    for one in world.cloud.there():
        if one.maker and not excused(world, one):
            raise Violation(f"down is through, and {one.id}, made for {one.maker}, is still there")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value
