"""Elastic Container Service, which is our own (`ecs_emulator.ecs`)."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json

_LINKED = "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
_SLR = "terraform-provider-aws ecs/cluster.go"

API = EmulatedApi(
    "ecs",
    pages=Pages(Bounds(100, 1, 100), "InvalidParameterException", "InvalidParameterException"),
    lists={
        "DescribeCapacityProviders": Bounds(10, 1, 10),
        "ListAccountSettings": Bounds(10, 1, 10),
        "ListServiceDeployments": Bounds(20, 1, 100),
        "ListServices": Bounds(10, 1, 100),
        "ListServicesByNamespace": Bounds(10, 1, 100),
    },
    more_lists={
        "DescribeCapacityProviders": ("nextToken", "maxResults", "capacityProviders"),
        "ListServiceDeployments": ("nextToken", "maxResults", "serviceDeployments"),
    },
    codes=Codes("ThrottlingException", "ServerException"),
    refusals=(
        Refusal(
            "ecs",
            "RegisterTaskDefinition",
            3,
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/moto is not authorized to perform: iam:PassRole on resource: {} "
            "because no identity-based policy allows the iam:PassRole action",
            in_json("executionRoleArn"),
            "terraform-aws-modules/terraform-aws-ecs#415",
        ),
        Refusal(
            "ecs",
            "RegisterTaskDefinition",
            5,
            "ClientException",
            "Role is not valid",
            in_json("family"),
            "fabfuel/ecs-deploy#231",
        ),
        Refusal("ecs", "CreateCluster", 10, "InvalidParameterException", _LINKED, in_json("clusterName"), _SLR),
        Refusal(
            "ecs",
            "PutClusterCapacityProviders",
            10,
            "InvalidParameterException",
            _LINKED,
            r'"capacityProviders": ?\["([^"]+)"',
            _SLR,
        ),
        Refusal("ecs", "CreateService", 10, "InvalidParameterException", _LINKED, in_json("serviceName"), _SLR),
        Refusal(
            "ecs",
            "CreateCapacityProvider",
            10,
            "ClientException",
            "The ECS Service Linked Role does not exist. Please ensure that it exists and try again.",
            in_json("name"),
            "terraform-provider-aws#19977",
        ),
        Refusal(
            "ecs",
            "CreateService",
            5,
            "InvalidParameterException",
            "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role "
            "being passed has the proper permissions.",
            in_json("targetGroupArn"),
            "terraform-provider-aws ecs/service.go",
        ),
        Refusal(
            "ecs",
            "PutClusterCapacityProviders",
            10,
            "InvalidParameterException",
            "The specified capacity provider '{}' is not in an ACTIVE state. Specify a valid capacity provider and try "
            "again.",
            r'"capacityProviders": ?\["([^"]+)"',
            "terraform-provider-aws#45693",
        ),
        Refusal(
            "ecs",
            "PutClusterCapacityProviders",
            10,
            "UpdateInProgressException",
            "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED "
            "state before they can be updated. Wait and try again.",
            in_json("cluster"),
            "terraform-provider-aws#11285",
        ),
        Refusal(
            "ecs",
            "PutClusterCapacityProviders",
            20,
            "ResourceInUseException",
            "The specified capacity provider is in use and cannot be removed.",
            r'(?s)(?=.*"capacityProviders": ?\[\]).*"cluster": ?"([^"]+)"',
            "terraform-provider-aws#11409",
        ),
        Refusal(
            "ecs",
            "CreateService",
            10,
            "InvalidParameterException",
            "The target group with targetGroupArn {} does not have an associated load balancer.",
            in_json("targetGroupArn"),
            "terraform-provider-aws ecs/service.go",
        ),
        Refusal(
            "ecs",
            "CreateService",
            30,
            "InvalidParameterException",
            "Unable to Start a service that is still Draining.",
            in_json("serviceName"),
            "terraform-provider-aws#2283",
        ),
        Refusal(
            "ecs",
            "CreateService",
            3,
            "ClusterNotFoundException",
            "Cluster not found.",
            in_json("cluster"),
            "terraform-provider-aws ecs/service.go",
        ),
        Refusal(
            "ecs",
            "DeleteService",
            10,
            "InvalidParameterException",
            "The service cannot be stopped while deployments are active.",
            in_json("service"),
            "terraform-provider-aws ecs/service.go",
        ),
        Refusal(
            "ecs",
            "DeleteCluster",
            10,
            "UpdateInProgressException",
            "The specified cluster is in a busy state. Wait and try again.",
            in_json("cluster"),
            "terraform-provider-aws ecs/cluster.go",
        ),
        Refusal(
            "ecs",
            "DeleteCluster",
            10,
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
            in_json("cluster"),
            "aws-cdk#18179",
        ),
        Refusal(
            "ecs",
            "DeleteCluster",
            10,
            "ClusterContainsTasksException",
            "The Cluster cannot be deleted while Tasks are active.",
            in_json("cluster"),
            "ECS API",
        ),
    ),
    modules=(),
)
