"""Promises during changes in parts, under any failure: nothing in use is removed, and served traffic stays served.

They are checked after every change in the cloud, against the cloud's own facts, not the tool's records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.engine.declaration import Declared
from provisioner.engine.planning.actions import KNOWN_AFTER_UP
from tests.simulation.cloud import CloudResource, shares
from tests.simulation.hub import Violation
from tests.simulation.traffic_kinds import LINGERS, Revision, running, used_keys, workers

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned
    from tests.simulation.engine import Run, World


class Truth:
    """A memory of the last look, to find the losses of each change.

    Attributes:
        foreign: the keys that somebody else let in, by the id of the gate.
    """

    def __init__(self, world: World) -> None:
        self._world, self._cloud = world, world.cloud
        self.foreign: dict[str, set[int]] = {}
        self._promised = False
        self._lets: dict[str, set[int]] = {}
        self._shares: dict[str, dict[str, int]] = {}
        self._led: set[str] = set()
        """The pools that a sign ever led traffic to."""
        self._begun: dict[str, int] = {}
        self._served: set[str] = set()
        self._standing: frozenset[str] = frozenset()
        self._late_until = 0.0
        """The moment until which requests of a killed `down` may arrive."""
        self.changes: list[tuple[str, Any]] = []
        """The settings that this command gave to gates and signs, one after the other, with the id."""

    def begin(self, verb: str) -> None:
        """Begin a command; a command that deletes the stack has no promises."""
        self._promised = not verb.startswith("down")
        records = self._world.memory.records()
        self._standing = frozenset(a for a, record in records.items() if record.phase == "ready")
        known = {record.id for a, record in records.items() if a in self._world.stack.declared}
        # foreign keys of resources without a declared record are dropped: their wanted settings are unknown
        self.foreign = {gate: keys for gate, keys in self.foreign.items() if gate in known}
        self.changes.clear()

    def end(self, run: Run) -> None:
        """End a command; `recover` records the gates as they are, with foreign keys."""
        if run.verb.startswith("down"):
            self._late_until = self._cloud.now() + 10
        if run.verb in {"recover", "forget", "rename"}:
            self.foreign.clear()

    def forgive(self) -> None:
        """Accept the present state after a change by somebody else.

        A pool whose last traffic somebody else removed needs no sign any more.
        """
        before = self._with_traffic(self._shares.values())
        self._remember()
        self._led -= before - self._with_traffic(self._shares.values())

    def look(self) -> None:
        """Check that the last change removed nothing in use."""
        if self._promised and not (self._cloud.past() and self._cloud.now() < self._late_until):
            for gate in self._alive("gate"):
                self._check_gate(gate)
            for worker in workers(self._cloud):
                self._check_begun(worker)
            self._check_pools()
            self._check_served()
            self._note_changes()
        self._remember()

    def _note_changes(self) -> None:
        for gate in self._alive("gate"):
            if self._lets.get(gate.id) != {*gate.fields["lets"]}:
                self.changes.append((gate.id, sorted(gate.fields["lets"])))
        for sign in self._alive("sign"):
            if self._shares.get(sign.id) != sign.shares():
                self.changes.append((sign.id, sign.shares()))

    def _remember(self) -> None:
        gates, signs, every = self._alive("gate"), self._alive("sign"), workers(self._cloud)
        self._lets = {gate.id: {*gate.fields["lets"]} for gate in gates}
        self._begun = {worker.id: len(worker.revisions) for worker in every}
        self._shares = {sign.id: sign.shares() for sign in signs}
        self._led |= self._with_traffic(self._shares.values())
        self._served = {sign.id for sign in signs if self._serves(sign)}
        for gate in gates:
            self.foreign[gate.id] = self.foreign.get(gate.id, set()) & self._lets[gate.id]

    @staticmethod
    def _with_traffic(signs: Iterable[Mapping[str, int]]) -> set[str]:
        return {pool for pools in signs for pool, weight in pools.items() if weight}

    def _alive(self, sort: str) -> list[CloudResource]:
        return [one for one in self._cloud.alive() if one.sort == sort]

    def seen(self) -> list[str]:
        """Return the events that the promises were about."""
        found = ["a sign is served"] if self._served else []
        found += ["a rollout failed"] if any(one.fields["rolled_back"] for one in self._alive("worker")) else []
        found += ["a worker was given up"] if any(one.fields["failed"] for one in self._alive("worker")) else []
        return found + (["a gate lets somebody else in"] if any(self.foreign.values()) else [])

    # -- gates -----------------------------------------------------------------------------------------------------

    def _check_gate(self, gate: CloudResource) -> None:
        lost = self._lets.get(gate.id, set()) - {*gate.fields["lets"]}
        trusted = [one for one in workers(self._cloud) if not one.tampered]
        if (used := lost & used_keys(trusted, gate.id, self._cloud.now(), LINGERS)) and not gate.tampered:
            raise Violation(f"{gate.id} shuts out what runs with key {sorted(used)}")

    def _check_begun(self, worker: CloudResource) -> None:
        """Check that a new revision passes its gates, and that the gates let no foreign key in."""
        if len(worker.revisions) <= self._begun.get(worker.id, 0) or worker.tampered:
            return
        settings = worker.revisions[-1].settings
        for gate in map(self._cloud.resources.__getitem__, settings["gates"]):
            if gate.tampered or gate.ignored:
                continue
            if settings["key"] not in gate.fields["lets"]:
                raise Violation(f"{worker.id} begins with key {settings['key']}, and {gate.id} does not let it through")
            if (others := self.foreign.get(gate.id)) and not self._cloud.past():
                raise Violation(f"{worker.id} begins, and {gate.id} still lets in {sorted(others)}")

    # -- traffic ---------------------------------------------------------------------------------------------------

    def _check_pools(self) -> None:
        """Check that a pool keeps its sign until its workers are gone: without a sign it cannot drain."""
        signs = self._alive("sign")
        named = {pool for before in self._shares.values() for pool in before}
        dropped = (named & self._led) - {pool for sign in signs for pool in sign.shares()}
        for worker in workers(self._cloud):
            pools = {revision.settings["pool"] for revision in self._running(worker)} & dropped
            if pools and not worker.tampered and not any(self._cloud.resources[pool].tampered for pool in pools):
                raise Violation(f"no sign leads to {sorted(pools)} any more, and {worker.id} still runs there")

    def _check_served(self) -> None:
        for sign in map(self._cloud.resources.__getitem__, self._served):
            declared = any(
                (item.resource.type_name, item.resource.fields().get("title")) == ("sign", sign.fields["title"])
                for item in self._world.stack.declared.values()
            )
            if declared and not sign.tampered and not self._serves(sign) and not self._spoiled(sign):
                raise Violation(f"{sign.id} was served, and is not any more: it leads to {sign.shares()}")

    def _serves(self, sign: CloudResource) -> bool:
        """Return whether all traffic of a sign goes to working workers."""
        pools = {pool for pool, weight in sign.shares().items() if weight}
        now = self._cloud.now()
        working = {
            revision.settings["pool"]
            for worker in self._alive("worker")
            for revision in self._running(worker)
            if revision.works <= now
        }
        return sign.gone is None and bool(pools) and pools <= working

    def _spoiled(self, sign: CloudResource) -> bool:
        """Return whether somebody has tampered with a sign's pools, or with the workers there."""
        there = [one for one in self._cloud.resources.values() if {one.id, one.fields.get("pool")} & {*sign.shares()}]
        return any(one.tampered for one in there)

    def _running(self, worker: CloudResource) -> Iterable[Revision]:
        return running(worker, self._cloud.now())

    # -- order -----------------------------------------------------------------------------------------------------

    def check_order(self, verb: str, who: str) -> None:
        """Check that a created or changed resource comes after the new resources that it waits for."""
        address = who if verb == "create" else self._cloud.resources[who].maker if verb == "update" else ""
        declared = self._world.stack.declared
        if address not in declared or (self._cloud.resources.get(who) and self._cloud.resources[who].tampered):
            return
        for need in declared[address].dependencies:
            counts = need.order_only and need.address not in self._standing
            if counts and (address in self._standing or not need.for_changes) and not self._works(need.address):
                raise Violation(f"{verb} {address} before {need.address} is ready")

    def _works(self, address: str) -> bool:
        record = self._world.store.records.get(address) if self._world.store else None
        found = [one for one in self._cloud.alive() if one.maker == address or (record and record.id == one.id)]
        return any(one.ready <= self._world.hub.now for one in found)

    # -- `up` and the plan ----------------------------------------------------------------------------------------

    def check_declared(self, item: Declared, one: CloudResource) -> None:
        """Check that a finished `up` has left no former part of a change."""
        fields = item.resource.fields()
        if one.sort == "gate" and {*one.fields["lets"]} != {*fields["lets"]}:
            raise Violation(f"up is through, and {item.address} lets {one.fields['lets']} through")
        if one.sort == "worker" and one.fields["key"] != fields["key"]:
            raise Violation(f"up is through, and {item.address} runs with key {one.fields['key']}")
        if one.sort == "sign" and len(one.shares()) != len(fields["actions"]):
            raise Violation(f"up is through, and {item.address} leads to {one.shares()}")

    def check_planned(self, planned: Planned, id: str | None) -> None:
        """Check that a plan names the first and the last settings of a gate or a sign that changes in parts."""
        name = {"gate": "lets", "sign": "actions"}.get(planned.address.partition("/")[0], "")
        if planned.action != "change" or name not in planned.changes:
            return
        parts = [part[name].new for part in (planned.first, planned.later) if name in part]
        if KNOWN_AFTER_UP in repr(parts):
            return
        said: list[Any] = [sorted(part) if name == "lets" else shares(part) for part in parts]
        made = [shown for one, shown in self.changes if one == id]
        # between the two, traffic moves
        begins = name not in planned.first or made[:1] == said[:1]
        if not begins or made[-1:] != said[-1:] or (len(made) > 1) < (len(said) > 1) or len(made) > len(said) + 1:
            raise Violation(f"the plan says that {planned.address} becomes {said}, and up made it {made}")
