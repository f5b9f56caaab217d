"""Refusals by ECS about clusters, capacity providers, account settings and tags."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.autoscaling import auto_scaling_group
from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.network import subnets

case = partial(Case, "ecs")
SCALING = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html"
STRATEGY = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html"
ITEM = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"


@once
def cluster(scene: Scene, name: str = "main") -> str:
    """A cluster with Fargate's two providers."""
    scene.client("ecs").create_cluster(clusterName=name, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return name


@once
def provider(scene: Scene, name: str = "spot") -> str:
    """A capacity provider over a group of its own."""
    ecs = scene.client("ecs")
    ecs.create_capacity_provider(
        name=name, autoScalingGroupProvider={"autoScalingGroupArn": auto_scaling_group(scene, f"of-{name}")}
    )
    return name


@once
def bound(scene: Scene) -> str:
    """A cluster with the provider of a group."""
    ecs = scene.client("ecs")
    ecs.create_cluster(clusterName="bound")
    put(ecs, "bound", provider(scene, "bound-spot"))

    def attached() -> bool:
        found = ecs.describe_clusters(clusters=["bound"], include=["ATTACHMENTS"])["clusters"][0]
        return bool(found.get("attachmentsStatus") == "UPDATE_COMPLETE")

    scene.wait(attached)
    return "bound"


@once
def instance_cluster(scene: Scene) -> str:
    """A cluster with one container instance."""
    scene.client("ecs").create_cluster(clusterName="hosts")
    container_instance(scene)
    return "hosts"


@once
def container_instance(scene: Scene) -> str:
    """The ARN of a container instance in the cluster `hosts`."""
    ec2, ecs = scene.client("ec2"), scene.client("ecs")
    image = ec2.register_image(Name="host", RootDeviceName="/dev/xvda")["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="c5.large", MinCount=1, MaxCount=1, SubnetId=subnets(scene)[0])
    document = json.dumps({"instanceId": made["Instances"][0]["InstanceId"]})
    answer = ecs.register_container_instance(cluster="hosts", instanceIdentityDocument=document)
    return str(answer["containerInstance"]["containerInstanceArn"])


def put(ecs: Any, name: str, *providers: str, strategy: list[dict[str, Any]] | None = None) -> Any:
    """Put capacity providers on a cluster."""
    return ecs.put_cluster_capacity_providers(
        cluster=name, capacityProviders=list(providers), defaultCapacityProviderStrategy=strategy or []
    )


def entry(name: str, weight: int = 1, base: int = 0) -> dict[str, Any]:
    return {"capacityProvider": name, "weight": weight, "base": base}


def changing(scene: Scene, ecs: Any) -> str:
    """A cluster that is just getting a provider."""
    name = scene.name("cluster")
    ecs.create_cluster(clusterName=name)
    put(ecs, name, "FARGATE")
    return name


def in_use(scene: Scene, ecs: Any) -> Any:
    """Take a provider from a cluster in which a task waits for it."""
    from tests.cloud.refusals.ecs_tasks import awsvpc, definition

    where = bound(scene)
    definition(scene, "host", "EC2")
    ecs.run_task(
        cluster=where, taskDefinition="host", capacityProviderStrategy=[entry("bound-spot")],
        networkConfiguration=awsvpc(scene),
    )  # fmt: skip
    return put(ecs, where)


def full(scene: Scene, ecs: Any, what: str) -> Any:
    """Delete a cluster with a service or a task in it."""
    from tests.cloud.refusals.ecs_tasks import awsvpc, definition

    name = cluster(scene, f"with-{what}")
    how = {"taskDefinition": definition(scene), "networkConfiguration": awsvpc(scene), "launchType": "FARGATE"}
    if what == "service":
        ecs.create_service(cluster=name, serviceName="web", desiredCount=0, **how)
    else:
        ecs.run_task(cluster=name, **how)
    return ecs.delete_cluster(cluster=name)


def new_provider(scene: Scene, ecs: Any, **more: Any) -> Any:
    """Create a capacity provider over a group of its own."""
    settings = {"autoScalingGroupArn": auto_scaling_group(scene, "unprotected"), **more.pop("settings", {})}
    return ecs.create_capacity_provider(**{"name": scene.name("cp"), "autoScalingGroupProvider": settings, **more})


def associated(scene: Scene, ecs: Any) -> str:
    """Return the status in DeleteCapacityProvider's answer for a provider that a cluster has."""
    bound(scene)
    return str(ecs.delete_capacity_provider(capacityProvider="bound-spot")["capacityProvider"].get("updateStatus"))


MANAGED = {"status": "ENABLED", "targetCapacity": 100}
CASES = (
    case("PutAccountSettingDefault", "of a name that does not exist", "InvalidParameterException", parameter("name"),
        lambda s, c: c.put_account_setting_default(name="awsvpcTrunks", value="enabled")),
    case("PutAccountSettingDefault", "to a value that does not exist", "InvalidParameterException", parameter("value"),
        lambda s, c: c.put_account_setting_default(name="awsvpcTrunking", value="perhaps")),
    case("CreateCluster", "with a name in use, and other settings", "InvalidParameterException", ERRORS,
        lambda s, c: c.create_cluster(
            clusterName=cluster(s), settings=[{"name": "containerInsights", "value": "enabled"}]), "idempotent"),
    case("CreateCluster", "with invalid characters in the name", "InvalidParameterException",
        parameter("clusterName"), lambda s, c: c.create_cluster(clusterName="my cluster")),
    case("CreateCluster", "with a name of more than 255 characters", "InvalidParameterException",
        parameter("clusterName"), lambda s, c: c.create_cluster(clusterName="x" * 256)),
    case("CreateCluster", "with a setting that does not exist", "InvalidParameterException", parameter("settings"),
        lambda s, c: c.create_cluster(clusterName="x", settings=[{"name": "insights", "value": "enabled"}])),
    case("CreateCluster", "with an unknown capacity provider", "InvalidParameterException",
        parameter("capacityProviders"), lambda s, c: c.create_cluster(clusterName="x", capacityProviders=["nothing"])),
    case("CreateCluster", "with a tag that has other signs than those allowed", "InvalidParameterException",
        parameter("tags"), lambda s, c: c.create_cluster(clusterName="x", tags=[{"key": "a", "value": "b\x1b"}])),
    case("CreateCluster", "with more than 50 tags", "InvalidParameterException", parameter("tags"),
        lambda s, c: c.create_cluster(
            clusterName="x", tags=[{"key": f"a{number}", "value": "b"} for number in range(51)])),
    case("DescribeClusters", "of more than 100", "InvalidParameterException", parameter("clusters"),
        lambda s, c: c.describe_clusters(clusters=[f"c{number}" for number in range(101)])),
    case("UpdateCluster", "that is unknown", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.update_cluster(cluster="nothing")),
    case("UpdateClusterSettings", "of an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.update_cluster_settings(
            cluster="nothing", settings=[{"name": "containerInsights", "value": "enabled"}])),
    case("DeleteCluster", "that is unknown", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.delete_cluster(cluster="nothing")),
    case("DeleteCluster", "while a service is in it", "ClusterContainsServicesException", ERRORS,
        lambda s, c: full(s, c, "service")),
    case("DeleteCluster", "while a task is in it", "ClusterContainsTasksException", ERRORS,
        lambda s, c: full(s, c, "task")),
    case("DeleteCluster", "while a container instance is in it", "ClusterContainsContainerInstancesException", ERRORS,
        lambda s, c: c.delete_cluster(cluster=instance_cluster(s)), "active or draining"),
    case("DeleteCluster", "while its attachments change", "UpdateInProgressException", ERRORS,
        lambda s, c: c.delete_cluster(cluster=changing(s, c))),

    case("PutClusterCapacityProviders", "on an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: put(c, "nothing", "FARGATE")),
    case("PutClusterCapacityProviders", "with an unknown provider", "InvalidParameterException",
        parameter("capacityProviders"), lambda s, c: put(c, cluster(s), "nothing"), "was not found"),
    case("PutClusterCapacityProviders", "while its attachments change", "UpdateInProgressException", ERRORS,
        lambda s, c: put(c, changing(s, c), "FARGATE_SPOT")),
    case("PutClusterCapacityProviders", "without a provider that a task uses", "ResourceInUseException", ERRORS,
        in_use, "in use and cannot be removed"),
    case("PutClusterCapacityProviders", "with a strategy over a provider that it does not have",
        "InvalidParameterException", parameter("defaultCapacityProviderStrategy"),
        lambda s, c: put(c, cluster(s), "FARGATE", strategy=[entry("FARGATE_SPOT")]), "not associated"),
    case("PutClusterCapacityProviders", "with a strategy over a group and Fargate", "InvalidParameterException",
        STRATEGY, lambda s, c: put(
            c, cluster(s), "FARGATE", provider(s), strategy=[entry("FARGATE"), entry("spot")]), "mix"),
    case("PutClusterCapacityProviders", "with a base for two providers", "InvalidParameterException", ITEM,
        lambda s, c: put(c, cluster(s), "FARGATE", "FARGATE_SPOT", strategy=[
            entry("FARGATE", base=1), entry("FARGATE_SPOT", base=1)]), "base"),
    case("PutClusterCapacityProviders", "with a weight above 1000", "InvalidParameterException", ITEM,
        lambda s, c: put(c, cluster(s), "FARGATE", strategy=[entry("FARGATE", 1001)])),
    case("PutClusterCapacityProviders", "with a provider twice in the strategy", "InvalidParameterException", STRATEGY,
        lambda s, c: put(c, cluster(s), "FARGATE", strategy=[entry("FARGATE"), entry("FARGATE", 2)])),

    case("CreateCapacityProvider", "with a name in use", "ClientException", ERRORS,
        lambda s, c: new_provider(s, c, name=provider(s)), "already exists"),
    case("CreateCapacityProvider", "with a name that begins with ecs", "ClientException", parameter("name"),
        lambda s, c: new_provider(s, c, name="ecs-spot")),
    case("CreateCapacityProvider", "with invalid characters in the name", "ClientException", parameter("name"),
        lambda s, c: new_provider(s, c, name="my spot")),
    case("CreateCapacityProvider", "over an unknown group", "ClientException",
        parameter("autoScalingGroupProvider"),
        lambda s, c: new_provider(s, c, settings={"autoScalingGroupArn": (
            "arn:aws:autoscaling:ap-northeast-1:123456789012:autoScalingGroup:0:autoScalingGroupName/nothing")})),
    case("CreateCapacityProvider", "over the group of another one", "ClientException", STRATEGY,
        lambda s, c: (provider(s), new_provider(
            s, c, settings={"autoScalingGroupArn": auto_scaling_group(s, "of-spot")})), "already being used"),
    case("CreateCapacityProvider", "with termination protection and no managed scaling", "InvalidParameterException",
        SCALING, lambda s, c: new_provider(s, c, settings={"managedTerminationProtection": "ENABLED"})),
    case("CreateCapacityProvider", "with termination protection over a group without", "InvalidParameterException",
        SCALING, lambda s, c: new_provider(
            s, c, settings={"managedTerminationProtection": "ENABLED", "managedScaling": MANAGED}),
        "instance protection"),
    case("CreateCapacityProvider", "with a target capacity above 100", "InvalidParameterException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedScaling.html",
        lambda s, c: new_provider(s, c, settings={"managedScaling": {**MANAGED, "targetCapacity": 101}})),
    case("UpdateCapacityProvider", "that is unknown", "ClientException", ERRORS,
        lambda s, c: c.update_capacity_provider(name="nothing", autoScalingGroupProvider={"managedScaling": MANAGED}),
        "does not exist"),
    case("UpdateCapacityProvider", "to termination protection over a group without", "InvalidParameterException",
        SCALING, lambda s, c: c.update_capacity_provider(name=provider(s), autoScalingGroupProvider={
            "managedTerminationProtection": "ENABLED", "managedScaling": MANAGED})),
    case("UpdateCapacityProvider", "of Fargate", "ClientException", STRATEGY,
        lambda s, c: c.update_capacity_provider(name="FARGATE", autoScalingGroupProvider={"managedScaling": MANAGED}),
        "reserved"),
    case("DeleteCapacityProvider", "that is unknown", "ClientException",
        "https://github.com/ekristen/aws-nuke/pull/542",
        lambda s, c: c.delete_capacity_provider(capacityProvider="nothing"), "does not exist"),
    case("DeleteCapacityProvider", "of Fargate", "ClientException", STRATEGY,
        lambda s, c: c.delete_capacity_provider(capacityProvider="FARGATE_SPOT"), "reserved"),
    case("DeleteCapacityProvider", "that a cluster has, reported by `updateStatus`", "DELETE_FAILED",
        "https://github.com/hashicorp/terraform-provider-aws/pull/48156", associated),
    case("TagResource", "of an unknown cluster", "InvalidParameterException", ERRORS,
        lambda s, c: c.tag_resource(
            resourceArn="arn:aws:ecs:ap-northeast-1:123456789012:cluster/nothing", tags=[{"key": "a", "value": "b"}])),
    case("TagResource", "beyond 50 tags", "InvalidParameterException", parameter("tags"),
        lambda s, c: [c.tag_resource(
            resourceArn=c.describe_clusters(clusters=[cluster(s)])["clusters"][0]["clusterArn"],
            tags=[{"key": f"a{number}", "value": "b"} for number in some]) for some in (range(50), range(50, 52))]),
)  # fmt: skip
