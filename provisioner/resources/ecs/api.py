"""ECS as an API: its tag calls, its temporary refusals, its rates."""

from __future__ import annotations

from provisioner.aws.api import Api, Limit, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import (
    OURS,
    OWN,
    TAGS_AT_ONCE,
    UNSHOWN_TAGS,
    Permission,
    Use,
    creating,
    grants,
    retagging,
    untagging,
)
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

_RATES = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"

TAGGED: tuple[Permission, ...] = (
    *grants("ecs", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
    *grants(
        "ecs",
        "TagResource",
        OWN,
        conditions=creating(
            "ecs:CreateAction", *("CreateCapacityProvider", "CreateCluster", "CreateService", "RegisterTaskDefinition")
        ),
        **TAGS_AT_ONCE,
    ),
    *retagging("ecs", "TagResource", OWN),
    *untagging("ecs", "UntagResource", OWN, conditions=OURS),
)
"""The permissions for the tags of ECS's types."""

API = Api(
    "ecs",
    "ECS",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("ecs").list_tags_for_resource(resourceArn=arn)["tags"], "key", "value"),
        lambda aws, arn, tags: aws.client("ecs").tag_resource(resourceArn=arn, tags=tag_pairs(tags, "key", "value")),
        lambda aws, arn, keys: aws.client("ecs").untag_resource(resourceArn=arn, tagKeys=keys),
    ),
    transient=(
        Row("not_yet_consistent", "AccessDeniedException", "iam:PassRole", 60, "the role has not propagated yet",
            "terraform-aws-modules/terraform-aws-ecs#415"),
        Row("not_yet_consistent", "ClientException", "Role is not valid", 60, "the role has not propagated yet",
            "fabfuel/ecs-deploy#231"),
        Row("not_yet_consistent", "InvalidParameterException", "Unable to assume the service linked role", 120,
            "ECS cannot use its service-linked role yet", "terraform-provider-aws ecs/cluster.go"),
        Row("not_yet_consistent", "ClientException", "Service Linked Role does not exist", 120,
            "ECS does not see its service-linked role yet", "terraform-provider-aws#19977"),
        Row("not_yet_consistent", "InvalidParameterException", "role being passed has the proper permissions", 120,
            "ECS cannot use its service-linked role yet", "terraform-provider-aws ecs/service.go"),
        Row("not_yet_consistent", "ClusterNotFoundException", "", 120, "the cluster has not propagated yet",
            "terraform-provider-aws ecs/service.go", operation="CreateService"),
        Row("not_yet_consistent", "InvalidParameterException", "not in an ACTIVE state", 120,
            "the capacity provider is not active yet", "terraform-provider-aws#45693"),
        Row("not_yet_consistent", "InvalidParameterException", "does not have an associated load balancer", 120,
            "the target group is not attached to a listener yet", "terraform-provider-aws ecs/service.go"),
        Row("not_yet_consistent", "InvalidParameterException", "still Draining", 900,
            "the service of this name is still draining", "terraform-provider-aws#2283"),
        Row("not_yet_consistent", "ClientException", "Cluster was not ACTIVE", 120, "the cluster is not active yet",
            "terraform-provider-aws ecs/cluster_capacity_providers.go"),
        Row("in_use", "UpdateInProgressException", "", 600, "the cluster is being changed",
            "terraform-provider-aws#11285"),
        Row("in_use", "ClusterContains\\w+Exception", "", 1200, "the cluster is not empty yet",
            "ECS API, DeleteCluster"),
        Row("in_use", "ResourceInUseException", "", 1200, "tasks still use the capacity provider",
            "terraform-provider-aws ecs/cluster_capacity_providers.go"),
        # its status or its tasks have changed since it was listed; AWS documents no message
        Row("in_use", "InvalidParameterException|ClientException", "", 600, "the container instances are changing",
            "ECS API, UpdateContainerInstancesState",
            operation="DeregisterContainerInstance|UpdateContainerInstancesState"),
        Row("in_use", "InvalidParameterException|DependencyViolation", "deployments are active|has a dependent object",
            600, "the service still has deployments", "terraform-provider-aws ecs/service.go"),
        Row("not_found", "ClientException", "does not exist|Unable to describe"),
        Row("not_found", "ServiceNotActiveException"),
    ),
    rates=(
        Limit(
            "together",
            20,
            1,
            _RATES,
            ("CreateCluster", "DeleteCluster", "PutClusterCapacityProviders", "UpdateCluster", "UpdateClusterSettings"),
        ),
        Limit("together", 50, 20, _RATES, ("DescribeClusters", "ListClusters")),
        Limit("together", 20, 1, _RATES, ("DeregisterTaskDefinition", "RegisterTaskDefinition")),
        Limit(
            "together",
            50,
            20,
            _RATES,
            ("DescribeTaskDefinition", "ListTaskDefinitionFamilies", "ListTaskDefinitions"),
        ),
        Limit("together", 5, 1, _RATES, ("DeleteTaskDefinitions",)),
        Limit(
            "together",
            10,
            1,
            _RATES,
            ("CreateCapacityProvider", "DeleteCapacityProvider", "UpdateCapacityProvider"),
        ),
        Limit("together", 50, 20, _RATES, ("DescribeCapacityProviders",)),
        Limit("together", 20, 10, _RATES, ("TagResource", "UntagResource")),
        Limit("together", 50, 20, _RATES, ("ListTagsForResource",)),
        Limit("together", 10, 1, _RATES, ("DeleteAccountSetting", "PutAccountSetting", "PutAccountSettingDefault")),
        Limit("together", 50, 20, _RATES, ("ListAccountSettings",)),
        Limit(
            "together",
            100,
            40,
            _RATES,
            ("DeregisterContainerInstance", "RunTask", "StartTask", "StopTask", "UpdateContainerInstancesState"),
        ),
        Limit(
            "together",
            100,
            20,
            _RATES,
            ("DescribeContainerInstances", "DescribeTasks", "ListContainerInstances", "ListTasks"),
        ),
        Limit("together", 50, 5, _RATES, ("CreateService", "DeleteService", "UpdateService")),
        # that calls for service deployments share this bucket is a cautious guess
        Limit(
            "together",
            100,
            20,
            _RATES,
            (
                "DescribeServiceDeployments",
                "DescribeServiceRevisions",
                "DescribeServices",
                "ListServiceDeployments",
                "ListServices",
            ),
        ),
    ),
)  # fmt: skip
