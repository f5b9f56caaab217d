"""Time-outs tell the obstacle: the resource in the way, its owner, since when, and AWS's own words."""

from __future__ import annotations

import json
import re

import pytest

from provisioner.engine.declaration import ready
from provisioner.engine.errors import SomeFailed, TimedOut
from provisioner.resources.acm.certificates import Certificate
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ec2.network import InternetGateway, Vpc
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.policies import policy
from provisioner.resources.servicediscovery import PrivateDnsNamespace
from provisioner.steps.stack import Stack
from tests.cloud import capacity_rig
from tests.cloud.faults.life import set_faults
from tests.cloud.resources.test_resources_ecs_service import BREAKER, FAMILY, ROLE
from tests.cloud.resources.test_resources_rds import declared as database
from tests.cloud.rig import Outcome, Rig

pytestmark = pytest.mark.slow

SINCE = r"since \d\d:\d\d:\d\d UTC"
NAME = "ecs-sample-dev"


def late(outcome: Outcome) -> dict[str, str]:
    """Return the errors of resources that ran out of time, by address."""
    assert isinstance(outcome.summary.error, SomeFailed)
    return {address: str(error) for address, error in outcome.failures().items() if isinstance(error, TimedOut)}


@pytest.fixture
def slow_rig(rig: Rig) -> Rig:
    """A stack on a cloud where everything takes longer than anybody's patience lasts."""
    rig.cloud.last("times:100")
    return rig


def slow(stack: Stack) -> None:
    """Resources that AWS takes its time for, and a certificate whose records nobody makes."""
    database(stack)
    subnets = ["${subnet/a:id}", "${subnet/c:id}"]
    gateway = stack.ensure(InternetGateway("main", "${vpc/main:id}"))
    stack.ensure(LoadBalancer("main", NAME, subnets, ["${security_group/db:id}"]), after=[ready(gateway)])
    stack.ensure(
        VpcEndpoint(
            "logs",
            "${vpc/main:id}",
            "com.amazonaws.ap-northeast-1.logs",
            "Interface",
            subnet_ids=subnets,
            security_group_ids=["${security_group/db:id}"],
        )
    )
    stack.ensure(Certificate("main", "app.example.com", ["app.example.com"]))
    stack.ensure(PrivateDnsNamespace("main", "svc.internal", "${vpc/main:id}", "Services"))


def test_a_resource_that_never_becomes_ready_shows_its_state(slow_rig: Rig) -> None:
    said = late(slow_rig.up(slow))
    assert said.keys() == {
        "db_cluster/main",
        "db_instance/main",
        "load_balancer/main",
        "vpc_endpoint/logs",
        "certificate/main",
        "private_dns_namespace/main",
    }
    assert re.search(rf"creating\. {NAME} is creating {SINCE}", said["db_cluster/main"])
    assert f"{NAME}-1 is creating" in said["db_instance/main"]
    assert re.search(
        rf"it is provisioning {SINCE}; 2 network interfaces: eni-\w+ of ELB app/{NAME}/", said["load_balancer/main"]
    )
    assert re.search(
        rf"vpce-\w+ is pending {SINCE}; 2 network interfaces: eni-\w+ of VPC Endpoint", said["vpc_endpoint/logs"]
    )
    assert re.search(rf"app\.example\.com is PENDING_VALIDATION {SINCE}", said["certificate/main"])
    assert re.search(rf"operation \S+ of Cloud Map is \w+ {SINCE}", said["private_dns_namespace/main"])
    for text in said.values():
        assert re.match(r"timed out after \d+ s: ", text)
        assert text.endswith("Run the same command again to continue waiting")


def test_a_group_held_by_an_interface_names_the_interface(rig: Rig) -> None:
    def held(stack: Stack) -> None:
        vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
        stack.ensure(SecurityGroup("web", vpc.id, "web", "Web", [], []))

    rig.up(held).ok()
    ec2 = rig.cloud.client("ec2")
    records = rig.state().records
    subnet = ec2.create_subnet(VpcId=records["vpc/main"].id, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    group = records["security_group/web"].id
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[group], Description="somebody's")["NetworkInterface"]
    said = late(rig.down())
    interface = f"1 network interface: {made['NetworkInterfaceId']} of somebody's, available"
    assert f"it is still in use (DependencyViolation: {interface}" in said["security_group/web"]
    assert said["security_group/web"].count(interface) == 1, "once is enough"
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    ec2.delete_subnet(SubnetId=subnet)
    rig.down().ok()


def lonely(stack: Stack) -> None:
    """Capacity of one instance, whose agent asks for another cluster."""
    capacity_rig.declared(stack, least=1, joins="another")


def served(stack: Stack) -> None:
    """The same with a service on it."""
    lonely(stack)
    definition = stack.ensure(
        TaskDefinition(
            "web",
            family=FAMILY,
            requires_compatibilities=["EC2"],
            network_mode="awsvpc",
            cpu="256",
            memory="512",
            execution_role_arn=ROLE,
            task_role_arn=ROLE,
            runtime_platform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            container_definitions=[{"name": "web", "image": "nginx:1", "essential": True}],
        )
    )
    stack.ensure(
        Service(
            "web",
            cluster="${cluster/main:id}",
            service_name="web",
            task_definition=definition.arn,
            desired_count=1,
            capacity_provider_strategy=[{"capacityProvider": f"asg-{NAME}", "weight": 1, "base": 0}],
            subnets=["${subnet/a:id}"],
            security_groups=["${security_group/hosts:id}"],
            assign_public_ip="DISABLED",
            load_balancers=[],
            service_registries=[],
            health_check_grace_period_seconds=0,
            deployment_configuration={**BREAKER, "maximumPercent": 200, "minimumHealthyPercent": 100},
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
        )
    )


def test_aws_tells_why_a_service_and_a_provider_do_not_come_up(rig: Rig) -> None:
    capacity_rig.profile(rig.cloud)
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    rig.cloud.client("iam").create_role(RoleName="tasks", AssumeRolePolicyDocument=json.dumps(trust))
    rig.cloud.advance(10)  # until ECS knows it
    rig.up(lonely).ok()
    text = late(rig.up(served))["service/web"]
    progress = "ecs-sample-dev-web:1: 0/1 running, 1 pending, 2 failed (given up at 3)"
    assert text.partition(" s: ")[2].startswith(f"{progress}: TaskFailedToStart: EMPTY CAPACITY PROVIDER")
    assert "(no instance has registered in the cluster). ECS reported at " in text
    assert re.search(rf"task \w+ is PROVISIONING {SINCE}", text)
    found = rf"no instance has registered in the cluster, and Auto Scaling group {NAME} has i-\w+ running {SINCE}"
    assert re.search(found, text)
    set_faults(rig.cloud, "operations-fail", each=10_000, only="UpdateCapacityProvider")

    def fuller(stack: Stack) -> None:
        capacity_rig.declared(stack, least=1, joins="another", target=90)

    said = late(rig.up(fuller))
    assert "ACTIVE UPDATE_FAILED: An internal error occurred. Try again" in said["capacity_provider/main"]
