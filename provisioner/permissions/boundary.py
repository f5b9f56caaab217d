"""The most that the roles may ever do that a stack makes: of its instances, of ECS at a task's start, of its tasks."""

from __future__ import annotations

from provisioner.config import Config
from provisioner.permissions.model import Conditions, Permission, filled, grants
from provisioner.permissions.table import ANY, names

_CLUSTER: Conditions = (("ArnEquals", "ecs:cluster", ("arn:{partition}:ecs:{region}:{account}:cluster/{stack}",)),)
_REGISTERED: Conditions = (("StringEquals", "ecs:CreateAction", ("CreateCluster", "RegisterContainerInstance")),)

ROLES: tuple[Permission, ...] = (
    # the agent of an instance: AmazonEC2ContainerServiceforEC2Role, for this stack's cluster
    *grants("ec2", "DescribeTags"),
    *grants("ecs", "DiscoverPollEndpoint"),
    *grants("ecs", "DeregisterContainerInstance RegisterContainerInstance", "cluster/{stack}"),
    *grants(
        "ecs",
        "Poll StartTelemetrySession UpdateContainerInstancesState",
        "container-instance/{stack}/*",
        conditions=_CLUSTER,
    ),
    *grants("ecs", "Submit*", "cluster/{stack}"),
    *grants("ecs", "TagResource", "container-instance/{stack}/*", conditions=_REGISTERED),
    *grants("ecs", "ListTagsForResource", "container-instance/{stack}/*", "task/{stack}/*"),
    # an instance and ECS pull images, of any repository, and write the logs of this stack's tasks
    *grants("ecr", "GetAuthorizationToken"),
    *grants("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer", "repository/*"),
    *grants("logs", "CreateLogStream PutLogEvents", "log-group:/ecs/{stack}/*"),
    # ECS hands tasks their secrets
    *grants("ssm", "GetParameters", "parameter/{stack}/*"),
    # Session Manager on an instance, ECS Exec in a task
    *grants("ssm", "UpdateInstanceInformation"),
    *grants("ssmmessages", "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"),
)
"""What the policies of the three sorts of roles come to, limited to this stack's things where they are.

The agent's `ecs:CreateCluster` is left out: it makes a cluster that is not there, and this stack's is.
"""


def boundary(config: Config, account: str = ANY) -> tuple[Permission, ...]:
    """Return the permissions of a stack's boundary, with its own names in them."""
    return tuple(filled(ROLES, names(config, account)))
