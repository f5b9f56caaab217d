"""Deployments of the embedded cloud that shift traffic: stages, weights, rollbacks, and requests that ECS refuses."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ecs_emulator import durations
from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import create, gone, service, target_group, tasks
from tests.cloud.emulator.test_cloud_deployments import BREAKER, broken, ended, newest

Answer = dict[str, Any]
STAGES = [
    "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME",
]  # fmt: skip
MANAGED = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
BLUE_GREEN: Answer = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3}
PAUSED: Answer = {
    "lifecycleHooks": [
        {
            "targetType": "PAUSE",
            "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 5},
        }
    ]
}


class Shifted:
    """A service behind a listener rule with two target groups, in a cloud with a network and a cluster."""

    def __init__(self, network: Network) -> None:
        self.network, self.ecs, self.elb = network, network.cloud.client("ecs"), network.cloud.client("elbv2")
        self.ecs.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
        network.definition("web")
        self.blue, self.green = target_group(network), target_group(network, "green", listener=False)
        (balancer,) = self.elb.describe_load_balancers()["LoadBalancers"]
        (listener,) = self.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        self.listener = listener["ListenerArn"]
        self.rule = self.elb.create_rule(
            ListenerArn=self.listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[self.action(100, 0)],
        )["Rules"][0]["RuleArn"]
        self.role = self.infrastructure("ecs.amazonaws.com")

    def infrastructure(self, service: str) -> str:
        """A role that a service may assume, and that may change listener rules."""
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam, name = self.network.cloud.client("iam"), f"role-{service.partition('.')[0]}"
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=MANAGED)
        return arn

    def action(self, blue: int, green: int) -> Answer:
        weighted = ((self.blue, blue), (self.green, green))
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weighted]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}

    def second_rule(self) -> str:
        """The ARN of a rule at another port that forwards as the first one does at first."""
        (balancer,) = self.elb.describe_load_balancers()["LoadBalancers"]
        listener = self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Port=8080,
            Protocol="HTTP",
            DefaultActions=[self.action(100, 0)],
        )["Listeners"][0]
        paths = [{"Field": "path-pattern", "Values": ["/*"]}]
        made = self.elb.create_rule(
            ListenerArn=listener["ListenerArn"], Priority=1, Conditions=paths, Actions=[self.action(100, 0)]
        )
        arn: str = made["Rules"][0]["RuleArn"]
        return arn

    def weights(self, rule_arn: str = "") -> tuple[int, int]:
        """Return the weights of blue and of green in a rule; the first rule unless another one is named."""
        (rule,) = self.elb.describe_rules(RuleArns=[rule_arn or self.rule])["Rules"]
        found = {one["TargetGroupArn"]: one["Weight"] for one in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]}
        return found[self.blue], found[self.green]

    def registered(self, group: str) -> int:
        return len(self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"])

    def balancers(self, **more: Any) -> list[Answer]:
        settings = {"alternateTargetGroupArn": self.green, "productionListenerRule": self.rule, "roleArn": self.role}
        advanced = {key: value for key, value in {**settings, **more}.items() if value}
        plain = {"targetGroupArn": self.blue, "containerName": "web", "containerPort": 80}
        return [plain | ({"advancedConfiguration": advanced} if advanced else {})]

    def alarms(self, *names: str) -> Any:
        """Make these alarms, and return a client that can set their states."""
        watch = self.network.cloud.client("cloudwatch")
        for name in names:
            watch.put_metric_alarm(
                AlarmName=name, Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_5XX_Count", Period=60,
                EvaluationPeriods=1, Threshold=1, Statistic="Sum", ComparisonOperator="GreaterThanThreshold",
            )  # fmt: skip
        return watch

    def create(self, configuration: Answer, **more: Any) -> None:
        create(
            self.network,
            desiredCount=1,
            deploymentConfiguration={"deploymentCircuitBreaker": BREAKER, **configuration},
            loadBalancers=self.balancers(**more),
        )
        ended(self.network, self.ecs, "SUCCESSFUL")

    def deploy(self, definition: str = "", **more: Any) -> None:
        wanted = definition or self.network.definition("web")
        self.ecs.update_service(cluster="main", service="web", taskDefinition=wanted, **more)

    def reaches(self, stage: str) -> None:
        self.network.cloud.wait(lambda: newest(self.ecs).get("lifecycleStage") == stage, stage)


@pytest.fixture
def shifted(network: Network) -> Shifted:
    """The surroundings of a service that shifts its traffic between two target groups."""
    return Shifted(network)


def test_a_blue_green_deployment_goes_through_its_stages(shifted: Shifted) -> None:
    shifted.create(BLUE_GREEN)
    assert shifted.weights() == (0, 100), "seen live: the first one ends in the group that had no weight"
    shifted.deploy()
    seen: list[tuple[str, tuple[int, int]]] = []

    def done() -> bool:
        found = newest(shifted.ecs)
        now = found.get("lifecycleStage", ""), shifted.weights()
        if now[0] and (not seen or seen[-1] != now):
            seen.append(now)
        return bool(found["status"] == "SUCCESSFUL")

    shifted.network.cloud.wait(done, "the end")
    assert [stage for stage in STAGES if stage in dict(seen)] == STAGES
    assert dict(seen)["POST_TEST_TRAFFIC_SHIFT"] == (0, 100)
    assert dict(seen)["BAKE_TIME"] == (100, 0)
    found = newest(shifted.ecs)
    assert found["finishedAt"] - found["startedAt"] > timedelta(minutes=3)
    assert found["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100.0
    assert (shifted.registered(shifted.blue), shifted.registered(shifted.green)) == (1, 0)
    (revision,) = shifted.ecs.describe_service_revisions(serviceRevisionArns=[found["targetServiceRevision"]["arn"]])[
        "serviceRevisions"
    ]
    assert revision["resolvedConfiguration"]["loadBalancers"] == [
        {"targetGroupArn": shifted.blue, "productionListenerRule": shifted.rule}
    ]


def test_test_traffic_moves_before_production_traffic(shifted: Shifted) -> None:
    test = shifted.second_rule()
    shifted.create(BLUE_GREEN, testListenerRule=test)
    assert (shifted.weights(test), shifted.weights()) == ((0, 100), (0, 100))
    shifted.deploy(deploymentConfiguration=PAUSED)
    shifted.reaches("POST_TEST_TRAFFIC_SHIFT")
    assert (shifted.weights(test), shifted.weights()) == ((100, 0), (0, 100))
    target = newest(shifted.ecs)["targetServiceRevision"]
    assert (target["requestedTestTrafficWeight"], target["requestedProductionTrafficWeight"]) == (100.0, 0.0)
    ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert (shifted.weights(test), shifted.weights()) == ((0, 100), (0, 100)), "nobody has approved it"


def test_a_test_rule_that_is_gone_rolls_back(shifted: Shifted) -> None:
    test = shifted.second_rule()
    shifted.create(BLUE_GREEN, testListenerRule=test)
    shifted.elb.delete_rule(RuleArn=test)
    shifted.deploy()
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert "One or more rules not found" in found["statusReason"]


def test_a_stage_takes_as_long_as_the_clock_is_told(shifted: Shifted) -> None:
    shifted.create(BLUE_GREEN)
    shifted.network.cloud.last("slow")
    shifted.deploy()
    shifted.reaches("POST_SCALE_UP")
    began = shifted.network.cloud.now()
    shifted.reaches("PRODUCTION_TRAFFIC_SHIFT")
    slow = durations.DEPLOYMENT_STAGE.range[1]
    assert shifted.network.cloud.now() - began == pytest.approx(3 * slow, abs=5)


def test_old_and_new_tasks_run_side_by_side_until_the_end(shifted: Shifted) -> None:
    shifted.create(BLUE_GREEN)
    shifted.deploy()
    shifted.reaches("BAKE_TIME")
    assert service(shifted.network)["runningCount"] == 2
    assert (shifted.registered(shifted.blue), shifted.registered(shifted.green)) == (1, 1)


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        (
            {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 4}},
            [(125, 875), (100, 0)],
        ),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 40.0, "stepBakeTimeInMinutes": 2}},
            [(40, 60), (80, 20), (100, 0)],
        ),
    ],
)
def test_traffic_moves_in_steps(shifted: Shifted, configuration: Answer, expected: list[tuple[int, int]]) -> None:
    shifted.create(configuration)
    shifted.deploy()
    seen: list[tuple[int, int]] = []

    def done() -> bool:
        if (now := shifted.weights()) != (seen or [(0, 100)])[-1]:
            seen.append(now)
        return bool(newest(shifted.ecs)["status"] == "SUCCESSFUL")

    shifted.network.cloud.wait(done, "the end")
    assert seen == expected
    found = newest(shifted.ecs)
    assert found["finishedAt"] - found["startedAt"] > timedelta(minutes=4)


def test_no_breaker_ends_what_shifts_traffic(shifted: Shifted) -> None:
    """API reference, DeploymentCircuitBreaker: "can only be used for services using the rolling update"."""
    shifted.create(BLUE_GREEN)
    shifted.deploy(broken(shifted.network))
    shifted.network.cloud.wait(lambda: service(shifted.network)["deployments"][0]["failedTasks"] > 5, "failures")
    found = newest(shifted.ecs)
    assert (found["status"], found["lifecycleStage"]) == ("IN_PROGRESS", "SCALE_UP")
    assert found["deploymentCircuitBreaker"] == {"status": "DISABLED"}


def test_the_other_reading_ends_it_before_traffic_moves(shifted: Shifted) -> None:
    """Developer guide, "deployment failure detection": "rolling update deployment and blue/green"."""
    shifted.network.cloud.control("POST", "faults", "scenarios=breaker-shifts")
    shifted.create(BLUE_GREEN)
    shifted.deploy(broken(shifted.network))
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert found["statusReason"].endswith("the circuit breaker threshold was exceeded.")
    assert shifted.weights() == (0, 100)
    assert service(shifted.network)["taskDefinition"].endswith("web:1")


def test_tasks_that_are_never_healthy_are_given_up(shifted: Shifted) -> None:
    container = {"name": "web", "image": "web-never-healthy:1", "portMappings": [{"containerPort": 80}]}
    shifted.network.cloud.control("POST", "faults", "scenarios=breaker-shifts")
    shifted.create(BLUE_GREEN)
    shifted.deploy(shifted.network.definition("web", containerDefinitions=[container]))
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert found["statusReason"].endswith("the circuit breaker threshold was exceeded.")
    assert found["finishedAt"] - found["startedAt"] < timedelta(minutes=15)
    assert (service(shifted.network)["runningCount"], shifted.weights()) == (1, (0, 100))


@pytest.mark.parametrize("stage", ["PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"])
def test_an_alarm_takes_the_traffic_back(shifted: Shifted, stage: str) -> None:
    watch = shifted.alarms("errors", "slow")
    watch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="before the deployment")
    alarms = {"alarmNames": ["errors", "slow"], "enable": True, "rollback": True}
    canary = {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5}
    shifted.create({"strategy": "CANARY", "bakeTimeInMinutes": 5, "canaryConfiguration": canary, "alarms": alarms})
    shifted.deploy()
    shifted.reaches(stage)
    shifted.network.cloud.step(60)
    assert newest(shifted.ecs)["alarms"]["status"] == "MONITORING"
    assert shifted.weights() == ((10, 90) if stage.startswith("PRODUCTION") else (100, 0))
    watch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert (found["alarms"]["status"], found["alarms"]["triggeredAlarmNames"]) == ("TRIGGERED", ["errors"])
    assert shifted.weights() == (0, 100)
    assert (service(shifted.network)["runningCount"], shifted.registered(shifted.green)) == (1, 1)


def test_an_alarm_that_does_not_roll_back_stops_the_deployment(shifted: Shifted) -> None:
    watch = shifted.alarms("errors")
    shifted.create({**BLUE_GREEN, "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": False}})
    shifted.deploy()
    shifted.reaches("BAKE_TIME")
    watch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    found = ended(shifted.network, shifted.ecs, "STOPPED")
    assert found["statusReason"].endswith("stopped because of CloudWatch alarms in state ALARM: errors.")
    (event,) = (one for one in service(shifted.network)["events"] if "deployment failed" in one["message"])
    assert event["message"].endswith("deployment failed: alarm detected.")


def test_a_newer_deployment_reconciles_the_one_under_way(shifted: Shifted) -> None:
    shifted.create({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 30.0}})
    shifted.deploy()
    shifted.network.cloud.wait(lambda: shifted.weights() == (30, 70), "a part of the traffic")
    shifted.deploy()
    assert shifted.weights() == (0, 100), "all of it is where it was before"
    shifted.reaches("RECONCILE_SERVICE")
    ended(shifted.network, shifted.ecs, "SUCCESSFUL")
    assert shifted.weights() == (100, 0)
    assert [task["taskDefinitionArn"][-1] for task in tasks(shifted.network)] == ["3"]


def test_the_weights_stay_if_a_deployment_is_reconciled_late(shifted: Shifted) -> None:
    shifted.network.cloud.control("POST", "faults", "scenarios=reconcile-late")
    shifted.create({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 30.0}})
    shifted.deploy()
    shifted.network.cloud.wait(lambda: shifted.weights() == (30, 70), "a part of the traffic")
    shifted.deploy()
    assert shifted.weights() == (30, 70)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("trust", "missing permissions on ECS Infrastructure Role"),
        ("policy", "is not authorized to perform: elasticloadbalancing:ModifyRule"),
        ("weights", "should have exactly one target group serving traffic but found 2"),
    ],
)
def test_what_hinders_the_shift_rolls_back(shifted: Shifted, fault: str, said: str) -> None:
    shifted.create(BLUE_GREEN)
    iam = shifted.network.cloud.client("iam")
    if fault == "trust":
        shifted.deploy(loadBalancers=shifted.balancers(roleArn=shifted.infrastructure("ec2.amazonaws.com")))
    else:
        if fault == "policy":
            iam.detach_role_policy(RoleName="role-ecs", PolicyArn=MANAGED)
        else:
            shifted.elb.modify_rule(RuleArn=shifted.rule, Actions=[shifted.action(50, 50)])
        shifted.deploy()
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert said in found["statusReason"]
    shown = service(shifted.network)
    assert any(f"deployment failed: {found['statusReason'].rstrip('.')}." in one["message"] for one in shown["events"])
    assert shown["runningCount"] == 1


def test_a_rolling_update_stays_in_the_group_with_traffic(shifted: Shifted) -> None:
    shifted.create(BLUE_GREEN)
    shifted.deploy(deploymentConfiguration={"strategy": "ROLLING"})
    ended(shifted.network, shifted.ecs, "SUCCESSFUL")
    assert shifted.weights() == (0, 100)
    assert (shifted.registered(shifted.blue), shifted.registered(shifted.green)) == (0, 1)


def test_a_deleted_service_leaves_nothing_under_way(shifted: Shifted) -> None:
    shifted.create(BLUE_GREEN)
    shifted.deploy()
    shifted.reaches("BAKE_TIME")
    shifted.ecs.delete_service(cluster="main", service="web", force=True)
    gone(shifted.network)
    assert tasks(shifted.network) == []


def test_requests_that_ecs_refuses(shifted: Shifted) -> None:
    """The words of the first ones: developer guide, "Troubleshooting Amazon ECS blue/green deployments"."""

    def tried(said: str, configuration: Answer, balancers: list[Answer] | None = None, **more: Any) -> None:
        with refused("InvalidParameterException", said):
            create(
                shifted.network,
                deploymentConfiguration=configuration,
                loadBalancers=shifted.balancers() if balancers is None else balancers,
                **more,
            )

    plain = shifted.balancers(alternateTargetGroupArn="", productionListenerRule="", roleArn="")
    tried("required for all loadBalancers when using a non-ROLLING", BLUE_GREEN, plain)
    wrong = shifted.balancers(productionListenerRule=shifted.listener)
    tried("Must be RuleArn for ALB", BLUE_GREEN, wrong)
    tried("both production and test", BLUE_GREEN, shifted.balancers(testListenerRule=shifted.rule))
    tried("Duplicate targetGroupArn", BLUE_GREEN, shifted.balancers(alternateTargetGroupArn=shifted.blue))
    tried("roleArn is required", BLUE_GREEN, shifted.balancers(roleArn=""))
    tried("canaryConfiguration is only valid", {**BLUE_GREEN, "canaryConfiguration": {"canaryPercent": 5.0}})
    tried("from 3.0 to 100.0", {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0}})
    tried("bakeTimeInMinutes", {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441})
    tried("requires the ECS deployment controller", BLUE_GREEN, deploymentController={"type": "EXTERNAL"})
    alone = [{"Type": "forward", "TargetGroupArn": shifted.blue}]
    shifted.elb.modify_rule(RuleArn=shifted.rule, Actions=alone)
    tried("testListenerRule is required", BLUE_GREEN)


def test_a_strategy_changes_between_deployments_only(shifted: Shifted) -> None:
    shifted.create({"strategy": "ROLLING"})
    shifted.deploy()
    with refused("InvalidParameterException", "in progress"):
        shifted.ecs.update_service(cluster="main", service="web", deploymentConfiguration=BLUE_GREEN)
    ended(shifted.network, shifted.ecs, "SUCCESSFUL")
    before = newest(shifted.ecs)["serviceDeploymentArn"]
    shifted.ecs.update_service(cluster="main", service="web", deploymentConfiguration=BLUE_GREEN)
    shifted.network.cloud.step(60)
    assert newest(shifted.ecs)["serviceDeploymentArn"] == before, "a strategy alone deploys nothing"
