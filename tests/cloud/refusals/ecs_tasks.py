"""Refusals by ECS about task definitions and tasks."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.ecs_clusters import cluster, container_instance, instance_cluster
from tests.cloud.refusals.network import group, role, subnets

case = partial(Case, "ecs")
MESSAGES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"
SIZES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html"
PARAMETERS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html"
FARGATE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"
CAPABILITIES = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html"
NO_ROLE = "arn:aws:iam::123456789012:role/nobody"
WEB = {"name": "web", "image": "web:1", "portMappings": [{"containerPort": 80}]}
NOTHING = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/nothing:1"


def register(scene: Scene, ecs: Any, *containers: dict[str, Any], **more: Any) -> Any:
    """Register a task definition for Fargate."""
    request: dict[str, Any] = {
        "family": scene.name("family"), "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "executionRoleArn": role(scene), "taskRoleArn": role(scene),
        "containerDefinitions": list(containers or [WEB]),
    }  # fmt: skip
    wanted = {**request, **more}
    return ecs.register_task_definition(**{key: value for key, value in wanted.items() if value is not None})


def with_capabilities(**lists: list[str]) -> dict[str, Any]:
    return {**WEB, "linuxParameters": {"capabilities": lists}}


@once
def definition(scene: Scene, family: str = "web", launch: str = "FARGATE", *, with_role: bool = True) -> str:
    """The ARN of a task definition."""
    more = {} if with_role else {"taskRoleArn": None}
    made = register(scene, scene.client("ecs"), family=family, requiresCompatibilities=[launch], **more)
    return str(made["taskDefinition"]["taskDefinitionArn"])


@once
def inactive(scene: Scene) -> str:
    """The ARN of a task definition that was deregistered."""
    arn = definition(scene, "inactive")
    scene.client("ecs").deregister_task_definition(taskDefinition=arn)
    return arn


def awsvpc(scene: Scene, **more: Any) -> dict[str, Any]:
    return {"awsvpcConfiguration": {"subnets": subnets(scene)[:2], "securityGroups": [group(scene)], **more}}


def run(scene: Scene, ecs: Any, **more: Any) -> Any:
    """Run a task on Fargate."""
    request = {"cluster": cluster(scene), "taskDefinition": definition(scene), "launchType": "FARGATE"}
    return ecs.run_task(**{**request, "networkConfiguration": awsvpc(scene), **more})


@once
def task(scene: Scene) -> str:
    """The ARN of a task that runs."""
    return str(run(scene, scene.client("ecs"))["tasks"][0]["taskArn"])


def busy(scene: Scene, ecs: Any) -> Any:
    """Deregister a container instance on which a task runs."""
    where = instance_cluster(scene)
    definition(scene, "host", "EC2")
    answer = ecs.run_task(cluster=where, taskDefinition="host", launchType="EC2", networkConfiguration=awsvpc(scene))
    return ecs.deregister_container_instance(
        cluster=where, containerInstance=answer["tasks"][0]["containerInstanceArn"]
    )


CASES = (
    case("RegisterTaskDefinition", "with invalid characters in the family", "ClientException",
        parameter("family"), lambda s, c: register(s, c, family="web app")),
    case("RegisterTaskDefinition", "with a family of more than 255 characters", "ClientException", parameter("family"),
        lambda s, c: register(s, c, family="x" * 256)),
    case("RegisterTaskDefinition", "with an execution role that does not exist", "ClientException",
        "https://github.com/fabfuel/ecs-deploy/issues/231", lambda s, c: register(s, c, executionRoleArn=NO_ROLE),
        "Role is not valid"),
    case("RegisterTaskDefinition", "with a task role that does not exist", "ClientException",
        "https://github.com/fabfuel/ecs-deploy/issues/231", lambda s, c: register(s, c, taskRoleArn=NO_ROLE),
        "Role is not valid"),
    case("RegisterTaskDefinition", "with memory that Fargate does not offer", "ClientException", SIZES,
        lambda s, c: register(s, c, memory="4096"), "No Fargate configuration exists for given values"),
    case("RegisterTaskDefinition", "with CPU that Fargate does not offer", "ClientException", SIZES,
        lambda s, c: register(s, c, cpu="300")),
    case("RegisterTaskDefinition", "for Fargate without CPU", "ClientException", FARGATE,
        lambda s, c: register(s, c, cpu=None), "cpu"),
    case("RegisterTaskDefinition", "for Fargate without awsvpc", "ClientException", FARGATE,
        lambda s, c: register(s, c, networkMode="bridge"), "network mode"),
    case("RegisterTaskDefinition", "with a tmpfs of size 0", "ClientException",
        "https://github.com/aws/amazon-ecs-agent/issues/2226",
        lambda s, c: register(s, c, {**WEB, "linuxParameters": {"tmpfs": [{"containerPath": "/run", "size": 0}]}}),
        "invalid tmpfs size"),
    case("RegisterTaskDefinition", "for Fargate with a privileged container", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "privileged": True}), "privileged"),
    case("RegisterTaskDefinition", "for Fargate with security options of Docker", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "dockerSecurityOptions": ["no-new-privileges"]}), "dockerSecurityOptions"),
    case("RegisterTaskDefinition", "for Fargate with an added capability other than SYS_PTRACE", "ClientException",
        CAPABILITIES, lambda s, c: register(s, c, with_capabilities(add=["NET_BIND_SERVICE"], drop=["ALL"]))),
    case("RegisterTaskDefinition", "with a capability that ECS does not know", "ClientException", CAPABILITIES,
        lambda s, c: register(s, c, with_capabilities(drop=["CAP_CHOWN"])), "CAP_CHOWN"),
    case("RegisterTaskDefinition", "with a limit that ECS does not know", "ClientException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html",
        lambda s, c: register(s, c, {**WEB, "ulimits": [{"name": "files", "softLimit": 1, "hardLimit": 1}]}), "files"),
    case("RegisterTaskDefinition", "with a disk that Fargate gives anyway", "ClientException",
        "https://github.com/guardian/cdk/pull/1101",
        lambda s, c: register(s, c, ephemeralStorage={"sizeInGiB": 20}),
        "EphemeralStorage size should be at least 21"),
    case("RegisterTaskDefinition", "with a larger disk than Fargate has", "ClientException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html",
        lambda s, c: register(s, c, ephemeralStorage={"sizeInGiB": 201})),
    case("RegisterTaskDefinition", "for Fargate with more than 120 s to stop", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "stopTimeout": 121})),
    case("RegisterTaskDefinition", "for Fargate with less than 2 s to stop", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "stopTimeout": 1})),
    case("RegisterTaskDefinition", "for Fargate with a volume of the host", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, volumes=[{"name": "etc", "host": {"sourcePath": "/etc"}}])),
    case("RegisterTaskDefinition", "for Fargate with awslogs and no execution role", "ClientException", FARGATE,
        lambda s, c: register(s, c, {**WEB, "logConfiguration": {"logDriver": "awslogs"}}, executionRoleArn=None),
        "execution role"),
    case("RegisterTaskDefinition", "with a secret called like a variable", "ClientException",
        "https://github.com/dagster-io/dagster/issues/11622",
        lambda s, c: register(s, c, {
            **WEB, "environment": [{"name": "A", "value": "1"}], "secrets": [{"name": "A", "valueFrom": "a"}]}),
        "such as 'A'"),
    case("RegisterTaskDefinition", "with two secrets of one name", "ClientException",
        "https://github.com/CircleCI-Public/aws-ecs-orb/issues/190",
        lambda s, c: register(s, c, {
            **WEB, "secrets": [{"name": "A", "valueFrom": "a"}, {"name": "A", "valueFrom": "b"}]}),
        "Duplicate secret names found: A"),
    case("RegisterTaskDefinition", "without containers", "ClientException", parameter("containerDefinitions"),
        lambda s, c: register(s, c, containerDefinitions=[])),
    case("RegisterTaskDefinition", "with a container without a name", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {"image": "web:1"}), "Container.name should not be null or empty."),
    case("RegisterTaskDefinition", "with a container without an image", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {"name": "web"}), "Container.image should not be null or empty."),
    case("RegisterTaskDefinition", "with invalid characters in a container's name", "ClientException",
        PARAMETERS, lambda s, c: register(s, c, {**WEB, "name": "web app"})),
    case("RegisterTaskDefinition", "with two containers of one name", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, WEB, WEB), "unique"),
    case("RegisterTaskDefinition", "with no essential container", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "essential": False}), "essential"),
    case("RegisterTaskDefinition", "without memory", "ClientException", PARAMETERS,
        lambda s, c: c.register_task_definition(family="x", containerDefinitions=[WEB]),
        "At least one of 'memory' or 'memoryReservation' must be specified."),
    case("RegisterTaskDefinition", "with less than 4 MiB for a container", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "memory": 3})),
    case("RegisterTaskDefinition", "with more reserved than limited memory", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "memory": 128, "memoryReservation": 256})),
    case("RegisterTaskDefinition", "with other host ports than container ports", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "portMappings": [{"containerPort": 80, "hostPort": 81}]}), "must match"),
    case("RegisterTaskDefinition", "with links in awsvpc", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, WEB, {"name": "other", "image": "x", "links": ["web"]}), "Links"),
    case("RegisterTaskDefinition", "with a mount of an unknown volume", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "mountPoints": [{"sourceVolume": "run", "containerPath": "/run"}]}),
        "Unknown volume"),
    case("RegisterTaskDefinition", "with a dependency on an unknown container", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, {**WEB, "dependsOn": [{"containerName": "x", "condition": "START"}]})),
    case("RegisterTaskDefinition", "with a dependency on the health of a container without a check",
        "ClientException", PARAMETERS,
        lambda s, c: register(s, c, WEB, {
            "name": "other", "image": "x", "dependsOn": [{"containerName": "web", "condition": "HEALTHY"}]})),
    case("RegisterTaskDefinition", "with containers that wait for each other", "ClientException", PARAMETERS,
        lambda s, c: register(s, c, *(
            {"name": one, "image": "x", "dependsOn": [{"containerName": other, "condition": "START"}]}
            for one, other in ("ab", "ba")))),
    case("RegisterTaskDefinition", "with secrets and no execution role", "ClientException",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html",
        lambda s, c: register(s, c, {**WEB, "secrets": [{"name": "S", "valueFrom": "/s"}]}, executionRoleArn=None),
        "executionRoleArn"),
    case("RegisterTaskDefinition", "with a health check without CMD", "ClientException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html",
        lambda s, c: register(s, c, {**WEB, "healthCheck": {"command": ["curl", "localhost"]}})),
    case("RegisterTaskDefinition", "with health checks less often than every 300 s", "ClientException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html",
        lambda s, c: register(s, c, {**WEB, "healthCheck": {"command": ["CMD", "true"], "interval": 301}})),
    case("RegisterTaskDefinition", "with health checks that take longer than 60 s", "ClientException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html",
        lambda s, c: register(s, c, {**WEB, "healthCheck": {"command": ["CMD", "true"], "timeout": 61}})),
    case("RegisterTaskDefinition", "with more than 10 retries of a health check", "ClientException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html",
        lambda s, c: register(s, c, {**WEB, "healthCheck": {"command": ["CMD", "true"], "retries": 11}})),
    case("DescribeTaskDefinition", "of an unknown family", "ClientException", MESSAGES,
        lambda s, c: c.describe_task_definition(taskDefinition="nothing")),
    case("DeregisterTaskDefinition", "that is unknown", "ClientException", ERRORS,
        lambda s, c: c.deregister_task_definition(taskDefinition="nothing:1")),
    case("DeregisterTaskDefinition", "without a revision", "ClientException", parameter("taskDefinition"),
        lambda s, c: c.deregister_task_definition(taskDefinition=(definition(s), "web")[1])),
    case("DeleteTaskDefinitions", "of more than 10", "InvalidParameterException", parameter("taskDefinitions"),
        lambda s, c: c.delete_task_definitions(taskDefinitions=[f"web:{number}" for number in range(11)])),
    case("RunTask", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: run(s, c, cluster="nothing")),
    case("RunTask", "by an unknown task definition", "ClientException", ERRORS,
        lambda s, c: run(s, c, taskDefinition="nothing")),
    case("RunTask", "by a task definition that is INACTIVE", "ClientException", ERRORS,
        lambda s, c: run(s, c, taskDefinition=inactive(s)), "inactive"),
    case("RunTask", "of more than 10 tasks", "InvalidParameterException", parameter("count"),
        lambda s, c: run(s, c, count=11)),
    case("RunTask", "on instances where there are none", "InvalidParameterException", MESSAGES,
        lambda s, c: run(s, c, launchType="EC2", taskDefinition=definition(s, "host", "EC2")),
        "No Container Instances were found in your cluster."),
    case("RunTask", "without a network in awsvpc", "InvalidParameterException", parameter("networkConfiguration"),
        lambda s, c: run(s, c, networkConfiguration={}), "Network Configuration must be provided"),
    case("RunTask", "with a started-by of more than 128 characters", "InvalidParameterException",
        parameter("startedBy"), lambda s, c: run(s, c, startedBy="x" * 129)),
    case("RunTask", "in the group of a service", "InvalidParameterException",
        "https://github.com/abicky/ecsmec/blob/main/internal/capacity/drainer.go",
        lambda s, c: run(s, c, group="service:web"), "Invalid namespace for group"),
    case("RunTask", "of no task", "InvalidParameterException", parameter("count"),
        lambda s, c: run(s, c, count=0)),
    case("RunTask", "with other characters in started-by than are allowed", "InvalidParameterException",
        parameter("startedBy"), lambda s, c: run(s, c, startedBy="me@example")),
    case("RunTask", "with a token of more than 64 characters", "InvalidParameterException",
        parameter("clientToken"), lambda s, c: run(s, c, clientToken="x" * 65)),
    case("RunTask", "with the token of another request", "ConflictException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html",
        lambda s, c: [run(s, c, clientToken="again", count=count) for count in (1, 2)], "clientToken"),
    case("RunTask", "with an override for a container that is not there", "InvalidParameterException",
        "https://github.com/azavea/django-ecsmanage/issues/21",
        lambda s, c: run(s, c, overrides={"containerOverrides": [{"name": "django", "command": ["true"]}]}),
        "Override for container named django is not a container in the TaskDefinition."),
    case("RunTask", "with an override for no container", "InvalidParameterException",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html",
        lambda s, c: run(s, c, overrides={"containerOverrides": [{"command": ["true"]}]}), "name"),
    case("RunTask", "with overrides of more than 8192 characters", "InvalidParameterException",
        parameter("overrides"),
        lambda s, c: run(s, c, overrides={"containerOverrides": [{"name": "web", "command": ["x" * 8192]}]}), "8192"),
    case("RunTask", "with launch type and capacity providers", "InvalidParameterException",
        parameter("capacityProviderStrategy"),
        lambda s, c: run(s, c, capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}]),
        "Specifying both a launch type and capacity provider strategy"),
    case("RunTask", "with the tags of a service", "InvalidParameterException", parameter("propagateTags"),
        lambda s, c: run(s, c, propagateTags="SERVICE"), "propagateTags"),
    case("RunTask", "with ECS Exec and no task role", "InvalidParameterException", parameter("enableExecuteCommand"),
        lambda s, c: run(
            s, c, enableExecuteCommand=True, taskDefinition=definition(s, "roleless", with_role=False)), "taskRoleArn"),
    case("RunTask", "with a platform version that does not exist", "PlatformUnknownException", ERRORS,
        lambda s, c: run(s, c, platformVersion="9.9.9")),
    case("StopTask", "that is unknown", "InvalidParameterException", ERRORS,
        lambda s, c: c.stop_task(cluster=cluster(s), task="nothing"), "was not found"),
    case("DescribeTasks", "of more than 100", "InvalidParameterException", parameter("tasks"),
        lambda s, c: c.describe_tasks(cluster=cluster(s), tasks=[f"{one:032x}" for one in range(101)])),
    case("DescribeTasks", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.describe_tasks(cluster="nothing", tasks=["x"])),
    case("ListTasks", "of an unknown service", "ServiceNotFoundException", ERRORS,
        lambda s, c: c.list_tasks(cluster=cluster(s), serviceName="nothing")),
    case("ListTasks", "by who started them and a family", "InvalidParameterException", parameter("startedBy"),
        lambda s, c: c.list_tasks(cluster=cluster(s), startedBy="me", family="web"), "only filter"),
    case("ExecuteCommand", "in a task without it", "InvalidParameterException",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-troubleshooting.html",
        lambda s, c: c.execute_command(cluster=cluster(s), task=task(s), command="sh", interactive=True),
        "execute command was not enabled"),
    case("ExecuteCommand", "without a terminal", "InvalidParameterException",
        "https://github.com/boto/boto3/issues/2822",
        lambda s, c: c.execute_command(cluster=cluster(s), task=task(s), command="sh", interactive=False),
        "Interactive is the only mode"),
    case("ExecuteCommand", "in a container that the task does not have", "InvalidParameterException",
        parameter("container"), lambda s, c: c.execute_command(
            cluster=cluster(s), task=task(s), container="other", command="sh", interactive=True)),
    case("ListContainerInstances", "in an unknown cluster", "ClusterNotFoundException", ERRORS,
        lambda s, c: c.list_container_instances(cluster="nothing")),
    case("ListContainerInstances", "by an expression that is none", "InvalidParameterException", ERRORS,
        lambda s, c: c.list_container_instances(cluster=cluster(s), filter="garbage((")),
    case("DescribeContainerInstances", "of none", "InvalidParameterException", parameter("containerInstances"),
        lambda s, c: c.describe_container_instances(cluster=cluster(s), containerInstances=[])),
    case("UpdateContainerInstancesState", "to a state that does not exist", "InvalidParameterException",
        parameter("status"), lambda s, c: c.update_container_instances_state(
            cluster=instance_cluster(s), containerInstances=[container_instance(s)], status="STOPPED")),
    case("UpdateContainerInstancesState", "of more than 10", "InvalidParameterException",
        parameter("containerInstances"), lambda s, c: c.update_container_instances_state(
            cluster=instance_cluster(s), containerInstances=[f"{one:032x}" for one in range(11)], status="DRAINING")),
    case("DeregisterContainerInstance", "that is unknown", "InvalidParameterException", ERRORS,
        lambda s, c: c.deregister_container_instance(cluster=cluster(s), containerInstance="nothing")),
    case("DeregisterContainerInstance", "while tasks run on it", "InvalidParameterException", parameter("force"), busy,
        "Found running tasks on the instance."),
)  # fmt: skip
