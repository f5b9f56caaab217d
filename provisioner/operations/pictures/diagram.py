"""Convert a stack into the cards of a picture, with their places and the connections between them.

A card stands for several resources that users see as one unit: a service with its task definition, target group, role
and repository. Each resource belongs to exactly one card, so the picture omits nothing of a plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from provisioner.config.circles import callees_first
from provisioner.config.redis import PORT as REDIS_PORT
from provisioner.engine.words import count

if TYPE_CHECKING:
    from provisioner.config.jobs import Job
    from provisioner.config.models import Config
    from provisioner.config.services import Service
    from provisioner.operations.pictures.view import Node, View

Place = Literal["outside", "public", "private", "database", "endpoints", "aws"]
"""The place of a card: outside the VPC, in one of its tiers, at its edge, or among the services of AWS."""
Glyph = Literal["user", "names", "gate", "box", "job", "server", "grid", "cylinder", "plug", "shelf", "lines", "key"]
Wire = Literal["http", "https", "port", "sql", "runs", "calls"]
Sign = Literal["", "+", "~", "-", "!"]
SIGNS: Mapping[str, Sign] = {"create": "+", "adopt": "+", "change": "~", "delete": "-", "refused": "!"}
"""The sign of a card by the plan's action; an unchanged resource has none."""


@dataclass(frozen=True)
class Card:
    """One box of the picture.

    Attributes:
        key: its unique name among the cards.
        title, about: its two lines of text.
        resources: the addresses of the resources that it stands for.
        sign: the plan's action on these resources.
        rank: for services and jobs: the length of the longest chain of calls that leads to it.
        badges: properties that small cards show as icons: `database`, `ec2`, `fargate`.
        cost: its monthly cost on AWS in USD, as declared.
    """

    key: str
    title: str
    about: str
    place: Place
    glyph: Glyph
    resources: tuple[str, ...] = ()
    sign: Sign = ""
    rank: int = 0
    badges: tuple[str, ...] = ()
    cost: float = 0.0


@dataclass(frozen=True)
class Link:
    """A connection from one card to another.

    Attributes:
        label: the text at the line: a port.
    """

    start: str
    end: str
    wire: Wire
    label: str = ""


@dataclass(frozen=True)
class Diagram:
    """The whole content of a picture, without its geometry.

    Attributes:
        title, about: the two lines of the picture's head.
        vpc: the label of the VPC.
        ways: the labels of its tiers, by the tier's name.
        network: the addresses of the resources that the VPC's frame stands for.
    """

    title: str
    about: str
    vpc: str
    ways: Mapping[Place, str]
    network: tuple[str, ...]
    cards: tuple[Card, ...]
    links: tuple[Link, ...]

    @property
    def by_key(self) -> Mapping[str, Card]:
        """The cards by their keys."""
        return {card.key: card for card in self.cards}


_GATE = ("load_balancer", "listener", "listener_certificate", "web_acl_association", "vpc_origin")


@dataclass(frozen=True)
class _Group:
    """Resource types that share one card. Without such resources the card does not exist."""

    key: str
    title: str
    place: Place
    glyph: Glyph
    types: Collection[str]


_GROUPS = (
    _Group("names", "Route 53, ACM", "outside", "names", ("certificate", "validation_record", "delegation")),
    _Group("edge", "CloudFront", "outside", "names", ("distribution",)),
    _Group("balancer", "load balancer", "public", "gate", _GATE),
    _Group("nat", "NAT gateway", "public", "gate", ("nat_gateway", "elastic_ip")),
    _Group(
        "instances", "instances", "private", "server",
        (
            *("auto_scaling_group", "launch_template", "instance_profile", "capacity_provider", "instances"),
            "container_instances",
        ),
    ),
    _Group(
        "database", "Aurora", "database", "cylinder",
        (
            *("db_cluster", "db_instance", "db_subnet_group", "db_cluster_parameter_group", "db_parameter_group"),
            "single_db_instance",
        ),
    ),
    _Group(
        "redis", "Valkey", "database", "cylinder",
        ("replication_group", "cache_subnet_group", "cache_parameter_group"),
    ),
    _Group(
        "cluster", "ECS cluster", "aws", "grid",
        (
            *("cluster", "cluster_capacity_providers", "container_insights", "running_tasks", "account_setting"),
            *("guard_duty_endpoints", "guard_duty_groups"),
        ),
    ),
    _Group("logs", "CloudWatch Logs", "aws", "lines", ("log_group", "flow_log")),
    _Group("alarms", "CloudWatch alarms", "aws", "lines", ("alarm", "event_rule", "topic", "subscription")),
    _Group("parameters", "Parameter Store", "aws", "key", ("secure_parameter", "connection_url")),
    _Group("roles", "IAM roles", "aws", "key", ("role", "service_linked_role")),
    _Group("zones", "private zones", "aws", "names", ("private_dns_namespace",)),
    _Group("schedules", "EventBridge Scheduler", "aws", "lines", ("schedule_group", "universal_schedule")),
    _Group("machines", "Step Functions", "aws", "lines", ("state_machine", "running_executions")),
    _Group("buckets", "S3", "aws", "shelf", ("bucket",)),
    _Group("volumes", "EFS", "aws", "shelf", ("file_system", "mount_target", "access_point")),
    _Group("queues", "SQS", "aws", "lines", ("queue",)),
)  # fmt: skip
_NETWORK = frozenset({
    "vpc", "subnet", "route_table", "internet_gateway", "default_security_group",
    "security_group", "security_group_egress", "security_group_ingress",
    "security_group_rule",
})  # fmt: skip
"""The resource types that the VPC's frame stands for."""
_BY_TYPE = {type_name: group for group in _GROUPS for type_name in group.types}
_OTHER = _Group("other", "other resources", "aws", "shelf", ())


@dataclass
class _Sorted:
    """Resources by the key of their card."""

    cards: dict[str, list[Node]] = field(default_factory=dict)
    network: list[Node] = field(default_factory=list)

    def add(self, key: str, node: Node) -> None:
        self.cards.setdefault(key, []).append(node)


def diagram(
    config: Config,
    view: View,
    actions: Mapping[str, str],
    about: str = "",
    costs: Mapping[str, float] | None = None,
) -> Diagram:
    """Return the picture of a stack.

    Args:
        config: the stack's configuration; the connections follow from it.
        actions: the plan's action on each resource, by address, as `plan --json` names it; may be empty.
        about: the line below the title.
        costs: USD a month by address, for resources that cost something.
    """
    found = _sorted(config, view.nodes)
    signs = {node.address: SIGNS.get(actions.get(node.address, ""), "") for node in view.nodes}
    cards = [_visitor(config)] if config.public else []
    cards += list(_workloads(config, found.cards, signs))
    cards += [_card(config, key, nodes, signs) for key, nodes in found.cards.items() if key not in config.workloads]
    cards = [replace(card, cost=sum((costs or {}).get(address, 0.0) for address in card.resources)) for card in cards]
    return Diagram(
        view.stack,
        about or view.region,
        _vpc(config),
        _ways(config, found),
        tuple(node.address for node in found.network),
        tuple(cards),
        tuple(_links(config, {card.key for card in cards})),
    )


def _sorted(config: Config, nodes: Sequence[Node]) -> _Sorted:
    found = _Sorted()
    for node in nodes:
        if node.workload in config.workloads:
            found.add(node.workload, node)
        elif node.type in _NETWORK:
            found.network.append(node)
        elif node.type == "vpc_endpoint":
            found.add(f"endpoint {node.name}", node)
        elif node.type in ("record_set", "hosted_zone"):
            found.add(_zone(config, node), node)
        else:
            found.add(_BY_TYPE.get(node.type, _OTHER).key, node)
    return found


def _zone(config: Config, node: Node) -> str:
    """Return the key of the card of a hosted zone or record: `zones` for private names, else `names`."""
    private = node.name in ("private", "database") or config.dns.private_domain in str(node.settings.get("record_name"))
    return "zones" if private else "names"


def _visitor(config: Config) -> Card:
    sources = config.network.allow
    if config.listener:
        return Card("visitor", "clients", "", "outside", "user")
    who = "everybody" if "0.0.0.0/0" in sources else ", ".join(sources[:2]) + (", …" if len(sources) > 2 else "")
    return Card("visitor", who, "", "outside", "user")


def _workloads(config: Config, found: Mapping[str, Sequence[Node]], signs: Mapping[str, Sign]) -> Iterator[Card]:
    """Yield services and jobs, each as one card, in the order of the configuration."""
    ranks = _ranks({name: workload.calls for name, workload in config.workloads.items()})
    for name, workload in config.workloads.items():
        nodes = found.get(name, ())
        about = _of_job(config.jobs[name]) if name in config.jobs else _of_service(config.services[name])
        if name in config.hosts:
            about = f"{config.hosts[name][0]}, {about}"
        badges = (*(("database",) if workload.database else ()), workload.launch)
        yield Card(
            name, name, about, "private", "job" if name in config.jobs else "box",
            tuple(node.address for node in nodes), _sign(nodes, signs), ranks[name], badges,
        )  # fmt: skip


def _of_job(job: Job) -> str:
    return job.schedule or ("before each deployment" if job.before_deploy else "run by hand")


def _of_service(service: Service) -> str:
    where = "EC2" if service.launch == "ec2" else "Fargate"
    if service.least == service.most:
        return f"{where}, {count(service.least, 'task')}"
    return f"{where}, {service.least} to {service.most} tasks"


def _ranks(calls: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the longest chain of calls that leads to each service or job, without calls that lead back in a circle."""
    ranks, order = dict.fromkeys(calls, 0), callees_first(calls)
    places = {name: place for place, name in enumerate(order)}
    for caller in reversed(order):
        for callee in (one for one in calls[caller] if places[one] < places[caller]):
            ranks[callee] = max(ranks[callee], ranks[caller] + 1)
    return ranks


def _card(config: Config, key: str, nodes: Sequence[Node], signs: Mapping[str, Sign]) -> Card:
    addresses, sign = tuple(node.address for node in nodes), _sign(nodes, signs)
    if key.startswith("endpoint "):
        return Card(key, key.partition(" ")[2], "", "endpoints", "plug", addresses, sign)
    group = next((one for one in _GROUPS if one.key == key), _OTHER)
    place: Place = "private" if key == "balancer" and config.distributed else group.place
    title = config.own_database.kind.title if key == "database" and config.own_database else group.title
    return Card(key, title, _about(config, key, nodes), place, group.glyph, addresses, sign)


def _about(config: Config, key: str, nodes: Sequence[Node]) -> str:
    """Return the second line of a card other than a service's or job's."""
    match key:
        case "names":
            names = config.names or (config.fqdn,)
            return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        case "edge":
            return "HTTPS 443"
        case "balancer":
            return _balancer(config)
        case "nat":
            return count(sum(node.type == "nat_gateway" for node in nodes), "gateway")
        case "instances":
            return f"{', '.join(config.capacity.instance_types[:2])}, {config.capacity.min} to {config.capacity.max}"
        case "database" | "redis":
            return _store(config, key) or count(len(nodes), "resource")
        case "logs":
            return f"kept for {count(config.logs.retention_days, 'day')}"
        case "cluster":
            return "Container Insights"
        case "zones":
            return config.dns.private_domain
    return count(len(nodes), "resource")


def _store(config: Config, key: str) -> str:
    """Return the size of the database, or of Valkey; empty if the configuration has none."""
    database, redis = config.own_database, config.redis
    if key == "redis":
        return f"{count(redis.nodes, 'node')}, {redis.node}" if redis else ""
    if not database:
        return ""
    if not database.kind.aurora:
        return f"{database.instance}, {database.storage} GB{', and a standby' if database.standby else ''}"
    readers = f", {count(database.readers, 'reader')}" if database.readers else ""
    return f"{database.min_acu:g} to {database.max_acu:g} ACU{readers}"


def _balancer(config: Config) -> str:
    if config.listener:
        return f"{config.listener.split('/')[2]}, of others"
    return "HTTPS 443" if config.https else "HTTP 80"


def _sign(nodes: Sequence[Node], signs: Mapping[str, Sign]) -> Sign:
    """Return the sign of a card: `!` if a resource has it, the common sign if all resources agree, else `~`."""
    counted = [node for node in nodes if not node.bookkeeping] or nodes
    found = {signs[node.address] for node in counted}
    if "!" in found:
        return "!"
    if len(found) == 1:
        return found.pop()
    return "~" if found else ""


def _vpc(config: Config) -> str:
    network = config.network
    return f"VPC {network.vpc}" if network.vpc else f"VPC {network.cidr}, {count(network.zones, 'zone')}"


def _ways(config: Config, found: _Sorted) -> dict[Place, str]:
    """Return the label of each tier that contains a card."""
    tasks = {
        "none": "private subnets: no way out",
        "nat": "private subnets: out by NAT",
        "nat-per-zone": "private subnets: out by NAT in each zone",
        "public": "public subnets of the tasks",
    }[config.network.egress]
    ways: dict[Place, str] = {"private": tasks}
    if ({"nat"} if config.distributed else {"balancer", "nat"}) & found.cards.keys():
        ways["public"] = "public subnets"
    if {"database", "redis"} & found.cards.keys():
        ways["database"] = "database subnets: no way out"
    if any(key.startswith("endpoint ") for key in found.cards):
        ways["endpoints"] = "VPC endpoints"
    return ways


def _links(config: Config, keys: Collection[str]) -> Iterator[Link]:
    """Yield the connections that the configuration allows, if both cards exist."""
    entrance = (
        Link("visitor", "balancer", "https", "443") if config.named else Link("visitor", "balancer", "http", "80")
    )
    every = [entrance]
    if config.distributed:
        every = [Link("visitor", "edge", "https", "443"), Link("edge", "balancer", "http", "80")]
    every += [Link("balancer", name, "port", str(service.port)) for name, service in config.public.items()]
    for name, workload in config.workloads.items():
        every += [Link(name, callee, "calls", str(config.services[callee].port)) for callee in workload.calls]
        if workload.database and config.own_database:
            every.append(Link(name, "database", "sql", str(config.own_database.kind.port)))
        every += [Link(name, "redis", "sql", str(REDIS_PORT))] if workload.redis else []
        every += [Link(name, "instances", "runs")] if workload.launch == "ec2" else []
    return (link for link in every if {link.start, link.end} <= {*keys})
