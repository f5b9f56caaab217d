"""Error messages of ECS that several rules use; `{}` stands for a name."""

from __future__ import annotations

CANNOT_VALIDATE_GROUP = (
    "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role "
    "being passed has the proper permissions."
)
CLUSTER_BUSY = (
    "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED "
    "state before they can be updated. Wait and try again."
)
CLUSTER_HAS_INSTANCES = "The Cluster cannot be deleted while Container Instances are active or draining."
CLUSTER_HAS_TASKS = "The Cluster cannot be deleted while Tasks are active."
ENTRY_IN_USE = "SC service is already used by {}"
"""The error for a name or an endpoint of Service Connect that its namespace already has (aws/copilot-cli#4337)."""
GROUP_WITHOUT_BALANCER = "The target group with targetGroupArn {} does not have an associated load balancer."
NO_SUCH_NAMESPACE = "The specified namespace {} was not found."
NO_SUCH_PORT = "portName({}) does not refer to any named PortMapping in the container definitions"
PROVIDER_IN_USE = "The specified capacity provider is in use and cannot be removed."
ROLE_NOT_VALID = "Role is not valid"
SERVICE_DRAINING = "Unable to Start a service that is still Draining."
TOO_MANY_TAGS = "The maximum number of tags for a resource is 50."
