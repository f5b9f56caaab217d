"""Refusals by ECS about services."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.ecs_clusters import bound, cluster, entry
from tests.cloud.refusals.ecs_tasks import awsvpc, definition, inactive
from tests.cloud.refusals.network import group, listener, subnets, target_group, vpc

case = partial(Case, "ecs")
NETWORK = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html"
ITEM = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"
BALANCING = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html"
REBALANCING = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html"
EXEC = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html"
HOOK = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html"
BREAKER = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"
STOPPING = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html"
CONSTRAINTS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html"


def create(scene: Scene, ecs: Any, **more: Any) -> Any:
    """Create a service on Fargate."""
    request: dict[str, Any] = {
        "cluster": cluster(scene), "serviceName": scene.name("service"), "taskDefinition": definition(scene),
        "desiredCount": 0, "launchType": "FARGATE", "networkConfiguration": awsvpc(scene),
    }  # fmt: skip
    wanted = {**request, **more}
    return ecs.create_service(**{key: value for key, value in wanted.items() if value is not None})


@once
def service(scene: Scene, desired: int = 0) -> str:
    """A service of so many tasks."""
    name = f"web-{desired}"
    create(scene, scene.client("ecs"), serviceName=name, desiredCount=desired)
    return name


def deployment(scene: Scene) -> str:
    """The ARN of the newest deployment of a service without tasks."""
    name = service(scene)
    answer = scene.client("ecs").list_service_deployments(cluster=cluster(scene), service=name)
    return str(answer["serviceDeployments"][0]["serviceDeploymentArn"])


def over(scene: Scene) -> str:
    """The same, once it has ended."""
    arn, ecs = deployment(scene), scene.client("ecs")

    def ended() -> bool:
        (found,) = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
        return "finishedAt" in found

    scene.wait(ended)
    return arn


def draining(scene: Scene) -> str:
    """A service that was deleted this moment while its task runs."""
    ecs, name = scene.client("ecs"), scene.name("draining")
    create(scene, ecs, serviceName=name, desiredCount=1)

    def started() -> bool:
        return bool(ecs.list_tasks(cluster=cluster(scene), serviceName=name)["taskArns"])

    scene.wait(started)
    ecs.delete_service(cluster=cluster(scene), service=name, force=True)
    return name


@once
def instances_group(scene: Scene) -> str:
    """The ARN of a target group of instances, with a listener."""
    listener(scene)
    made = scene.client("elbv2").create_target_group(Name="hosts", Protocol="HTTP", Port=80, VpcId=vpc(scene))
    arn = str(made["TargetGroups"][0]["TargetGroupArn"])
    scene.client("elbv2").create_rule(
        ListenerArn=listener(scene), Priority=9, Conditions=[{"Field": "path-pattern", "Values": ["/hosts"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": arn}],
    )  # fmt: skip
    return arn


@once
def plain(scene: Scene) -> str:
    """The ARN of a task definition in bridge mode, for instances only."""
    container = {"name": "web", "image": "web:1", "memory": 128}
    made = scene.client("ecs").register_task_definition(family="plain", containerDefinitions=[container])
    return str(made["taskDefinition"]["taskDefinitionArn"])


def balanced(arn: str, name: str = "web", port: int = 80) -> list[dict[str, Any]]:
    return [{"targetGroupArn": arn, "containerName": name, "containerPort": port}]


def behind(scene: Scene, ecs: Any, name: str = "web", port: int = 80) -> Any:
    """Create a service behind the listener."""
    listener(scene)
    return create(scene, ecs, loadBalancers=balanced(target_group(scene), name, port))


def by_strategy(scene: Scene, ecs: Any, *strategy: dict[str, Any], **more: Any) -> Any:
    """Create a service with a capacity provider strategy."""
    return create(scene, ecs, launchType=None, capacityProviderStrategy=list(strategy), **more)


def on_hosts(scene: Scene, ecs: Any, **more: Any) -> Any:
    """Create a service of launch type EC2."""
    return create(scene, ecs, launchType="EC2", taskDefinition=definition(scene, "host", "EC2"), **more)


def paused(scene: Scene, ecs: Any, **hook: Any) -> Any:
    """Give a service a PAUSE hook."""
    hooks = [{"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"], **hook}]
    return update(scene, ecs, deploymentConfiguration={"lifecycleHooks": hooks})


def update(scene: Scene, ecs: Any, **more: Any) -> Any:
    return ecs.update_service(**{"cluster": cluster(scene), "service": service(scene), **more})


CASES = (
    case("CreateService", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: create(s, c, cluster="nothing")),
    case("CreateService", "with a name in use", "InvalidParameterException",
        "https://github.com/hashicorp/terraform-provider-aws/issues/20452",
        lambda s, c: create(s, c, serviceName=service(s)), "Creation of service was not idempotent."),
    case("CreateService", "with the name of one that still drains", "InvalidParameterException",
        "https://github.com/hashicorp/terraform-provider-aws/issues/2283",
        lambda s, c: create(s, c, serviceName=draining(s)), "still Draining"),
    case("CreateService", "with invalid characters in the name", "InvalidParameterException",
        parameter("serviceName"), lambda s, c: create(s, c, serviceName="my service")),
    case("CreateService", "with a name of more than 255 characters", "InvalidParameterException",
        parameter("serviceName"), lambda s, c: create(s, c, serviceName="x" * 256)),
    case("CreateService", "with a token of more than 36 characters", "InvalidParameterException",
        parameter("clientToken"), lambda s, c: create(s, c, clientToken="x" * 37)),
    case("CreateService", "without a count", "InvalidParameterException", parameter("desiredCount"),
        lambda s, c: create(s, c, desiredCount=None)),
    case("CreateService", "with a count below 0", "InvalidParameterException", parameter("desiredCount"),
        lambda s, c: create(s, c, desiredCount=-1)),
    case("CreateService", "by an unknown task definition", "ClientException", ERRORS,
        lambda s, c: create(s, c, taskDefinition="nothing"), "not found"),
    case("CreateService", "by a task definition that is INACTIVE", "ClientException", ERRORS,
        lambda s, c: create(s, c, taskDefinition=inactive(s)), "inactive"),
    case("CreateService", "with a launch type that the task definition does not support",
        "InvalidParameterException", parameter("launchType"),
        lambda s, c: create(s, c, taskDefinition=plain(s), networkConfiguration=None), "does not support launch_type"),
    case("CreateService", "with a launch type and a strategy", "InvalidParameterException",
        parameter("capacityProviderStrategy"),
        lambda s, c: create(s, c, capacityProviderStrategy=[entry("FARGATE")]),
        "both a launch type and capacity provider strategy"),
    case("CreateService", "with a provider that the cluster does not have", "InvalidParameterException",
        parameter("capacityProviderStrategy"),
        lambda s, c: (bound(s), by_strategy(s, c, entry("bound-spot"))), "not associated"),
    case("CreateService", "with no weight above 0", "InvalidParameterException", ITEM,
        lambda s, c: by_strategy(s, c, entry("FARGATE", 0), entry("FARGATE_SPOT", 0)), "weight"),
    case("CreateService", "without a network in awsvpc", "InvalidParameterException",
        parameter("networkConfiguration"), lambda s, c: create(s, c, networkConfiguration=None),
        "Network Configuration must be provided"),
    case("CreateService", "with a network in another mode", "InvalidParameterException",
        parameter("networkConfiguration"),
        lambda s, c: create(s, c, launchType="EC2", taskDefinition=plain(s)), "is not valid for the given networkMode"),
    case("CreateService", "in an unknown subnet", "InvalidParameterException", NETWORK,
        lambda s, c: create(s, c, networkConfiguration=awsvpc(s, subnets=["subnet-00000000000000000"])),
        "InvalidSubnetID.NotFound"),
    case("CreateService", "in more than 16 subnets", "InvalidParameterException", NETWORK,
        lambda s, c: create(s, c, networkConfiguration=awsvpc(s, subnets=subnets(s)[:1] * 17)), "16"),
    case("CreateService", "with an unknown security group", "InvalidParameterException", NETWORK,
        lambda s, c: create(s, c, networkConfiguration=awsvpc(s, securityGroups=["sg-00000000000000000"])),
        "InvalidGroup.NotFound"),
    case("CreateService", "with more than 5 security groups", "InvalidParameterException", NETWORK,
        lambda s, c: create(s, c, networkConfiguration=awsvpc(s, securityGroups=[group(s)] * 6)), "5"),
    case("CreateService", "with a security group of another VPC", "InvalidParameterException", NETWORK,
        lambda s, c: create(s, c, networkConfiguration=awsvpc(s, securityGroups=[group(s, 1)]))),
    case("CreateService", "with a public address on instances", "InvalidParameterException", NETWORK,
        lambda s, c: on_hosts(s, c, networkConfiguration=awsvpc(s, assignPublicIp="ENABLED")), "public IP"),
    case("CreateService", "with a platform version on instances", "InvalidParameterException",
        parameter("platformVersion"), lambda s, c: on_hosts(s, c, platformVersion="1.4.0")),
    case("CreateService", "with a platform version that does not exist", "PlatformUnknownException", ERRORS,
        lambda s, c: create(s, c, platformVersion="1.9.0")),
    case("CreateService", "with placement constraints on Fargate", "InvalidParameterException", CONSTRAINTS,
        lambda s, c: create(s, c, placementConstraints=[{"type": "distinctInstance"}])),
    case("CreateService", "with an unknown target group", "InvalidParameterException", BALANCING,
        lambda s, c: create(s, c, loadBalancers=balanced("arn:aws:elasticloadbalancing:x:targetgroup/nothing/0"))),
    case("CreateService", "with a target group that no listener forwards to", "InvalidParameterException",
        "https://github.com/aws/aws-cdk/issues/1160",
        lambda s, c: create(s, c, loadBalancers=balanced(target_group(s, "lonely"))),
        "does not have an associated load balancer"),
    case("CreateService", "with a target group of instances in awsvpc", "InvalidParameterException", BALANCING,
        lambda s, c: create(s, c, loadBalancers=balanced(instances_group(s))), "target type"),
    case("CreateService", "with a load balancer for an unknown container", "InvalidParameterException",
        parameter("loadBalancers"), lambda s, c: behind(s, c, "other"), "does not exist in the task definition"),
    case("CreateService", "with a load balancer for a port that the container lacks", "InvalidParameterException",
        parameter("loadBalancers"), lambda s, c: behind(s, c, port=81), "did not have a container port"),
    case("CreateService", "with a grace period and no load balancer", "InvalidParameterException", BALANCING,
        lambda s, c: create(s, c, healthCheckGracePeriodSeconds=60), "grace period"),
    case("CreateService", "with no room for a deployment", "InvalidParameterException",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html",
        lambda s, c: create(s, c, deploymentConfiguration={"maximumPercent": 100, "minimumHealthyPercent": 100}),
        "cannot be 100"),
    case("CreateService", "with rebalancing and no room for one more task", "InvalidParameterException", REBALANCING,
        lambda s, c: create(
            s, c, availabilityZoneRebalancing="ENABLED",
            deploymentConfiguration={"maximumPercent": 100, "minimumHealthyPercent": 0}), "rebalancing"),
    case("CreateService", "with an unknown Cloud Map service", "InvalidParameterException",
        parameter("serviceRegistries"), lambda s, c: create(s, c, serviceRegistries=[
            {"registryArn": "arn:aws:servicediscovery:ap-northeast-1:123456789012:service/srv-nothing"}])),
    case("CreateService", "with two Cloud Map services", "InvalidParameterException", parameter("serviceRegistries"),
        lambda s, c: create(s, c, serviceRegistries=[{"registryArn": "arn:x"}, {"registryArn": "arn:y"}]),
        "registries"),
    case("CreateService", "with ECS Exec and no task role", "InvalidParameterException", EXEC,
        lambda s, c: create(
            s, c, enableExecuteCommand=True, taskDefinition=definition(s, "no-role", with_role=False)), "taskRoleArn"),
    case("CreateService", "with more than 50 tags", "InvalidParameterException", parameter("tags"),
        lambda s, c: create(s, c, tags=[{"key": f"a{number}", "value": "b"} for number in range(51)])),
    case("UpdateService", "that is unknown", "ServiceNotFoundException", ERRORS,
        lambda s, c: update(s, c, service="nothing")),
    case("UpdateService", "that drains", "ServiceNotActiveException", ERRORS,
        lambda s, c: update(s, c, service=draining(s), desiredCount=1)),
    case("UpdateService", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: update(s, c, cluster="nothing")),
    case("UpdateService", "to an unknown task definition", "ClientException", ERRORS,
        lambda s, c: update(s, c, taskDefinition="nothing")),
    case("UpdateService", "to a count below 0", "InvalidParameterException", parameter("desiredCount"),
        lambda s, c: update(s, c, desiredCount=-1)),
    case("UpdateService", "to a target group that no listener forwards to", "InvalidParameterException", BALANCING,
        lambda s, c: update(s, c, loadBalancers=balanced(target_group(s, "lonely")))),
    case("UpdateService", "to a grace period without a load balancer", "InvalidParameterException", BALANCING,
        lambda s, c: update(s, c, healthCheckGracePeriodSeconds=60)),
    case("UpdateService", "to ECS Exec without a task role", "InvalidParameterException", EXEC,
        lambda s, c: update(
            s, c, enableExecuteCommand=True, taskDefinition=definition(s, "no-role", with_role=False)), "taskRoleArn"),
    case("DeleteService", "that is unknown", "ServiceNotFoundException", ERRORS,
        lambda s, c: c.delete_service(cluster=cluster(s), service="nothing")),
    case("DeleteService", "while its count is above 0, without force", "InvalidParameterException",
        parameter("force"), lambda s, c: c.delete_service(cluster=cluster(s), service=service(s, 1)), "scaled above 0"),
    case("DescribeServices", "of more than 10", "InvalidParameterException", parameter("services"),
        lambda s, c: c.describe_services(cluster=cluster(s), services=[f"s{number}" for number in range(11)])),
    case("DescribeServices", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.describe_services(cluster="nothing", services=["x"])),
    case("ListServices", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.list_services(cluster="nothing")),
    case("ListServiceDeployments", "of an unknown service", "ServiceNotFoundException", ERRORS,
        lambda s, c: c.list_service_deployments(cluster=cluster(s), service="nothing")),
    case("ListServiceDeployments", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.list_service_deployments(cluster="nothing", service="x")),
    case("DescribeServiceDeployments", "of more than 20", "InvalidParameterException",
        parameter("serviceDeploymentArns"),
        lambda s, c: c.describe_service_deployments(serviceDeploymentArns=[f"a{number}" for number in range(21)])),
    case("DescribeServiceRevisions", "of more than 20", "InvalidParameterException", parameter("serviceRevisionArns"),
        lambda s, c: c.describe_service_revisions(serviceRevisionArns=[f"a{number}" for number in range(21)])),
    case("UpdateService", "to a circuit breaker of more than 100 percent", "InvalidParameterException", BREAKER,
        lambda s, c: update(s, c, deploymentConfiguration={"deploymentCircuitBreaker": {
            "enable": True, "rollback": True, "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 101}}})),
    case("UpdateService", "to a pause while traffic shifts", "InvalidParameterException", HOOK,
        lambda s, c: paused(s, c, lifecycleStages=["PRODUCTION_TRAFFIC_SHIFT"])),
    case("UpdateService", "to a pause at no stage", "InvalidParameterException", HOOK,
        lambda s, c: paused(s, c, lifecycleStages=[])),
    case("UpdateService", "to a pause of more than 14 days", "InvalidParameterException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
        "API_DeploymentLifecycleHookTimeoutConfiguration.html",
        lambda s, c: paused(s, c, timeoutConfiguration={"timeoutInMinutes": 20161})),
    case("ContinueServiceDeployment", "of an unknown deployment", "ServiceDeploymentNotFoundException", ERRORS,
        lambda s, c: c.continue_service_deployment(serviceDeploymentArn="nothing", hookId="none")),
    case("StopServiceDeployment", "of an unknown deployment", "ServiceDeploymentNotFoundException", ERRORS,
        lambda s, c: c.stop_service_deployment(serviceDeploymentArn="nothing")),
    case("StopServiceDeployment", "of one that is over", "ConflictException", STOPPING,
        lambda s, c: c.stop_service_deployment(serviceDeploymentArn=over(s))),
    case("StopServiceDeployment", "by another stop type than ROLLBACK", "InvalidParameterException",
        parameter("stopType"),
        lambda s, c: c.stop_service_deployment(serviceDeploymentArn=deployment(s), stopType="ABORT")),
)  # fmt: skip
