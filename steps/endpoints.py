"""The VPC endpoints: how tasks reach AWS without a way to the internet, and S3's, which costs nothing, in any case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provisioner import Handle, Network, SecurityGroups, Stack, ready, step
from provisioner.config.models import Config
from provisioner.config.secrets import apis, users
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.policies import Policy, policy

INTERFACE_SERVICES = (
    "ssm",
    "ssmmessages",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "ecr.api",
    "ecr.dkr",
    "logs",
)
"""All that a stack may need by itself: Session Manager and ECS Exec, the agent, image pulls, logs.

Not ec2messages, which the AMI's agent (3.3.40 or newer) has no use for, and newer Regions do not have (Systems Manager
guide, ec2messages, ssmmessages, and other API operations).
"""
ALWAYS = {"ecr.api", "ecr.dkr", "logs"}
"""What every task needs to be started, wherever it runs."""
OF_INSTANCES = {"ssm", "ssmmessages", "ecs", "ecs-agent", "ecs-telemetry"}
"""What instances need: Session Manager, and ECS's agent. Tasks on Fargate do without ECS's endpoints (ECS developer
guide, "Amazon ECS interface VPC endpoints")."""
OWN_DATA = {"logs", "ssm"}
"""The services whose calls all concern logs, parameters and instances of this account.

Images may be another account's, which the image's name says; and calls of the others know no resources.
"""
OWN_PREFIX = {"aws-cn": "cn.com.amazonaws", "aws-eusc": "eu.amazonaws"}
"""How names of ECR's endpoint services begin in partitions where they differ from those of the other services."""


@dataclass(frozen=True)
class Endpoints:
    """All endpoints, available: tasks and instances that start before can never reach what they need."""

    available: list[Handle]


def service_name(partition: str, region: str, service: str) -> str:
    """Return the full name of an endpoint service, such as `com.amazonaws.eu-west-1.ecr.api`."""
    own = service.startswith("ecr.") and partition in OWN_PREFIX
    return f"{OWN_PREFIX[partition] if own else 'com.amazonaws'}.{region}.{service}"


def interface_services(config: Config, given: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the services that the stack has interface endpoints for: those that something in it calls.

    With a way to the internet there are none: it leads to AWS's services as well. A VPC that was there has its own.

    Args:
        given: those that steps ask for.
    """
    if config.network.egress != "none" or config.network.vpc:
        return ()
    needed = set(ALWAYS)
    if config.on_instances:
        needed |= OF_INSTANCES
    secrets = apis(users(config.secrets))
    needed |= {*secrets}
    if any(workload.database for workload in config.workloads.values()):
        # ECS reads the password in Parameter Store when it starts a task
        needed.add("ssm")
    if any(map(config.exec_on, config.services)):
        needed.add("ssmmessages")
    own = (service for service in INTERFACE_SERVICES if service in needed)
    return tuple(dict.fromkeys((*own, *secrets, *config.network.endpoints, *given)))


@step
def endpoints(stack: Stack, network: Network, security_groups: SecurityGroups) -> Endpoints:
    """Declare an interface endpoint for each service that is called, and S3's gateway, where image layers are.

    Private DNS makes the services' usual names resolve to the endpoints, so that no program needs to know of them.
    """
    if network.vpc is None:
        return Endpoints([])
    facts = stack.facts

    def full_name(service: str) -> str:
        return service_name(facts.partition, facts.region, service)

    group = [security_groups.endpoints] if security_groups.endpoints else []
    interfaces = [
        stack.ensure(
            VpcEndpoint(
                service,
                network.vpc_id,
                full_name(service),
                "Interface",
                subnet_ids=network.private,
                security_group_ids=group,
                private_dns_enabled=True,
                policy_document=_this_account(stack, service) if service in facts.policed else None,
            )
        )
        for service in interface_services(stack.config, stack.given.endpoints)
    ]
    gateway = stack.ensure(
        VpcEndpoint(
            "s3",
            network.vpc_id,
            full_name("s3"),
            "Gateway",
            route_table_ids=network.task_routes,
            policy_document=policy(*_layers(stack), *_own_buckets(stack)),
        )
    )
    return Endpoints([ready(endpoint) for endpoint in (*interfaces, gateway)])


def _this_account(stack: Stack, service: str) -> Policy:
    """What goes through an interface endpoint: whatever this account's identities may do, and nobody else's.

    Credentials of another account, brought in by an intruder, would carry data out there.
    """
    account = stack.facts.account
    keys = {"aws:PrincipalAccount": account, **({"aws:ResourceAccount": account} if service in OWN_DATA else {})}
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return policy({**allowed, "Condition": {"StringEquals": keys}})


def _layers(stack: Stack) -> Iterator[Policy]:
    """What goes to S3: the download of image layers (ECR user guide, "Minimum Amazon S3 Bucket Permissions").

    It is ECR that signs the links to them, so whose call it is says nothing. The AMI needs no packages: Amazon Linux
    2023 installs none when it starts (its user guide, "Deterministic upgrades").
    """
    facts = stack.facts
    bucket = f"arn:{facts.partition}:s3:::prod-{facts.region}-starport-layer-bucket/*"
    yield {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": bucket}


def _own_buckets(stack: Stack) -> Iterator[Policy]:
    """What goes to S3 besides: what policies of services and jobs allow, in this account's buckets and by it alone."""
    asked = sorted({one for name in stack.config.workloads for one in stack.config.s3_actions(name)})
    if asked:
        own = dict.fromkeys(("aws:PrincipalAccount", "aws:ResourceAccount"), stack.facts.account)
        allowed = {"Effect": "Allow", "Principal": "*", "Action": asked, "Resource": "*"}
        yield {**allowed, "Condition": {"StringEquals": own}}
