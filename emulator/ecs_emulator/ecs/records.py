"""ECS's records: clusters, providers, task definitions, services, deployments, tasks, instances."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Shape = dict[str, Any]
NEVER = float("inf")
FARGATE = ("FARGATE", "FARGATE_SPOT")


def now() -> datetime:
    """Return the date and time, as AWS puts it into answers."""
    return datetime.now(UTC)


def tag_map(tags: list[Shape] | None) -> dict[str, str]:
    """Return ECS's list of tags as a dictionary."""
    return {tag["key"]: tag.get("value", "") for tag in tags or []}


def tag_list(tags: dict[str, str]) -> list[Shape]:
    """Return a dictionary of tags as ECS answers it."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def on_fargate(shape: Shape) -> bool:
    """Return whether a service's or task's launch type or strategy means Fargate."""
    strategy = shape.get("capacityProviderStrategy")
    return strategy[0]["capacityProvider"] in FARGATE if strategy else shape.get("launchType") == "FARGATE"


def last_part(name_or_arn: str) -> str:
    """Return the name or id at the end of an ARN, or the argument itself."""
    return name_or_arn.rpartition("/")[2] if name_or_arn.startswith("arn:") else name_or_arn


@dataclass
class Cluster:
    """A cluster; INACTIVE clusters stay describable. `busy_until` is when its attachments are complete."""

    name: str
    arn: str
    tags: dict[str, str]
    settings: list[Shape]
    configuration: Shape | None
    service_connect: Shape | None
    providers: list[str] = field(default_factory=list)
    strategy: list[Shape] = field(default_factory=list)
    attachments: dict[str, list[Shape]] = field(default_factory=dict)
    status: str = "ACTIVE"
    busy_until: float = 0.0
    failed: bool = False
    gone_at: float = NEVER
    reports_until: float = 0.0
    next_report: float = 0.0


@dataclass
class CapacityProvider:
    """A capacity provider; `group` is empty for Fargate's two."""

    name: str
    arn: str
    group: Shape
    tags: dict[str, str]
    status: str = "ACTIVE"
    status_at: float = NEVER
    update_status: str = ""
    update_reason: str = ""
    next_look: float = 0.0
    surplus_since: float = NEVER

    @property
    def group_name(self) -> str:
        """The Auto Scaling group's name, from its ARN or as given."""
        return str(self.group.get("autoScalingGroupArn", "")).rpartition("/")[2]


@dataclass
class TaskDefinition:
    """A revision of a task definition; `shape` is the answer of DescribeTaskDefinition."""

    family: str
    revision: int
    arn: str
    shape: Shape
    tags: dict[str, str]
    status: str = "ACTIVE"


@dataclass
class Deployment:
    """A service revision and its tasks: the PRIMARY is the newest, others are ACTIVE until their tasks are gone.

    Attributes:
        balancers: its load balancers, each with the one target group (of two) that its tasks are in.
        wanted: how many tasks it is to have while a newer one is rolled out. retry_at: when to place them again.
    """

    id: str
    task_definition: str
    spec: Shape
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    state: str = "IN_PROGRESS"
    reason: str = ""
    failed: int = 0
    seen: bool = False
    balancers: list[Shape] = field(default_factory=list)
    wanted: int = 0
    retry_at: float = 0.0


@dataclass
class Hook:
    """A PAUSE hook that a service deployment has reached: `action` follows if nobody answers before `until`.

    Attributes:
        expires: the same moment, as AWS answers it.
    """

    id: str
    until: float
    expires: datetime
    action: str
    status: str = "AWAITING_ACTION"


@dataclass
class ServiceDeployment:
    """A rollout of a service in its history: its source and target revisions, and its result.

    Attributes:
        source, target: ids of `Deployment`; a service's first rollout has no source.
        configuration: the service's deployment configuration when it began.
        rollback: the members of AWS's `Rollback`, with the id of a `Deployment` for the revision's ARN.
        counts: the numbers of tasks by id of a `Deployment`. counted: whether they are the final ones of its end.
        until: the end of its stage, if the stage lasts a while.
        steps: percentages of the traffic that are still to be shifted to it, each with its bake time in minutes.
        weight: its percentage of the traffic. test_weight: its percentage of the test traffic.
        alarms: the CloudWatch alarms that have stopped it.
        ignored: the alarms that were in ALARM when it began.
        hooks: the hooks of its stage.
    """

    id: str
    source: list[str]
    target: str
    configuration: Shape
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    started: datetime | None = None
    finished: datetime | None = None
    stopped: datetime | None = None
    status: str = "PENDING"
    reason: str = ""
    stage: str = ""
    until: float = NEVER
    steps: list[tuple[float, float]] = field(default_factory=list)
    weight: float = 0.0
    test_weight: float = 0.0
    alarms: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    triggered: bool = False
    threshold: int = 0
    rollback: Shape = field(default_factory=dict)
    counts: dict[str, Shape] = field(default_factory=dict)
    counted: bool = False
    hooks: list[Hook] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Return whether the rollout has ended."""
        return self.finished is not None

    @property
    def rolls(self) -> bool:
        """Return whether it is a rolling update, the default strategy."""
        return bool(self.configuration.get("strategy", "ROLLING") == "ROLLING")


@dataclass
class Service:
    """A service; `shape` holds the settings as AWS answers them, changing values have their own attributes.

    Attributes:
        revisions: all deployments so far, by their ids.
        history: its service deployments, the newest first.
        connect: the ids of its entries in Cloud Map that ECS keeps for Service Connect, by their names.
    """

    name: str
    arn: str
    cluster: str
    shape: Shape
    tags: dict[str, str]
    desired: int
    deployments: list[Deployment]
    token: str = ""
    request: Shape = field(default_factory=dict)
    status: str = "ACTIVE"
    events: list[Shape] = field(default_factory=list)
    retry_at: float = 0.0
    revisions: dict[str, Deployment] = field(default_factory=dict)
    history: list[ServiceDeployment] = field(default_factory=list)
    connect: dict[str, str] = field(default_factory=dict)

    @property
    def rolls(self) -> bool:
        """Return whether the service uses rolling updates, the default strategy."""
        return bool(self.shape["deploymentConfiguration"].get("strategy", "ROLLING") == "ROLLING")

    def say(self, text: str) -> None:
        """Add a service event, newest first; AWS keeps the last 100."""
        message = f"(service {self.name}) {text}"
        self.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": now(), "message": message})
        del self.events[100:]


def is_essential(container: Shape) -> bool:
    """Return whether the task ends with this container (API reference, ContainerDefinition, essential)."""
    return bool(container.get("essential", True))


@dataclass
class Task:
    """A task on its way from PROVISIONING to STOPPED; `next_at` is the moment of its next step.

    Attributes:
        endpoints: its endpoints of Service Connect: by `name:port`, an entry's id in Cloud Map.
    """

    id: str
    arn: str
    cluster: str
    definition: TaskDefinition
    spec: Shape
    group: str
    started_by: str
    tags: dict[str, str]
    overrides: Shape
    provider: str = ""
    launch_type: str = ""
    service: str = ""
    deployment: str = ""
    instance: str = ""
    zone: str = ""
    status: str = "PROVISIONING"
    desired: str = "RUNNING"
    next_at: float = 0.0
    forget_at: float = NEVER
    gives_up_at: float = NEVER
    interface: str = ""
    address: str = ""
    attachment: str = field(default_factory=lambda: str(uuid.uuid4()))
    runtime: str = field(default_factory=lambda: secrets.token_hex(16))
    times: dict[str, datetime] = field(default_factory=lambda: {"createdAt": now()})
    stop_code: str = ""
    stop_reason: str = ""
    container_reason: str = ""
    exit_code: int | None = None
    exit_codes: dict[str, int] = field(default_factory=dict)
    waited: bool = False
    registered: bool = False
    counted: bool = False
    counts_at: float = 0.0
    unwell: str = ""
    was_well: bool = False
    protected_until: datetime | None = None
    endpoints: dict[str, str] = field(default_factory=dict)

    @property
    def is_protected(self) -> bool:
        """Return whether the service scheduler must not stop the task to scale in or to deploy."""
        return self.protected_until is not None and self.protected_until > now()

    @property
    def ended(self) -> bool:
        """Return whether nothing of the task runs or holds resources any more."""
        return self.status == "STOPPED"

    def note_exit(self, container: Shape, code: int) -> None:
        """Record that a container has ended; an essential one also sets the task's exit code."""
        self.exit_codes[container["name"]] = code
        if is_essential(container):
            self.exit_code = code

    @property
    def runtime_ids(self) -> list[str]:
        """The ids of the task's containers in the container runtime, in the definition's order."""
        return [f"{self.runtime}-{number}" for number in range(len(self.definition.shape["containerDefinitions"]))]


@dataclass
class ContainerInstance:
    """An EC2 instance whose agent registered with a cluster."""

    arn: str
    cluster: str
    ec2_id: str
    provider: str
    cpu: int
    memory: int
    slots: int
    attributes: dict[str, str]
    tags: dict[str, str]
    status: str = "ACTIVE"
    due: float = 0.0
    connected: bool = True
    registered: datetime = field(default_factory=now)
    version: int = 1

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return last_part(self.arn)

    @property
    def gone(self) -> bool:
        """Return whether it has left its cluster, or is leaving it."""
        return self.status in ("DEREGISTERING", "INACTIVE")
