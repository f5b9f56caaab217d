"""AWS's answers about one cluster, in the form that boto3 returns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Answer = Mapping[str, Any]
APPLICATION_TAG, ENVIRONMENT_TAG, SERVICE_TAG = "copilot-application", "copilot-environment", "copilot-service"
"""The tags with which Copilot marks its resources (aws/copilot-cli, internal/pkg/deploy/deploy.go)."""


@dataclass(frozen=True)
class Unread:
    """A read that AWS refused.

    Attributes:
        action: the IAM action that the read needs.
        what: the information that is missing now.
        why: AWS's error code.
    """

    action: str
    what: str
    why: str


@dataclass(frozen=True)
class Subnet:
    """A subnet.

    Attributes:
        leads: the target of its default route: `igw`, an internet gateway; `other`, another target; empty if there is
            no such route; None if it is not known.
    """

    id: str
    vpc: str
    leads: str | None


@dataclass(frozen=True)
class Balancing:
    """The Elastic Load Balancing resources of the services.

    Attributes:
        groups, attributes: target groups, and the attributes of each, by the target group's ARN.
        balancers: load balancers by ARN. listeners: all listeners. rules: the rules of each listener, by its ARN.
    """

    groups: Mapping[str, Answer] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    balancers: Mapping[str, Answer] = field(default_factory=dict)
    listeners: Sequence[Answer] = ()
    rules: Mapping[str, Sequence[Answer]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scaling:
    """Application Auto Scaling's settings of services, by its resource id `service/<cluster>/<service>`."""

    targets: Mapping[str, Answer] = field(default_factory=dict)
    policies: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    actions: Mapping[str, Sequence[Answer]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A rule or a schedule that starts tasks of the cluster.

    Attributes:
        kind: `rule` of EventBridge, or `schedule` of EventBridge Scheduler.
        says: AWS's description of the rule or schedule itself.
        target: its target that is this cluster.
    """

    kind: str
    says: Answer
    target: Answer

    @property
    def parameters(self) -> Answer:
        """The parameters for ECS: the task definition, the network and the like."""
        return self.target.get("EcsParameters") or {}


@dataclass(frozen=True)
class Answers:
    """All answers about a cluster.

    Attributes:
        account, region: the account and the Region of the cluster.
        on_aws: whether the cluster is on AWS, and not on the embedded cloud.
        cluster: the answer of DescribeClusters.
        services: the answers of DescribeServices.
        definitions: task definitions by ARN, or by family for the family's newest revision.
        tasks: the running tasks (DescribeTasks).
        images: for tagged images in ECR, the present digests of the tag, by the image's full name; for an index, the
            digests of its parts too. Images that could not be read are missing.
        subnets: the subnets of the tasks, by id.
        security_groups: the security groups of the tasks' and load balancers' VPCs.
        registries: the DNS name of each Cloud Map service, by its ARN.
        runs: the rules and schedules that start tasks of the cluster.
        unused: the families of Copilot's task definitions that neither services nor runs name.
        gateways: the gateway that each service is connected to, by the service's ARN.
        unread: the reads that AWS refused.
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
    unused: Sequence[str] = ()
    gateways: Mapping[str, str] = field(default_factory=dict)
    unread: Sequence[Unread] = ()

    @property
    def name(self) -> str:
        """The cluster's name."""
        return str(self.cluster.get("clusterName", ""))


def tags(of: Answer) -> dict[str, str]:
    """Return the tags in an answer of ECS."""
    return {str(one.get("key", "")): str(one.get("value", "")) for one in of.get("tags") or ()}


def placed(service: Answer) -> Answer:
    """Return the awsvpc configuration of a service's tasks; empty in another network mode."""
    found: Answer = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    return found
