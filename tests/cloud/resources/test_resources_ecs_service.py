"""Task definitions and services, beyond the contract: revisions, pipelines, failed deployments, scaling."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.declaration import Handle, filled, ids, ready
from provisioner.engine.errors import Failed
from provisioner.engine.events import Notice
from provisioner.engine.execution.failed_changes import awaited
from provisioner.engine.resource import Change, Observed, compare
from provisioner.operations.planning import aws_notices, dry_run
from provisioner.resources.application_autoscaling import ScalableTarget, ScalingPolicy
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import OPEN, SecurityGroup
from provisioner.resources.ecs.cluster import Cluster, ClusterCapacityProviders
from provisioner.resources.ecs.deployments import Deployment
from provisioner.resources.ecs.problems import stopped
from provisioner.resources.ecs.progress import PROGRESS, progress_of
from provisioner.resources.ecs.reads import Read
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.service_notes import deployed_by_others
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.elbv2.actions import forward
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.listeners import Listener
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

pytestmark = pytest.mark.slow

ROLE = "arn:aws:iam::123456789012:role/tasks"
CLUSTER = "ecs-sample-dev"
FAMILY = "ecs-sample-dev-web"
BREAKER = {
    "deploymentCircuitBreaker": {
        "enable": True,
        "rollback": True,
        "resetOnHealthyTask": True,
        "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
    }
}


@pytest.fixture(autouse=True)
def role(rig: Rig) -> None:
    """The role that the tasks run with, which is nobody's subject here."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    rig.cloud.client("iam").create_role(RoleName="tasks", AssumeRolePolicyDocument=json.dumps(trust))
    rig.cloud.advance(10)  # until ECS knows it


def declared(
    stack: Stack,
    *,
    image: str = "nginx:1",
    percent: float = 70,
    rebalanced: bool = True,
    count: int = 1,
    public: bool | None = None,
    shell: bool = True,
    scales: bool = True,
) -> None:
    """Declare a service; `public` says whether it is behind the load balancer, None that there is none."""
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", block))
        for zone, block in (("a", "10.0.0.0/20"), ("c", "10.0.16.0/20"))
    ]
    group = stack.ensure(SecurityGroup("web", vpc.id, "web", "Web", [], [OPEN]))
    cluster = stack.ensure(Cluster("main", CLUSTER, [{"name": "containerInsights", "value": "disabled"}]))
    providers = stack.ensure(ClusterCapacityProviders("main", cluster.id, ["FARGATE_SPOT"], []))
    definition = stack.ensure(task_definition(image))
    balancers, routes = ([], []) if public is None else balanced(stack, vpc, ids(subnets), group.id)
    balancers = balancers if public else []
    service = stack.ensure(
        Service(
            "web",
            cluster=cluster.id,
            service_name="web",
            task_definition=definition.arn,
            desired_count=count,
            capacity_provider_strategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
            subnets=ids(subnets),
            security_groups=[group.id],
            assign_public_ip="DISABLED" if public is None else "ENABLED",
            load_balancers=balancers,
            service_registries=[],
            health_check_grace_period_seconds=60 if public else 0,
            deployment_configuration={**BREAKER, "maximumPercent": 200, "minimumHealthyPercent": 100},
            availability_zone_rebalancing="ENABLED" if rebalanced else "DISABLED",
            enable_execute_command=shell,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            scales=scales,
        ),
        after=[ready(providers), *routes],
    )
    target = stack.ensure(ScalableTarget("web", service.resource_id, 1, 10))
    stack.ensure(
        ScalingPolicy(
            "web",
            "web-cpu",
            target.id,
            {
                "TargetValue": percent,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                "ScaleOutCooldown": 60,
                "ScaleInCooldown": 300,
                "DisableScaleIn": False,
            },
        )
    )


def balanced(stack: Stack, vpc: Handle, subnets: list[str], group: str) -> tuple[list[dict[str, Any]], list[Handle]]:
    """Declare a load balancer; return the settings of a service behind it, and the listener that comes before."""
    gateway = stack.ensure(InternetGateway("main", vpc.id))
    # once there is a gateway it is known which tasks reach AWS
    stack.ensure(RouteTable("main", vpc.id, subnet_ids=subnets, routes={"0.0.0.0/0": ready(gateway).id}))
    balancer = stack.ensure(LoadBalancer("main", CLUSTER, subnets, [group]), after=[ready(gateway)])
    targets = stack.ensure(TargetGroup("web", FAMILY, vpc.id, "/health"))
    listener = stack.ensure(Listener("web", balancer.id, 80, "HTTP", [forward(targets.id)]))
    return [{"targetGroupArn": targets.id, "containerName": "web", "containerPort": 8080}], [listener]


def task_definition(image: str) -> TaskDefinition:
    container = {
        "name": "web",
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "linuxParameters": {"initProcessEnabled": True},
        "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 10},
    }
    return TaskDefinition(
        "web",
        family=FAMILY,
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu="256",
        memory="512",
        execution_role_arn=ROLE,
        task_role_arn=ROLE,
        runtime_platform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        container_definitions=[container],
        volumes=[{"name": "tmp"}],
    )


def shown(rig: Rig) -> dict[str, Any]:
    """The service as ECS describes it."""
    answer = rig.cloud.client("ecs").describe_services(cluster=CLUSTER, services=["web"])
    service: dict[str, Any] = answer["services"][0]
    return service


def revisions(rig: Rig, status: str = "ACTIVE") -> list[str]:
    arns = rig.cloud.client("ecs").list_task_definitions(status=status)["taskDefinitionArns"]
    return [arn.rpartition("/")[2] for arn in arns]


def test_another_image_is_a_new_revision_and_the_old_one_stays(rig: Rig) -> None:
    rig.up(declared).ok()
    planned = rig.plan(lambda stack: declared(stack, image="nginx:2"))
    assert [(item.address, item.action, list(item.changes)) for item in planned] == [
        ("task_definition/web", "change", ["container_definitions"]),
        ("service/web", "change", ["task_definition"]),
    ]
    assert planned[0].changes["container_definitions"].old[0]["image"] == "nginx:1"
    changed = rig.up(lambda stack: declared(stack, image="nginx:2")).ok()
    assert changed.writes == ["RegisterTaskDefinition", "UpdateService"]
    assert revisions(rig) == [f"{FAMILY}:1", f"{FAMILY}:2"]
    assert shown(rig)["taskDefinition"].endswith(":2")
    assert rig.plan(lambda stack: declared(stack, image="nginx:2")) == []


def test_a_shell_no_longer_wanted_is_taken_from_running_tasks(rig: Rig) -> None:
    """UpdateService: enableExecuteCommand starts no deployment, and a task keeps the value of its start."""

    def without(stack: Stack) -> None:
        declared(stack, shell=False)

    def shells() -> list[bool]:
        ecs = rig.cloud.client("ecs")
        arns = ecs.list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]
        return [task["enableExecuteCommand"] for task in ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]]

    rig.up(declared).ok()
    assert shells() == [True]
    assert [(item.address, list(item.changes)) for item in rig.plan(without)] == [
        ("service/web", ["enable_execute_command"])
    ]
    assert rig.up(without).ok().writes == ["UpdateService"]
    assert shells() == [False]
    assert rig.plan(without) == []


def test_reading_costs_the_same_in_a_busy_account(rig: Rig) -> None:
    rig.up(declared).ok()
    rig.up(lambda stack: declared(stack, image="nginx:2")).ok()
    ecs = rig.cloud.client("ecs")
    for number in range(101):
        container = {"name": "x", "image": "x", "memory": 8}
        ecs.register_task_definition(family=f"other-{number}", containerDefinitions=[container])
    since = rig.cloud.calls()[-1]["number"]
    rig.up(lambda stack: declared(stack, image="nginx:2")).ok()
    calls = [call["operation"] for call in rig.cloud.calls(since)]
    assert calls.count("DescribeTaskDefinition") == 1
    assert "ListTaskDefinitions" not in calls


def copied(rig: Rig, **changes: Any) -> str:
    """Do as `ecs deploy` does: register a copy of the newest revision, its tags included, with changes."""
    ecs = rig.cloud.client("ecs")
    answer = ecs.describe_task_definition(taskDefinition=FAMILY, include=["TAGS"])
    shown = answer["taskDefinition"]
    own = ("family", "requiresCompatibilities", "networkMode", "cpu", "memory", "executionRoleArn", "taskRoleArn")
    container = shown["containerDefinitions"][0] | changes
    made = ecs.register_task_definition(
        **{name: shown[name] for name in (*own, "runtimePlatform", "volumes")},
        containerDefinitions=[container],
        tags=answer["tags"],
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def deploy(rig: Rig, arn: str, *, out_of_use: str = "") -> None:
    """Deploy a revision past the tool, and take the former one out of use, as `ecs deploy` does by default."""
    rig.cloud.client("ecs").update_service(cluster=CLUSTER, service="web", taskDefinition=arn)
    rig.cloud.wait(lambda: newest(rig)["rolloutState"] == "COMPLETED", "the deployment")
    if out_of_use:
        rig.cloud.client("ecs").deregister_task_definition(taskDefinition=out_of_use)


@pytest.mark.parametrize("changes", [{"image": "nginx:2"}, {"command": ["sleep", "1"]}])
def test_a_changed_copy_with_our_tags_is_not_what_is_declared(rig: Rig, changes: dict[str, Any]) -> None:
    rig.up(declared).ok()
    copied(rig, **changes)
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    assert shown(rig)["taskDefinition"].endswith(":1")


@pytest.mark.parametrize("out_of_use", ["", f"{FAMILY}:1"], ids=["left", "deregistered"])
def test_a_pipelines_deployment_stays_until_another_is_declared(rig: Rig, out_of_use: str) -> None:
    rig.up(declared).ok()
    deploy(rig, copied(rig, image="nginx:2"), out_of_use=out_of_use)
    assert rig.plan(declared) == []
    up = rig.up(declared).ok()
    assert up.writes == []
    told = [event.text for event in up.events if isinstance(event, Notice)]
    assert len(told) == 1
    assert told[0].startswith(f"service/web runs {FAMILY}:2, which somebody else deployed: it is not changed")
    changed = rig.up(lambda stack: declared(stack, image="nginx:3")).ok()
    assert changed.writes == ["RegisterTaskDefinition", "UpdateService"]
    assert shown(rig)["taskDefinition"].endswith(":3")
    assert deployed_by_others(rig.aws()) == []


def test_a_plan_says_whether_what_a_pipeline_deployed_stays(rig: Rig) -> None:
    rig.up(declared).ok()
    deploy(rig, copied(rig, image="nginx:2"))

    def told(declare: Any) -> str:
        aws, stack = rig.aws(), rig.declare(declare)
        (note,) = aws_notices.notes(aws, stack, dry_run.show_plan(aws, rig.state().records, stack))
        return note.rpartition("deployed: ")[2]

    assert told(declared).startswith("it is not changed")
    assert told(lambda stack: declared(stack, image="nginx:3")) == "it is replaced"


def test_what_a_pipeline_deployed_goes_when_asked(rig: Rig) -> None:
    rig.up(declared).ok()
    deploy(rig, copied(rig, image="nginx:2"))
    rig.redeploy = True
    assert [(item.address, list(item.changes)) for item in rig.plan(declared)] == [("service/web", ["task_definition"])]
    assert rig.up(declared).ok().writes == ["UpdateService"]
    assert shown(rig)["taskDefinition"].endswith(":1")
    assert rig.down().ok().summary.leftovers == []
    assert revisions(rig) == []


def test_a_revision_out_of_use_is_registered_again_when_asked(rig: Rig) -> None:
    rig.up(declared).ok()
    deploy(rig, copied(rig, image="nginx:2"), out_of_use=f"{FAMILY}:1")
    rig.redeploy = True
    assert rig.up(declared).ok().writes == ["RegisterTaskDefinition", "UpdateService"]
    assert shown(rig)["taskDefinition"].endswith(":3")
    assert rig.up(declared).ok().writes == []
    assert rig.down().ok().summary.leftovers == []
    assert revisions(rig) == []


def test_an_older_revision_is_a_difference(rig: Rig) -> None:
    """ECS goes back to one by itself when a deployment fails."""
    rig.up(declared).ok()
    rig.up(lambda stack: declared(stack, image="nginx:2")).ok()
    deploy(rig, f"{FAMILY}:1")
    planned = rig.plan(lambda stack: declared(stack, image="nginx:2"))
    assert [(item.address, list(item.changes)) for item in planned] == [("service/web", ["task_definition"])]


def test_a_revision_without_our_hash_is_compared_by_its_content(rig: Rig) -> None:
    rig.up(declared).ok()
    ecs = rig.cloud.client("ecs")
    arn = shown(rig)["taskDefinition"]
    ecs.untag_resource(resourceArn=arn, tagKeys=["provisioner:content"])
    assert rig.plan(declared) == []
    planned = rig.plan(lambda stack: declared(stack, image="nginx:2"))
    assert list(planned[0].changes) == ["container_definitions"]


def test_a_change_of_settings_is_all_that_is_applied(rig: Rig) -> None:
    rig.up(declared).ok()

    def edited(stack: Stack) -> None:
        declared(stack, percent=50, rebalanced=False)

    planned = rig.plan(edited)
    assert [(item.address, list(item.changes)) for item in planned] == [
        ("service/web", ["availability_zone_rebalancing"]),
        ("scaling_policy/web", ["target_tracking_scaling_policy_configuration"]),
    ]
    assert sorted(rig.up(edited).ok().writes) == ["PutScalingPolicy", "UpdateService"]
    assert len(shown(rig)["deployments"]) == 1
    assert rig.plan(edited) == []


def test_a_service_joins_the_load_balancer_and_leaves_it_again(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, public=False)).ok()
    assert "healthCheckGracePeriodSeconds" not in shown(rig)
    # ECS takes the grace period only once the load balancer is there
    for public, writes in ((True, ["UpdateService", "UpdateService"]), (False, ["UpdateService"])):

        def edited(stack: Stack, public: bool = public) -> None:
            declared(stack, public=public)

        changes = ["load_balancers", "health_check_grace_period_seconds"]
        assert [(item.address, list(item.changes)) for item in rig.plan(edited)] == [("service/web", changes)]
        assert rig.up(edited).ok().writes == writes
        assert len(shown(rig)["loadBalancers"]) == int(public)
        # ECS keeps the period when the load balancer is gone
        assert shown(rig)["healthCheckGracePeriodSeconds"] == 60
        assert rig.plan(edited) == []


def test_the_number_of_tasks_that_scale_is_never_a_difference(rig: Rig) -> None:
    rig.up(declared).ok()
    rig.cloud.client("ecs").update_service(cluster=CLUSTER, service="web", desiredCount=3)
    rig.cloud.wait(lambda: shown(rig)["runningCount"] == 3, "3 tasks run")
    assert rig.plan(declared) == []
    assert rig.up(lambda stack: declared(stack, count=2)).ok().writes == []
    assert shown(rig)["desiredCount"] == 3


def test_a_foreign_family_under_our_name_is_refused(rig: Rig) -> None:
    ecs = rig.cloud.client("ecs")
    ecs.register_task_definition(family=FAMILY, containerDefinitions=[{"name": "x", "image": "x", "memory": 8}])
    refused = rig.up(declared).refused()
    assert list(refused) == ["task_definition/web"]
    assert "not the tags of this stack" in refused["task_definition/web"]
    assert revisions(rig) == [f"{FAMILY}:1"]
    rig.down().ok()
    assert revisions(rig) == [f"{FAMILY}:1"]


def test_a_foreign_service_under_our_name_is_refused(rig: Rig) -> None:
    rig.up(declared).ok()
    ecs = rig.cloud.client("ecs")
    arn = shown(rig)["serviceArn"]
    ecs.untag_resource(resourceArn=arn, tagKeys=["Project"])
    assert {item.address for item in rig.plan(declared) if item.action == "refused"} == {"service/web"}
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "Project", "value": "ecs-sample"}])
    assert rig.plan(declared) == []


def test_created_again_after_it_was_deleted(rig: Rig) -> None:
    rig.up(declared).ok()
    rig.down().ok()
    assert rig.up(declared).ok().summary.counts == {"created": 10}
    assert shown(rig)["taskDefinition"].endswith(":2")
    assert rig.plan(declared) == []


def test_other_revisions_of_the_family_stay(rig: Rig) -> None:
    """A revision that a pipeline registered is not ours: it is no difference, and it outlives the stack."""
    rig.up(declared).ok()
    ecs = rig.cloud.client("ecs")
    ecs.register_task_definition(family=FAMILY, containerDefinitions=[{"name": "x", "image": "x", "memory": 8}])
    assert rig.plan(declared) == []
    rig.down().ok()
    assert revisions(rig) == [f"{FAMILY}:2"]


def newest(rig: Rig) -> dict[str, Any]:
    """The newest deployment, as ECS describes it."""
    deployment: dict[str, Any] = shown(rig)["deployments"][0]
    return deployment


def live(rig: Rig) -> Observed:
    [found] = rig.aws().exhaustive().live(Service)
    return found


def seen(rig: Rig, told: Deployment | None = None, **deployment: Any) -> Observed:
    """The service as it would be read if its newest deployment had these settings, and its history said this."""
    service = shown(rig)
    tags = rig.cloud.client("ecs").list_tags_for_resource(resourceArn=service["serviceArn"])["tags"]
    changed = [{**service["deployments"][0], **deployment}, *service["deployments"][1:]]
    aws = rig.aws()
    read = Read({**service, "deployments": changed, "tags": tags}, deployment=told, stopped=stopped(aws, CLUSTER))
    return Service._live(aws, read)


def test_a_deployment_that_was_given_up_is_started_again(rig: Rig) -> None:
    rig.up(declared).ok()
    before, wanted = newest(rig), rig.declare(declared).declared["service/web"].resource
    given_up = seen(
        rig, rolloutState="FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks failed to start."
    )
    with pytest.raises(Failed, match="circuit breaker: tasks failed to start"):
        Service.pending(given_up)
    assert compare(wanted, given_up)["failed"] == Change(True, False)
    wanted = filled(wanted, lambda address, output: CLUSTER)
    wanted.update(rig.aws(), given_up, {"failed": Change(True, False)})
    assert newest(rig)["id"] != before["id"]


def test_a_rollback_is_a_failure_though_its_tasks_run(rig: Rig) -> None:
    rig.up(declared).ok()
    reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."
    with pytest.raises(Failed, match="rolling back"):
        Service.pending(seen(rig, rolloutState="IN_PROGRESS", rolloutStateReason=reason))


def test_what_is_waited_for_says_why_tasks_stopped(rig: Rig) -> None:
    rig.up(declared).ok()
    ecs = rig.cloud.client("ecs")
    [task] = ecs.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"]
    ecs.stop_task(cluster=CLUSTER, task=task, reason="CannotPullContainerError: not found")

    def replaced() -> bool:
        arns = ecs.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"]
        others = [arn for arn in arns if arn != task]
        found = ecs.describe_tasks(cluster=CLUSTER, tasks=others)["tasks"] if others else []
        return [one["lastStatus"] for one in found] == ["RUNNING"] and shown(rig)["runningCount"] == 1

    rig.cloud.wait(replaced, "another task runs")
    why = Service.pending(seen(rig, rolloutState="IN_PROGRESS", failedTasks=1))
    assert why is not None
    assert ", 1 failed (given up at 3): CannotPullContainerError: not found" in why


def test_a_completed_deployment_whose_tasks_fail_since_says_why(rig: Rig) -> None:
    rig.up(declared).ok()
    ecs = rig.cloud.client("ecs")
    rig.cloud.control("POST", "faults", "scenarios=task-fails")
    [task] = ecs.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"]
    ecs.stop_task(cluster=CLUSTER, task=task)

    def failing() -> bool:
        why = Service.pending(live(rig)) or ""
        return why.startswith(f"{FAMILY}:1: 0/1 running, Essential container in task exited; exit code 1")

    rig.cloud.wait(failing, "the reason")
    assert newest(rig)["rolloutState"] == "COMPLETED"
    rig.cloud.control("POST", "faults", "scenarios=")
    rig.up(declared).ok()


def test_where_fargate_spot_is_short_the_message_says_what_to_do(rig: Rig) -> None:
    """ECS counts tasks that it cannot place, and its circuit breaker ends the deployment."""
    rig.cloud.control("POST", "faults", "scenarios=spot-short")
    failed = str(rig.up(declared).failures()["service/web"])
    assert "was unable to place a task. Reason: Capacity is unavailable at this time" in failed
    assert "Fargate Spot is short, and ECS does not fall back: set on_demand for the service" in failed
    rig.cloud.control("POST", "faults", "scenarios=")
    rig.up(declared).ok()


def test_a_service_that_runs_nothing_is_not_ready(rig: Rig) -> None:
    rig.up(declared).ok()
    found = live(rig)
    assert Service.pending(found) is None
    none = replace(found, details={PROGRESS: replace(progress_of(found), running_count=0)})
    assert Service.pending(none) == f"{FAMILY}:1: 0/1 running"
    assert Service.pending(replace(none, attributes={**found.attributes, "desired_count": 0})) is None


def test_a_failed_resource_is_given_its_changes(rig: Rig) -> None:
    """After a deployment that failed, the user's change is rolled out: the failure does not stand in its way."""
    rig.up(declared).ok()
    wanted = filled(rig.declare(declared).declared["service/web"].resource, lambda address, output: CLUSTER)
    given_up = seen(rig, rolloutState="FAILED", rolloutStateReason="tasks failed to start")
    assert awaited(rig.aws(), wanted, given_up, compare(wanted, given_up)) is None
    with pytest.raises(Failed):
        awaited(rig.aws(), wanted, given_up)
