"""Watches which services are down, since when and why.

A service is up if one of its tasks runs and users reach it: behind a load balancer by a DNS name that leads there, for
which the HTTPS listener has a certificate, and by a rule to a target group that has the task. One that is told where a
database is needs that too, and one that is told the URL of another service of the cloud has to be able to call it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from provisioner.emulator.clock import CLOCK
from provisioner.emulator.ecs.store import Service, Store, Task, TaskDefinition, last_part, stores
from provisioner.emulator.lock import LOCK
from provisioner.emulator.patch import on_reset
from provisioner.emulator.security_groups import allow_tcp

DELETED = "the service is deleted"
STANDING = ("creating", "deleting", "failing-over", "starting", "stopped", "stopping")
"""The statuses of a database in which it answers nobody (Aurora user guide, "DB cluster status")."""
URL = re.compile(r"http://(?P<host>[^/:]+):(?P<port>\d+)")
"""How a container is told where a service is that it calls."""
Reached = tuple[str, frozenset[str]]
"""Why a service is down, empty if it is up, and the names by which it is reached."""


@dataclass
class Outage:
    """A time, in the clock's seconds, in which a service was down; `until` is None while it is. `why` is how it began.

    With a `name`: the service was up, but that name, by which it was reached before, did not lead there any more. `of`
    is the service's ARN, which tells services of one name apart.
    """

    service: str
    since: float
    until: float | None
    why: str
    name: str
    of: str


@dataclass
class Watch:
    """What is watched: the services that were up when it began, and the names by which they were reached."""

    on: bool = False
    began: float = 0.0
    services: Mapping[str, frozenset[str]] = field(default_factory=dict)
    found: list[Outage] = field(default_factory=list)

    def begin(self) -> None:
        """Watch from now on, with nothing found yet."""
        conditions = {service.arn: condition(kept, service) for kept, service in _services()}
        self.services = {arn: names for arn, (why, names) in conditions.items() if not why}
        self.on, self.began, self.found = True, CLOCK.now(), []

    def update(self) -> None:
        """Note what has gone down or come up since the last time. Nothing is done while the watch is off."""
        if not self.on:
            return
        with LOCK:
            now = {
                service.arn: condition(kept, service) for kept, service in _services() if service.arn in self.services
            }
            for arn, names in self.services.items():
                why, reached = now.get(arn, (DELETED, frozenset[str]()))
                self._note(arn, "", why)
                for name in sorted(names):
                    self._note(arn, name, "" if why or name in reached else _lost(name))

    def _note(self, arn: str, name: str, why: str) -> None:
        """Note that a service, or one of its names, is down by now if there is a reason, and up if there is none."""
        lasting = next((one for one in self.found if (one.of, one.name, one.until) == (arn, name, None)), None)
        if why and lasting is None:
            self.found.append(Outage(arn.rpartition("/")[2], CLOCK.now(), None, why, name, arn))
        elif not why and lasting is not None:
            lasting.until = CLOCK.now()

    def shown(self) -> dict[str, Any]:
        """Return what was found, as `GET /_cloud/outages` answers it; nothing of what has no length."""
        outages = [asdict(one) for one in self.found if one.until is None or one.until > one.since]
        return {"on": self.on, "began": self.began, "watched": sorted(self.services), "outages": outages}


WATCH = Watch()
"""The watch of this process's cloud."""


@on_reset
def forget() -> None:
    """Watch nothing any more."""
    WATCH.on, WATCH.services, WATCH.found = False, {}, []


def _services() -> Iterator[tuple[Store, Service]]:
    for kept in stores():
        for service in list(kept.services.values()):
            if service.status != "INACTIVE":
                yield kept, service


def condition(kept: Store, service: Service) -> Reached:
    """Return why nobody can use a service now, empty if it is up; and the names by which it is reached."""
    names = frozenset[str]()
    tasks = [task for task in kept.tasks_of(service.cluster, service.name) if task.status == "RUNNING"]
    if not tasks:
        return "none of its tasks is running", names
    for balancer in service.shape.get("loadBalancers") or ():
        why, reached = _path_to(kept, balancer["targetGroupArn"], tasks)
        if why:
            return why, reached
        names |= reached
    without_database = next(filter(None, (_no_database(kept, host, tasks) for host in _databases(kept, service))), "")
    return without_database or _no_callee(kept, tasks), names


def _path_to(kept: Store, group: str, tasks: list[Task]) -> Reached:
    """Say what is missing on the way from a DNS name to one of the tasks, and which names lead there."""
    there = kept.elbv2.target_groups.get(group)
    behind = [task for task in tasks if there is not None and task.address in there.targets]
    if not behind:
        return "none of its running tasks is registered in its target group", frozenset()
    found = [(one, by) for one in kept.elbv2.load_balancers.values() for by in one.listeners.values()]
    found = [(one, by) for one, by in found if by.protocol == "HTTPS" and _leads(kept, by.arn, group)]
    if not found:
        return "no HTTPS listener leads to its target group", frozenset()
    if not any(_let_in(kept, one, task) for one, _ in found for task in behind):
        return "no security groups let its load balancer reach its running tasks", frozenset()
    ways = [_answers(kept, *pair) for pair in found]
    return next((way for way in ways if not way[0]), ways[0])


def _groups_of(task: Task) -> list[str]:
    network = task.spec.get("networkConfiguration") or {}
    return list(network.get("awsvpcConfiguration", {}).get("securityGroups", ()))


def _let_in(kept: Store, balancer: Any, task: Task) -> bool:
    ports = {int(one["containerPort"]) for one in task.spec["loadBalancers"]}
    return any(allow_tcp(kept.ec2, balancer.security_groups, _groups_of(task), port) for port in ports)


def _answers(kept: Store, balancer: Any, listener: Any) -> Reached:
    """Say what keeps a listener from answering, and for which names it does."""
    balancer.activate()
    if balancer.state != "active":
        return f"its load balancer is {balancer.state}", frozenset()
    names = list(_names(kept.account, balancer.dns_name))
    if not names:
        return "no DNS record leads to its load balancer", frozenset()
    certified = [one for shown in _certificates(kept, listener) for one in shown]
    reached = frozenset(name for name in names if any(_covers(one, name) for one in certified))
    return "" if reached else f"its listener has no certificate for {' or '.join(names)}", reached


def _lost(name: str) -> str:
    """Say why a name does not lead to a service that is up."""
    balancers = [(kept, one) for kept in stores() for one in kept.elbv2.load_balancers.values()]
    balancers = [(kept, one) for kept, one in balancers if name in _names(kept.account, one.dns_name)]
    if not balancers:
        return "there is no DNS record of this name"
    shown = [names for kept, one in balancers for by in one.listeners.values() for names in _certificates(kept, by)]
    certified = any(_covers(one, name) for names in shown for one in names)
    return "the listener does not lead to it" if certified else "the listener has no certificate for this name"


def _covers(certified: str, name: str) -> bool:
    """Whether a name in a certificate is this one, or a wildcard in the place of its first label."""
    return certified in (name, f"*.{name.partition('.')[2]}")


def _leads(kept: Store, listener: str, group: str) -> bool:
    for rule in kept.elbv2.describe_rules(listener, None):
        for action in rule.actions:
            to = action.data.get("ForwardConfig", {}).get("TargetGroups", [])
            if group in (action.data.get("TargetGroupArn"), *(one.get("TargetGroupArn") for one in to)):
                return True
    return False


def _names(account: str, target: str) -> Iterator[str]:
    """Yield the names in public zones, which the world finds, that are aliases of a load balancer."""
    from moto.route53.models import route53_backends

    from provisioner.emulator.domains import is_delegated, normal

    for zone in route53_backends[account]["aws"].zones.values():
        if not zone.private_zone and is_delegated(zone.name):
            for record in zone.rrsets:
                alias = normal((record.alias_target or {}).get("DNSName", ""))
                if record.type == "A" and alias.removeprefix("dualstack.") == normal(target):
                    yield normal(record.name).replace("\\052", "*")


def _certificates(kept: Store, listener: Any) -> Iterator[list[str]]:
    """Yield the names of each certificate that a listener has and ACM has issued."""
    from moto.acm.models import acm_backends

    known = acm_backends[kept.account][kept.region]._certificates
    for arn in dict.fromkeys([listener.certificate, *listener.certificates]):
        if (bundle := known.get(arn)) is not None and bundle.status == "ISSUED":
            yield [bundle.common_name, *(getattr(bundle, "names", None) or bundle.sans)]


def _databases(kept: Store, service: Service) -> Iterator[str]:
    """Yield the hosts of RDS that the service's containers are told."""
    values = _variables(kept.revision(service.deployments[0].task_definition))
    return (value for value in values if value.endswith(".rds.amazonaws.com"))


def _variables(definition: TaskDefinition) -> Iterator[str]:
    """Yield the values of the environment variables of all containers."""
    for container in definition.shape["containerDefinitions"]:
        yield from (str(variable.get("value", "")) for variable in container.get("environment") or ())


def _no_database(kept: Store, host: str, tasks: list[Task]) -> str:
    from moto.rds.models import rds_backends

    rds: Any = rds_backends[kept.account][kept.region]
    rds.settle()
    cluster = next((one for one in rds.clusters.values() if one.endpoint == host), None)
    if cluster is None:
        return "its database is deleted"
    if cluster.status in STANDING:
        return f"its database is {cluster.status}"
    if all(one.status in STANDING for one in cluster._members):
        return "its database has no available instance"
    groups = cluster.vpc_security_group_ids
    let = any(allow_tcp(kept.ec2, _groups_of(task), groups, int(cluster.port)) for task in tasks)
    return "" if let else "no security groups let its running tasks reach the database"


def _no_callee(kept: Store, tasks: list[Task]) -> str:
    """Say which service none of the tasks can call; a service that does not run at all is down itself."""
    missing = [_cut_off(kept, task) for task in tasks]
    return missing[0] if all(missing) else ""


def _cut_off(kept: Store, task: Task) -> str:
    urls = filter(None, map(URL.fullmatch, _variables(task.definition)))
    return next(filter(None, (_unreached(kept, task, url) for url in urls)), "")


def _unreached(kept: Store, task: Task, url: re.Match[str]) -> str:
    """Say why a task cannot call the service at a URL, if one of this cloud's is or was there."""
    from moto.servicediscovery.models import servicediscovery_backends

    discovery: Any = servicediscovery_backends[kept.account][kept.region]
    found = [
        one.id
        for one in discovery.services.values()
        if f"{one.name}.{discovery.namespaces[one.namespace_id].name}" == url["host"]
    ]
    callees = [
        one
        for other in kept.services.values()
        for one in kept.tasks_of(other.cluster, other.name)
        if one.status == "RUNNING" and any(_registered(one, service) for service in found)
    ]
    port = int(url["port"])
    if callees and not any(port in _ports(one) for one in callees):
        return f"no task of {url['host']} listens on port {port}"
    if callees and not any(allow_tcp(kept.ec2, _groups_of(task), _groups_of(one), port) for one in callees):
        return f"no security groups let its running tasks call {url['host']} on port {port}"
    return ""


def _registered(task: Task, discovery_service: str) -> bool:
    return any(last_part(one["registryArn"]) == discovery_service for one in task.spec.get("serviceRegistries") or ())


def _ports(task: Task) -> set[int]:
    containers = task.definition.shape["containerDefinitions"]
    return {one["containerPort"] for container in containers for one in container.get("portMappings") or ()}
