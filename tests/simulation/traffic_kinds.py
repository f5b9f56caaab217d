"""Resource types whose changes have parts: workers use the keys that gates let through and the targets of signs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from provisioner.engine.declaration import Handle
from provisioner.engine.errors import Failed
from provisioner.engine.resource import RESOURCE_TYPES, Changes, Observed, kept
from provisioner.engine.traits import Runs, WaitsForUsers
from provisioner.resources.elbv2.actions import both, forward, normal_action
from tests.simulation.client import Client
from tests.simulation.cloud import Cloud, CloudResource, View, refusal
from tests.simulation.resources import SIMULATED, Box, Title

if TYPE_CHECKING:
    from tests.simulation.stack import Config, Item

KINDS = ("gate", "pool", "sign", "worker")
LINGERS = 40.0
"""Seconds for which a key stays in use after its revision is gone, as an interface of a load balancer does."""
ROLLS, WORKS, GIVEN_UP, GOES_BACK = "rolling out", "works", "given up", "rolling back"
BACK = 15.0
"""Seconds that it takes to go back to the former revision."""


@dataclass
class Revision:
    """One revision of a worker: its settings, the moment from which it works, and the moment when it ends."""

    settings: Mapping[str, Any]
    works: float = math.inf
    until: float = math.inf


@dataclass(frozen=True)
class Gate(WaitsForUsers, Box):
    """A type that lets through workers with one of its keys, as a security group does; others can add keys."""

    lets: Sequence[int] = ()

    type_name: ClassVar[str] = "gate"
    unordered: ClassVar[frozenset[str]] = frozenset({"lets"})

    def widened(self, before: Mapping[str, Any], live: Observed) -> Gate:
        return replace(self, lets=sorted(kept(self.lets, before.get("lets"), live.attributes["lets"])))

    def still_in_use(self, aws: Client, live: Observed) -> str:
        leaving = {*live.attributes["lets"]} - {*self.lets}
        used = aws.ask(
            f"List what uses {live.id}", lambda: used_keys(workers(aws.cloud), live.id, aws.cloud.now(), LINGERS)
        )
        return f"keys {sorted(used & leaving)} are in use" if used & leaving else ""


@dataclass(frozen=True)
class Pool(Box):
    """A target of traffic, as a target group is; it stays while a sign leads to it."""

    type_name: ClassVar[str] = "pool"
    service: ClassVar[str] = "elbv2"
    in_use: ClassVar[str] = "ResourceInUse"

    @classmethod
    def deleted(cls, cloud: Cloud, id: str) -> None:
        if any(id in one.shares() for one in cloud.there()):
            raise refusal(cls.in_use, "delete")
        # a running worker does not prevent its deletion
        cloud.remove(cloud.get(id, "delete"), cls.lasts)


@dataclass(frozen=True)
class Sign(Title):
    """A type that leads traffic to pools by weights, as a listener's rule; its title is unique, as a priority."""

    actions: Sequence[Mapping[str, Any]] = ()

    type_name: ClassVar[str] = "sign"
    service: ClassVar[str] = "elbv2"

    @classmethod
    def live(cls, aws: Client, one: CloudResource, view: View, *, owned: bool) -> Observed:
        live = super().live(aws, one, view, owned=owned)
        actions = [normal_action(action) for action in view.fields["actions"]]
        return replace(live, attributes={**live.attributes, "actions": actions})

    def acceptable(self, cloud: Cloud) -> None:
        if any(one.sort == self.type_name and one.fields["title"] == self.title for one in cloud.there()):
            raise refusal("PriorityInUse", "create sign")
        super().acceptable(cloud)

    def widened(self, before: Mapping[str, Any], live: Observed) -> Sign:
        return self._beside(before, live, shifted=False)

    def shifted(self, before: Mapping[str, Any], live: Observed) -> Sign:
        return self._beside(before, live, shifted=True)

    def _beside(self, before: Mapping[str, Any], live: Observed, *, shifted: bool) -> Sign:
        there = live.attributes["actions"]
        return replace(self, actions=list(both(self.actions, before.get("actions"), there, shifted=shifted)))


@dataclass(frozen=True)
class Worker(Runs, Box):
    """A type that runs with a key behind its gates and in a pool, as a service does: changes roll out, or roll back.

    It has `failed` if its only revision was given up: `up` starts another one.
    """

    gates: Sequence[str] = ()
    key: int = 0
    pool: str = ""

    type_name: ClassVar[str] = "worker"
    service: ClassVar[str] = "ecs"
    create_only: ClassVar[frozenset[str]] = frozenset({"shape", "uses", "pool"})
    lasts: ClassVar[float] = 60.0
    create_timeout: ClassVar[float] = 900
    poll_interval: ClassVar[float] = 5

    @classmethod
    def live(cls, aws: Client, one: CloudResource, view: View, *, owned: bool) -> Observed:
        status = "deleting" if view.deleting else str(view.fields["state"])
        address = aws.address_in(view.tags)
        told = {name: view.fields[name] for name in ("state", "failed", "rolled_back")}
        return Observed(
            one.id,
            {name: value for name, value in view.fields.items() if name not in told},
            {"mark": f"mark-{one.id}"},
            address,
            owned,
            status,
            view.deleting,
            problems={"failed": True} if told["failed"] else {},
            reverted={name: told["rolled_back"] for name in view.fields if told["rolled_back"]},
            details=told,
        )

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status in {GIVEN_UP, GOES_BACK}:
            raise Failed(f"{live.id} is {live.status}")
        return None if live.status == WORKS else f"it to work ({live.status})"

    def acceptable(self, cloud: Cloud) -> None:
        super().acceptable(cloud)
        for needed in self.gates:
            cloud.get(needed, "create worker")
        self._check_pool(cloud)

    def _check_pool(self, cloud: Cloud) -> None:
        if self.pool and not any(self.pool in one.shares() for one in cloud.there()):
            message = f"The target group with targetGroupArn {self.pool} does not have an associated load balancer."
            raise refusal("InvalidParameterException", "write worker", message=message)

    def made(self, cloud: Cloud, tags: Mapping[str, str], token: str) -> CloudResource:
        self.acceptable(cloud)
        fields = self.fields() | {"state": ROLLS, "failed": False, "rolled_back": ""}
        one = cloud.make(self.new_id(cloud), self.type_name, fields, tags, self.address, token=token, delay=math.inf)
        _roll_out(cloud, one, self.lasts)
        return one

    def update(self, aws: Client, live: Observed, changes: Changes) -> None:
        wanted = {name: change.new for name, change in changes.items()}

        def effect() -> None:
            one = self.changeable(aws.cloud, live.id)
            self._check_pool(aws.cloud)
            one.ignored = aws.cloud.ignores()
            if not one.ignored:
                one.fields.update(wanted)
                _roll_out(aws.cloud, one, self.lasts / 2)

        aws.write("update", self.type_name, live.id, effect)
        aws.changed(live.id, wanted)


def _roll_out(cloud: Cloud, one: CloudResource, seconds: float) -> None:
    """Start a revision with the present settings; it replaces the former one, or is given up."""
    fails = cloud.fails()
    settings = {name: value for name, value in one.fields.items() if name not in {"state", "rolled_back"}}
    revision = Revision({**settings, "failed": False})
    one.revisions.append(revision)
    one.ready = math.inf
    _turn(cloud, one, ROLLS, failed=False)

    def end() -> None:
        if one.gone is not None or one.revisions[-1] is not revision:
            return
        now = cloud.now()
        former = next((other for other in reversed(one.revisions) if other.works <= now < other.until), None)
        stays = former if fails else revision
        for other in one.revisions:
            if other is not stays:
                other.until = min(other.until, now)
        if not fails:
            revision.works = one.ready = now
            _turn(cloud, one, WORKS)
        elif former is None:
            _turn(cloud, one, GIVEN_UP, failed=True)
        else:
            _turn(cloud, one, GOES_BACK, **former.settings, rolled_back=f"back to key {former.settings['key']}")
            cloud.at(now + BACK, back)

    def back() -> None:
        if one.gone is None and one.revisions[-1] is revision:
            one.ready = cloud.now()
            _turn(cloud, one, WORKS)

    cloud.at(cloud.now() + seconds, end)


def _turn(cloud: Cloud, one: CloudResource, state: str, **fields: Any) -> None:
    one.fields |= {**fields, "state": state}
    cloud.publish(one)


def running(one: CloudResource, now: float, lingering: float = 0.0) -> list[Revision]:
    """Return the revisions of a worker that still run, or ran until so many seconds ago."""
    gone = math.inf if one.gone is None else one.gone
    return [revision for revision in one.revisions if now < min(revision.until, gone) + lingering]


def workers(cloud: Cloud) -> list[CloudResource]:
    """Return all workers that ever existed."""
    return [one for one in cloud.resources.values() if one.sort == "worker"]


def used_keys(workers: Iterable[CloudResource], gate: str, now: float, lingering: float) -> set[int]:
    """Return the keys in use behind a gate, now or until so many seconds ago."""
    found = [revision.settings for one in workers for revision in running(one, now, lingering)]
    return {settings["key"] for settings in found if gate in settings["gates"]}


def settings(item: Item, handles: Mapping[str, Handle], config: Config) -> dict[str, Any]:
    """Return the settings of a declared resource that only these types have."""
    ids = {how: [handles[use.address].id for use in item.uses if use.how == how] for how in ("gates", "pool", "leads")}
    if item.kind == "gate":
        through = [
            other.key for other in config if any((u.address, u.how) == (item.address, "gates") for u in other.uses)
        ]
        return {"lets": sorted(set(through))}
    if item.kind == "sign":
        return {"actions": [forward(pool) for pool in ids["leads"]]}
    if item.kind == "worker":
        return {"key": item.key, "gates": ids["gates"], "pool": "".join(ids["pool"])}
    return {}


for _name in KINDS:
    SIMULATED[_name] = RESOURCE_TYPES.pop(_name)
