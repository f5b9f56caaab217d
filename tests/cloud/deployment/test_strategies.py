"""Strategies of ECS's own, as a user deploys by them: shifted traffic, rollbacks, and the ways there and back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_deploy import clean, deploy
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.policies import allowing, enforce, policies, policy
from tests.cloud.project import SMALL, Project, ready_image
from tests.cloud.rehearsals import rehearsed, temporary  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

PLAIN = "public = true"
BLUE_GREEN = 'deployment = { strategy = "blue-green", bake_minutes = 2 }'
CANARY = 'deployment = { strategy = "canary", step_percent = 20, step_minutes = 3, bake_minutes = 2 }'
WATCHED = CANARY.replace(" }", ', alarms = ["http-errors"] }')
TRIED = BLUE_GREEN.replace(" }", ", test_port = 8443 }")
LINEAR = 'deployment = { strategy = "linear", step_percent = 50, step_minutes = 3, bake_minutes = 2 }'


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A directory with a stack of one public service, and images for it in ECR."""
    here = Project(cloud, tmp_path)
    here.write(SMALL)
    for name in ("good", "better", "frontend-exits-at-once"):
        ready_image(cloud, name)
    yield here
    here.close()


def ports(project: Project) -> dict[int, str]:
    """The ARNs of the load balancer's listeners by their ports."""
    elb = project.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return {one["Port"]: one["ListenerArn"] for one in listeners}


def admitted(project: Project) -> set[int]:
    """The ports at which the load balancer's group lets the one source of users in, and nobody else."""
    found = project.cloud.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [f"{NAME}-alb"]}]
    )["SecurityGroups"]
    rules = [rule for group in found for rule in group["IpPermissions"]]
    assert len({str(rule["IpRanges"][0]["CidrIp"]) for rule in rules}) == 1
    return {rule["FromPort"] for rule in rules}


def weights(project: Project, port: int = 443) -> dict[str, int]:
    """Return the weights in the one rule with two target groups, by the name of the group."""
    elb = project.cloud.client("elbv2")
    names = {one["TargetGroupArn"]: one["TargetGroupName"] for one in elb.describe_target_groups()["TargetGroups"]}
    found: dict[str, int] = {}
    for rule in elb.describe_rules(ListenerArn=ports(project)[port])["Rules"]:
        for action in rule["Actions"]:
            for group in action.get("ForwardConfig", {}).get("TargetGroups", ()):
                found[names[group["TargetGroupArn"]].removeprefix(f"{NAME}-frontend") or "a"] = group.get("Weight", 1)
    return found


def shown(project: Project) -> Any:
    (found,) = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend"])["services"]
    return found


def newest(project: Project) -> Any:
    """The newest service deployment of the service."""
    ecs = project.cloud.client("ecs")
    (found,) = ecs.list_service_deployments(cluster=NAME, service="frontend", maxResults=1)["serviceDeployments"]
    (whole,) = ecs.describe_service_deployments(serviceDeploymentArns=[found["serviceDeploymentArn"]])[
        "serviceDeployments"
    ]
    return whole


def serves(project: Project) -> bool:
    """Return whether `status` shows the service as serving, with its task in either target group."""
    (service,) = project.run("status", "--json").document["live"]["services"]
    return bool((service["state"], service["healthy"]) == ("serving", 1))


def said(ended: Any) -> list[str]:
    return [event["why"] for event in ended.said("waiting") if event.get("address") == "service/frontend"]


@pytest.mark.parametrize(("keys", "strategy"), [(BLUE_GREEN, "BLUE_GREEN"), (CANARY, "CANARY"), (LINEAR, "LINEAR")])
def test_a_service_is_deployed_by_shifting_traffic(project: Project, keys: str, strategy: str) -> None:
    project.change(PLAIN, f"{PLAIN}\n{keys}")
    project.up()
    assert shown(project)["deploymentConfiguration"]["strategy"] == strategy
    first = weights(project)
    clean(project)
    assert serves(project)
    told = deploy(project, "good:1")
    assert weights(project) == {name: 100 - weight for name, weight in first.items()}, "the other group serves"
    assert any("BAKE_TIME with 100 % of the traffic" in text for text in said(told)), said(told)
    clean(project)
    # with its tasks in that group it is paused, started again, and looked at
    project.run("sleep", "frontend", "--yes")
    project.run("wake", "frontend")
    assert weights(project) == {name: 100 - weight for name, weight in first.items()}
    assert serves(project)
    project.run("down", "--yes")


@pytest.mark.parametrize("breaker", [False, True])
def test_a_broken_image_is_rolled_back_and_serves_nobody(project: Project, breaker: bool) -> None:
    """By this tool, or by ECS if its circuit breaker is for more than rolling updates: AWS says both."""
    project.change(PLAIN, f"{PLAIN}\n{CANARY}")
    project.up()
    before = weights(project)
    if breaker:
        project.cloud.control("POST", "faults", "scenarios=breaker-shifts")
    failed = deploy(project, "frontend-exits-at-once:1", code=1)
    assert "frontend still serves revision 1, since" in failed.err
    assert "; revision 2 failed: exit code 1" in failed.err
    (why,) = failed.said("failed")
    assert ("circuit breaker threshold was exceeded" in why["error"]) is breaker
    assert ("and ECS does not give up" in why["error"]) is not breaker
    assert weights(project) == before
    assert not any("with 20 %" in text for text in said(failed))
    clean(project)


@pytest.mark.parametrize(("seconds", "stage"), [(150, "PRODUCTION_TRAFFIC_SHIFT"), (330, "BAKE_TIME")])
def test_an_alarm_rolls_back_what_has_traffic(project: Project, seconds: float, stage: str) -> None:
    watch = project.cloud.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="http-errors", Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_5XX_Count", Period=60,
        EvaluationPeriods=1, Threshold=1, Statistic="Sum", ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    project.change(PLAIN, f"{PLAIN}\n{WATCHED}")
    project.up()
    before = weights(project)
    project.cloud.hold(seconds)
    running = project.begin("deploy", "frontend", "--image", f"{REGISTRY}/good:1", "--json")
    project.cloud.await_held()
    assert newest(project)["lifecycleStage"] == stage
    watch.set_alarm_state(AlarmName="http-errors", StateValue="ALARM", StateReason="a test")
    project.cloud.release()
    ended = project.end(running)
    assert (ended.code, weights(project)) == (1, before)
    assert "alarms in state ALARM: http-errors" in ended.err
    assert shown(project)["taskDefinition"].endswith(":1")
    clean(project)


def test_strategies_change_without_an_outage(project: Project) -> None:
    project.up()
    for keys in (CANARY, LINEAR, PLAIN):
        if keys == CANARY:
            project.change(PLAIN, f"{PLAIN}\n{CANARY}")
        elif keys == LINEAR:
            deploy(project, "good:1")
            project.change("^deployment = .*$", LINEAR)
        else:
            project.change("^deployment = .*$", "")
        (run,) = rehearsed(project)["runs"]
        assert (run["outages"], run["problems"]) == ([], []), keys
        project.up()
        clean(project)
    assert "advancedConfiguration" not in shown(project)["loadBalancers"][0]
    roles = project.cloud.client("iam").list_roles()["Roles"]
    assert f"{NAME}-traffic" not in [role["RoleName"] for role in roles]
    names = project.cloud.client("elbv2").describe_target_groups()["TargetGroups"]
    assert [one["TargetGroupName"] for one in names] == [f"{NAME}-frontend"]


def test_the_new_revision_can_be_tried_at_a_port_of_its_own(project: Project) -> None:
    project.change(PLAIN, f"{PLAIN}\n{BLUE_GREEN}")
    project.up()
    on_trial = TRIED.replace(" }", ', pause_at = ["post-test-traffic-shift"] }')
    # the port comes and goes on a running service
    for keys in (TRIED, BLUE_GREEN, TRIED, on_trial):
        project.change("^deployment = .*$", keys)
        (run,) = rehearsed(project)["runs"]
        assert (run["outages"], run["problems"]) == ([], []), keys
        project.up()
        clean(project)
        assert admitted(project) == ({80, 443, 8443} if "test_port" in keys else {80, 443})
        assert (8443 in ports(project)) == ("test_port" in keys)
    before = weights(project)
    assert weights(project, 8443) == before
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/good:1", "--no-wait")
    project.cloud.wait(lambda: newest(project).get("lifecycleStage") == "POST_TEST_TRAFFIC_SHIFT", "the pause")
    new = {name: 100 - weight for name, weight in before.items()}
    assert (weights(project, 8443), weights(project)) == (new, before)
    project.run("deploy", "--approve")
    project.up()
    assert weights(project) == new
    project.down()


def test_up_deletes_a_service_that_shifts_traffic(project: Project) -> None:
    worker = f'[services.worker]\nimage = "{REGISTRY}/good:1"\n'
    service = SMALL[SMALL.index("[services.frontend]") : SMALL.index("[network]")]
    project.write(SMALL.replace(service, service.replace(PLAIN, f"{PLAIN}\n{CANARY}") + worker))
    project.up()
    project.write(SMALL.replace(service, worker))
    results = project.up().results
    assert (results["listener_rule/frontend"], results["service/frontend"]) == ("deleted", "deleted")
    assert project.planned() == {}


def test_down_ends_a_deployment_that_is_under_way(project: Project) -> None:
    project.change(PLAIN, f"{PLAIN}\n{BLUE_GREEN}")
    project.up()
    project.cut(120, signal.SIGKILL, "deploy", "frontend", "--image", f"{REGISTRY}/good:1", "--json")
    assert newest(project)["lifecycleStage"] == "BAKE_TIME"
    project.down()
    assert project.cloud.client("elbv2").describe_target_groups()["TargetGroups"] == []


def test_a_life_by_strategy_under_its_policies(project: Project) -> None:
    """The caller under the printed policies, and ECS under the role's, as far as the boundary lets it."""
    project.change(PLAIN, f"{PLAIN}\n{CANARY}")
    project.run("policy", "--create-boundary")
    looking = policy(allowing("elasticloadbalancing:Describe*"))
    enforce(project.cloud, *policies(project.config), looking)
    project.up()
    before = weights(project)
    project.change("frontend:1", "frontend:2")
    project.up()
    assert weights(project) != before
    project.change("^deployment = .*$", "")
    project.up()
    clean(project)
    project.down()
