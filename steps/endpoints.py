"""The VPC endpoints: interface endpoints to AWS's services without internet access, and always S3's free gateway."""

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
"""The services that a stack itself may need: Session Manager and ECS Exec, the agent, image pulls, logs.

ec2messages is left out: the AMI's agent (3.3.40 or newer) does not use it, and newer Regions do not have it (Systems
Manager guide, ec2messages, ssmmessages, and other API operations).
"""
ALWAYS = {"ecr.api", "ecr.dkr", "logs"}
"""The services that every task needs to start, on Fargate and on instances."""
OF_INSTANCES = {"ssm", "ssmmessages", "ecs", "ecs-agent", "ecs-telemetry"}
"""The services that instances need: Session Manager, and ECS's agent.

Tasks on Fargate do not need ECS's endpoints (ECS developer guide, "Amazon ECS interface VPC endpoints").
"""
OWN_DATA = {"logs", "ssm"}
"""The services whose calls all concern logs, parameters and instances of this account.

Calls of other services may concern another account's images, or name no resource at all.
"""
OWN_PREFIX = {"aws-cn": "cn.com.amazonaws", "aws-eusc": "eu.amazonaws"}
"""The prefix of ECR's endpoint services in partitions where it differs from other services' prefix."""


@dataclass(frozen=True)
class Endpoints:
    """All endpoints, once available: tasks and instances that start earlier could never reach AWS's services."""

    available: list[Handle]


def service_name(partition: str, region: str, service: str) -> str:
    """Return the full name of an endpoint service, such as `com.amazonaws.eu-west-1.ecr.api`."""
    own = service.startswith("ecr.") and partition in OWN_PREFIX
    return f"{OWN_PREFIX[partition] if own else 'com.amazonaws'}.{region}.{service}"


def interface_services(config: Config, given: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the AWS services that need interface endpoints because something in the stack calls them.

    With internet access there are none, because it also leads to AWS's services. A VPC that existed before the stack
    has its own.

    Args:
        given: further services that steps ask for.
    """
    if config.network.egress != "none" or config.network.vpc:
        return ()
    needed = set(ALWAYS)
    if config.on_instances:
        needed |= OF_INSTANCES
    secrets = apis(users(config.secrets))
    needed |= {*secrets}
    if any(workload.database or workload.redis for workload in config.workloads.values()):
        # ECS reads the password, and the URL in Parameter Store when it starts a task
        needed.add("ssm")
    if any(map(config.exec_on, config.services)):
        needed.add("ssmmessages")
    own = (service for service in INTERFACE_SERVICES if service in needed)
    stores = [name for name, used in (("sqs", "queues"), ("sns", "topics")) if _used(config, used)]
    return tuple(dict.fromkeys((*own, *secrets, *stores, *config.network.endpoints, *given)))


def _used(config: Config, key: str) -> bool:
    """Return whether a service or a job has a key that names stores of the stack."""
    return any(getattr(workload, key) for workload in config.workloads.values())


@step
def endpoints(stack: Stack, network: Network, security_groups: SecurityGroups) -> Endpoints:
    """Declare an interface endpoint for each called service, and S3's gateway, which serves image layers.

    Private DNS makes the services' usual names resolve to the endpoints, so that programs need no changes.
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
    """Return an endpoint policy that allows this account's identities all actions, and other accounts none.

    An intruder could bring credentials of another account, and carry data out to it.
    """
    account = stack.facts.account
    keys = {"aws:PrincipalAccount": account, **({"aws:ResourceAccount": account} if service in OWN_DATA else {})}
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return policy({**allowed, "Condition": {"StringEquals": keys}})


def _layers(stack: Stack) -> Iterator[Policy]:
    """Yield S3's statement for downloading image layers (ECR user guide, "Minimum Amazon S3 Bucket Permissions").

    ECR signs the links to the layers, so the caller's identity says nothing. The AMI needs no packages: Amazon Linux
    2023 installs none when it starts (its user guide, "Deterministic upgrades").
    """
    facts = stack.facts
    bucket = f"arn:{facts.partition}:s3:::prod-{facts.region}-starport-layer-bucket/*"
    yield {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": bucket}


def _own_buckets(stack: Stack) -> Iterator[Policy]:
    """Yield S3's statement for the actions in services' and jobs' policies, within this account's buckets only."""
    asked = sorted({one for name in stack.config.workloads for one in stack.config.s3_actions(name)})
    if asked:
        own = dict.fromkeys(("aws:PrincipalAccount", "aws:ResourceAccount"), stack.facts.account)
        allowed = {"Effect": "Allow", "Principal": "*", "Action": asked, "Resource": "*"}
        yield {**allowed, "Condition": {"StringEquals": own}}
