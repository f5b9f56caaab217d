"""The embedded cloud tells which URLs and services are down while somebody changes resources, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud.project import SMALL, Project, project, ready_image  # noqa: F401  (a fixture)
from tests.cloud.rehearsals import QUIET

pytestmark = pytest.mark.slow

URL = "https://app.example.com/*"


@pytest.fixture
def standing(project: Project) -> Project:  # noqa: F811
    """A public service with one task, left alone for an hour."""
    project.write(SMALL)
    ready_image(project.cloud, "frontend")
    project.up()
    control.pass_time(project.cloud.process, QUIET, "typical")
    return project


@contextmanager
def told(
    here: Project, seconds: float = 5.0, owners: dict[str, str] | None = None, **paths: str
) -> Iterator[list[tuple[str, str]]]:
    """Yield a list that is filled after the block: each URL or service that is down, and the reason."""
    found: list[tuple[str, str]] = []
    control.watch(here.cloud.process, paths, owners)
    yield found
    control.pass_time(here.cloud.process, seconds, "typical")
    found += [(one["url"] or one["service"], one["why"]) for one in control.outages(here.cloud.process)]


def one(answer: Any) -> Any:
    [found] = answer
    return found


def test_what_stands_between_a_url_and_a_task(standing: Project) -> None:
    elb, ec2 = standing.cloud.client("elbv2"), standing.cloud.client("ec2")
    balancer = one(elb.describe_load_balancers()["LoadBalancers"])
    arn = balancer["LoadBalancerArn"]
    listener = next(x for x in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"] if x["Protocol"] == "HTTPS")
    group = one(elb.describe_target_groups()["TargetGroups"])["TargetGroupArn"]
    empty = elb.create_target_group(Name="empty", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"], TargetType="ip")[
        "TargetGroups"
    ][0]["TargetGroupArn"]

    def forward(**weights: int) -> None:
        groups = [{"TargetGroupArn": {"full": group, "empty": empty}[n], "Weight": w} for n, w in weights.items()]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[action])

    none = "none of its running tasks is registered in its target group"
    with told(standing) as found:
        forward(full=1, empty=0)
    assert found == []
    with told(standing) as found:
        forward(full=3, empty=1)
    assert found == [(URL, f"25 % of its requests: {none}")]
    forward(full=1)
    with told(standing) as found:
        forward(full=0, empty=1)
    assert found == [(URL, none)]
    forward(full=1)
    with told(standing) as found:
        answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[answer])
    assert found == [(URL, "the listener answers 404")]
    forward(full=1)

    public = balancer["AvailabilityZones"][0]["SubnetId"]
    table = one(
        ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [public]}])["RouteTables"]
    )
    to_internet = next(r for r in table["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0")
    with told(standing) as found:
        ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    assert found == [(URL, "a subnet of its load balancer has no route to the internet")]
    ec2.create_route(
        RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=to_internet["GatewayId"]
    )

    rules = one(ec2.describe_security_groups(GroupIds=balancer["SecurityGroups"])["SecurityGroups"])
    with told(standing) as found:
        ec2.revoke_security_group_egress(GroupId=rules["GroupId"], IpPermissions=rules["IpPermissionsEgress"])
    assert found == [(URL, "no security groups let its load balancer reach its running tasks")]


def test_http_under_the_load_balancers_name_and_redirects(standing: Project) -> None:
    elb, ec2 = standing.cloud.client("elbv2"), standing.cloud.client("ec2")
    balancer = one(elb.describe_load_balancers()["LoadBalancers"])
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    arn = next(x["ListenerArn"] for x in listeners if x["Protocol"] == "HTTP")
    group = one(elb.describe_target_groups()["TargetGroups"])["TargetGroupArn"]
    own = f"http://{balancer['DNSName']}/*"

    def answer(action: dict[str, Any]) -> None:
        elb.modify_listener(ListenerArn=arn, DefaultActions=[action])

    def lead(host: str) -> dict[str, Any]:
        config = {"Protocol": "HTTPS", "Port": "443", "Host": host, "StatusCode": "HTTP_301"}
        return {"Type": "redirect", "RedirectConfig": config}

    forward = {"Type": "forward", "TargetGroupArn": group}
    answer(forward)
    with told(standing) as found:
        answer(lead("app.example.com"))
    assert found == [], "clients follow it to a name that has a certificate"
    answer(forward)
    with told(standing) as found:
        answer(lead("#{host}"))
    why = f"it redirects to https://{balancer['DNSName']}/*: the listener has no certificate for this name"
    assert found == [(own, why)]
    answer(forward)
    group_id = one(balancer["SecurityGroups"])
    everybody = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "127.0.0.1/32"}]}
    with told(standing) as found:
        ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=[everybody])
    assert (own, "no security group of its load balancer lets anybody in on port 80") in found
    assert URL not in dict(found)


def test_a_path_that_comes_new_is_watched_from_its_former_owner(standing: Project) -> None:
    elb = standing.cloud.client("elbv2")
    balancer = one(elb.describe_load_balancers()["LoadBalancers"])
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    arn = next(x["ListenerArn"] for x in listeners if x["Protocol"] == "HTTPS")
    empty = elb.create_target_group(Name="empty", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"], TargetType="ip")[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    shop = {"ListenerArn": arn, "Priority": 9, "Actions": [{"Type": "forward", "TargetGroupArn": empty}]}
    with told(standing, owners={"/shop/*": "shop"}) as found:
        rule = elb.create_rule(**shop, Conditions=[{"Field": "path-pattern", "Values": ["/shop/*"]}])["Rules"][0]
    none = "none of its running tasks is registered in its target group"
    assert found == [("https://app.example.com/shop/*", none)]
    elb.delete_rule(RuleArn=rule["RuleArn"])
    with told(standing, owners={"/shop/*": "shop"}) as found:
        elb.create_rule(**shop, Conditions=[{"Field": "host-header", "Values": ["closed.invalid"]}])
    assert found == []


def test_a_third_service_that_answers_is_an_outage(standing: Project) -> None:
    elb = standing.cloud.client("elbv2")
    balancer = one(elb.describe_load_balancers()["LoadBalancers"])
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    arn = next(x["ListenerArn"] for x in listeners if x["Protocol"] == "HTTPS")
    standing.change(r"\[services.frontend\]", "[services.other]\npath = '/other/*'\nextends = 'frontend'\n"
                    "port = 80\npublic = true\n[services.frontend]")  # fmt: skip
    standing.up()
    groups = {x["TargetGroupName"]: x["TargetGroupArn"] for x in elb.describe_target_groups()["TargetGroups"]}
    with told(standing, owners={"/*": "frontend"}) as found:
        action = {"Type": "forward", "TargetGroupArn": groups["ecs-sample-dev-other"]}
        elb.modify_listener(ListenerArn=arn, DefaultActions=[action])
    assert found == [(URL, "other answers it instead of frontend")]


def test_a_health_check_that_running_tasks_do_not_pass(standing: Project) -> None:
    elb = standing.cloud.client("elbv2")
    group = one(elb.describe_target_groups()["TargetGroups"])["TargetGroupArn"]
    # who changes only the path says that the image answers there
    with told(standing, 300) as found:
        elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/other")
    assert found == []
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/health")
    with told(standing, 60, frontend="/up"):
        register_another_image(standing)
        elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/up")
    health = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert "Health checks failed with these codes: [404]" in [
        one["TargetHealth"].get("Description") for one in health if one["TargetHealth"]["State"] == "unhealthy"
    ]


def register_another_image(here: Project) -> None:
    ecs = here.cloud.client("ecs")
    former = ecs.describe_task_definition(taskDefinition="ecs-sample-dev-frontend")["taskDefinition"]
    kept = ("family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities",
            "executionRoleArn", "taskRoleArn", "runtimePlatform")  # fmt: skip
    request = {name: former[name] for name in kept if name in former}
    request["containerDefinitions"][0]["image"] += "-other"
    ecs.register_task_definition(**request)
