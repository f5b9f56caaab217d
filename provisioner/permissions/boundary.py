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
    # Session Manager on an instance: AmazonSSMManagedInstanceCore, with no parameters but the stack's
    *grants(
        "ssm",
        "DescribeAssociation DescribeDocument GetDeployablePatchSnapshotForInstance GetDocument GetManifest "
        "ListAssociations ListInstanceAssociations PutComplianceItems PutConfigurePackageResult PutInventory "
        "UpdateAssociationStatus UpdateInstanceAssociationStatus UpdateInstanceInformation",
    ),
    *grants("ssm", "GetParameter GetParameters", "parameter/{stack}/*"),
    *grants(
        "ec2messages",
        "AcknowledgeMessage DeleteMessage FailMessage GetEndpoint GetMessages SendReply",
    ),
    # Session Manager again, and ECS Exec in a task
    *grants("ssmmessages", "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"),
)
"""What the policies of the three sorts of roles come to, limited to this stack's things where they are.

The agent's `ecs:CreateCluster` is left out: it makes a cluster that is not there, and this stack's is.
"""


def boundary(config: Config, account: str = ANY) -> tuple[Permission, ...]:
    """Return the permissions of a stack's boundary, with its own names in them."""
    return tuple(filled(ROLES, names(config, account)))
