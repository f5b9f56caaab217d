"""What AWS answered about one cluster, in the form in which boto3 hands it over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Answer = Mapping[str, Any]
APPLICATION_TAG, ENVIRONMENT_TAG, SERVICE_TAG = "copilot-application", "copilot-environment", "copilot-service"
"""By which tags Copilot's resources say whose they are (aws/copilot-cli, internal/pkg/deploy/deploy.go)."""


@dataclass(frozen=True)
class Unread:
    """A read that AWS refused.

    Attributes:
        action: the permission that it needs, as IAM calls it.
        what: what it would have told.
        why: AWS's code.
    """

    action: str
    what: str
    why: str


@dataclass(frozen=True)
class Subnet:
    """A subnet.

    Attributes:
        leads: where its default route leads: `igw`, an internet gateway; `other`, elsewhere; nothing: there is none;
            None: it is not known.
    """

    id: str
    vpc: str
    leads: str | None


@dataclass(frozen=True)
class Balancing:
    """What stands before services, of Elastic Load Balancing.

    Attributes:
        groups, attributes, balancers, listeners, rules: target groups by their ARNs, the attributes of each, the load
            balancers by theirs, the listeners, and the rules of each by the listener's.
    """

    groups: Mapping[str, Answer] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    balancers: Mapping[str, Answer] = field(default_factory=dict)
    listeners: Sequence[Answer] = ()
    rules: Mapping[str, Sequence[Answer]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scaling:
    """What Application Auto Scaling has of services, by what it calls them: `service/<cluster>/<service>`."""

    targets: Mapping[str, Answer] = field(default_factory=dict)
    policies: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    actions: Mapping[str, Sequence[Answer]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What runs tasks of the cluster by the clock, or when something happens.

    Attributes:
        kind: `rule`, of EventBridge, or `schedule`, of EventBridge Scheduler.
        says: all that is said of it itself.
        target: of its targets the one that is this cluster.
    """

    kind: str
    says: Answer
    target: Answer

    @property
    def parameters(self) -> Answer:
        """What ECS is told: the task definition, the network and the like."""
        return self.target.get("EcsParameters") or {}


@dataclass(frozen=True)
class Answers:
    """All that was answered.

    Attributes:
        account, region: where the cluster is.
        on_aws: whether that is AWS, and not the embedded cloud.
        cluster: of DescribeClusters.
        services: of DescribeServices.
        definitions: task definitions by what names them: an ARN, or a family, whose newest revision is meant.
        tasks: those that run, of DescribeTasks.
        images: of images by tags in ECR the digests that each tag stands for now, by the whole name of the image; of an
            index those of its parts as well. What could not be asked is not in it.
        subnets: by their ids, those of all VPCs that the services are in.
        security_groups: those of these VPCs.
        registries: by the ARN of a service of Cloud Map the name by which programs find it.
        runs: what runs tasks beside the services.
        unread: what could not be read.
    """

    account: str
    region: str
    cluster: Answer
    on_aws: bool = True
    services: Sequence[Answer] = ()
    definitions: Mapping[str, Answer] = field(default_factory=dict)
    tasks: Sequence[Answer] = ()
    images: Mapping[str, Collection[str]] = field(default_factory=dict)
    balancing: Balancing = Balancing()
    scaling: Scaling = Scaling()
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    security_groups: Sequence[Answer] = ()
    registries: Mapping[str, str] = field(default_factory=dict)
    runs: Sequence[Run] = ()
    unread: Sequence[Unread] = ()

    @property
    def name(self) -> str:
        """The cluster's name."""
        return str(self.cluster.get("clusterName", ""))


def tags(of: Answer) -> dict[str, str]:
    """Return the tags of what ECS answered."""
    return {str(one.get("key", "")): str(one.get("value", "")) for one in of.get("tags") or ()}


def placed(service: Answer) -> Answer:
    """Return subnets, security groups and public addresses of a service's tasks; nothing outside of awsvpc."""
    found: Answer = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    return found
