"""One embedded cloud a test process, and plain boto3 clients for it."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ecs_emulator import manage
from ecs_emulator.control import CloudProcess
from tests.cloud import botocore_once
from tests.cloud.world import forks, own

if TYPE_CHECKING:
    from tests.cloud.project import Project
    from tests.cloud.rig import Rig

REGION = "ap-northeast-1"
HANGS = 120.0
"""Real seconds after which a wait counts as hanging."""

botocore_once.share()
# The same tests whether or not an engine is there; those of the engine are in tests/docker.
os.environ["PROVISION_ENGINE"] = "0"
# No test depends on, or burdens, a registry that is not on this machine.
os.environ["PROVISION_REGISTRIES"] = "0"
# What a stack names and the account does not have is refused, as on AWS; tests of stand-ins turn them on.
os.environ["PROVISION_STAND_INS"] = "0"


@dataclass
class EmbeddedCloud:
    """A running embedded cloud, as the tests see it."""

    process: CloudProcess
    region: str = REGION
    away: Callable[[], None] = lambda: None
    """Closes the test's own connection to the clock, which would wait for it while the test does something else."""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """The URL that answers for every service."""
        return self.process.endpoint

    def elsewhere(self, region: str) -> EmbeddedCloud:
        """Return the same cloud with another default Region for its clients."""

        def away() -> None:
            # what it is now, not when this was made
            self.away()

        return replace(self, region=region, away=away, _clients={})

    def client(self, service: str, region: str = "") -> Any:
        """A plain boto3 client of this cloud, made once."""
        key = (service, region or self.region)
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                region_name=region or self.region,
                endpoint_url=self.endpoint,
                **self.credentials(),
                # `data-` before 127.0.0.1 is no host
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32, inject_host_prefix=False),
            )
        return self._clients[key]

    def credentials(self) -> dict[str, str]:
        """Return the credentials that boto3 needs for answers of this cloud."""
        return {"aws_access_key_id": self.process.key, "aws_secret_access_key": "testing"}

    def reset(self) -> None:
        """Empty the account: only its registered domain's zone is left. Its clock stands still until somebody waits."""
        self.away()
        self._post("/_cloud/reset")
        self._post("/_cloud/clock?mode=virtual&idle=0&durations=typical")

    def last(self, durations: str) -> None:
        """Let operations take from now on as `durations` says: `typical`, `fast`, `slow`, or `times:100`."""
        self._post(f"/_cloud/clock?durations={durations}")

    def advance(self, seconds: float) -> None:
        """Let so many of AWS's seconds pass, and do everything due in them."""
        self.away()
        self._post(f"/_cloud/advance?seconds={seconds}")

    def hold(self, seconds: float) -> None:
        """Let the clock stand still once so many of AWS's seconds have passed."""
        self._post(f"/_cloud/clock?mode=virtual&idle=0&hold={seconds}")

    def await_held(self) -> None:
        """Wait in real time until the clock stands still there and every connected client waits for it."""
        deadline = time.monotonic() + HANGS
        while not json.loads(self._open("/_cloud/clock", "GET"))["held"]:
            assert time.monotonic() < deadline, "nobody comes to wait"
            time.sleep(0.02)

    def release(self) -> None:
        """Let the clock go on."""
        self._post("/_cloud/clock?mode=virtual&idle=0")

    def step(self, most: float) -> None:
        """Let time pass until the next event that happens by itself, or for so many of AWS's seconds."""
        self.away()
        self._post(f"/_cloud/advance?seconds={most}&step=1")

    def now(self) -> float:
        """Return the time of the clock, in AWS's seconds."""
        return float(json.loads(self._open("/_cloud/clock", "GET"))["now"])

    def time(self) -> float:
        """Return the time of the calendar, in seconds since the epoch."""
        shown = json.loads(self._open("/_cloud/clock", "GET"))
        return float(shown["epoch"] + shown["now"])

    def delegate(self, domain: str) -> None:
        """Point the parent zone of `domain` at this account."""
        self._post(f"/_cloud/delegate?domain={domain}")

    def release_image(self, region: str = REGION) -> str:
        """Have AWS recommend a newer ECS-optimised image, and return its id."""
        image: str = json.loads(self._open(f"/_cloud/release?region={region}", "POST"))["image_id"]
        return image

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """The answered calls numbered above `since`."""
        answer: list[dict[str, Any]] = json.loads(self._open(f"/_cloud/log?since={since}", "GET"))
        return answer

    def control(self, method: str, name: str, query: str = "") -> bytes:
        """Call one of the cloud's own paths."""
        return self._open(f"/_cloud/{name}?{query}", method)

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 2 * 86400) -> Any:
        """Let AWS's time pass until `condition` returns a true value, and return it; fail after `seconds`."""
        deadline = self.now() + seconds
        while not (value := condition()):
            if (left := deadline - self.now()) <= 0:
                pytest.fail(f"not within {seconds} s: {what}")
            self.step(left)
        return value

    def _post(self, path: str) -> None:
        self._open(path, "POST")

    def _open(self, path: str, method: str) -> bytes:
        key = {"Authorization": f"Bearer {self.process.key}"}
        request = urllib.request.Request(self.endpoint + path, method=method, headers=key)
        with urllib.request.urlopen(request, timeout=120) as answer:
            content: bytes = answer.read()
        return content


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Let tests that have a world of their own be run in it."""
    forks.begin(session)


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """The process, started once and stopped at the end of the session; or this process, if it is a fork of a world."""
    if own.HERE.cloud:
        yield own.HERE.cloud
        return
    directory: Path = tmp_path_factory.mktemp("cloud")
    yield EmbeddedCloud(manage.start(directory, "example.com"))
    manage.stop(directory)


@pytest.fixture
def cloud(running_cloud: EmbeddedCloud) -> EmbeddedCloud:
    """The embedded cloud, emptied but for the stack that stands in a world."""
    if own.HERE.cloud:
        own.begin(running_cloud)
    else:
        running_cloud.reset()
    return running_cloud


@pytest.fixture
def project(request: pytest.FixtureRequest, cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A project with the stack that the file's mark names: `world.STANDING.with_args(stand)`."""
    from tests.cloud.world.stood import stood

    (stand,) = next(mark.args for mark in request.node.iter_markers("world") if mark.args)
    with stood(cloud, tmp_path, stand) as here:
        yield here


@pytest.fixture
def rig(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Rig]:
    """A stack of its own on the emptied cloud."""
    from tests.cloud.rig import Rig

    made = Rig(cloud, tmp_path / "state")
    yield made
    made.close()


@dataclass
class Network:
    """The surroundings of tasks and instances: a VPC with two subnets, a group, roles, a profile."""

    cloud: EmbeddedCloud
    vpc: str
    subnets: list[str]
    group: str
    execution_role: str
    task_role: str

    def awsvpc(self) -> dict[str, Any]:
        """The network configuration of a service in these subnets."""
        return {"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.group]}}

    def definition(self, family: str, launch: str = "FARGATE", **more: Any) -> str:
        """Register a task definition of one container with port 80, and return its ARN."""
        container = {"name": "web", "image": "web:1", "portMappings": [{"containerPort": 80}]}
        request: dict[str, Any] = {
            "family": family,
            "networkMode": "awsvpc",
            "requiresCompatibilities": [launch],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": self.execution_role,
            "taskRoleArn": self.task_role,
            "containerDefinitions": [container],
            **more,
        }
        arn: str = self.cloud.client("ecs").register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
        return arn

    def service(self, name: str, cluster: str = "main") -> None:
        """Create a cluster, and a service of one task on Fargate in it."""
        ecs = self.cloud.client("ecs")
        ecs.create_cluster(clusterName=cluster)
        ecs.create_service(
            cluster=cluster,
            serviceName=name,
            taskDefinition=self.definition(name),
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration=self.awsvpc(),
        )

    def template(self, name: str, cluster: str, instance_type: str = "c5.large", profile: str = "instances") -> str:
        """A launch template whose instances join `cluster`."""
        user_data = b64encode(f"#!/bin/bash\necho ECS_CLUSTER={cluster} >> /etc/ecs/ecs.config\n".encode()).decode()
        data = {
            "ImageId": "ami-12345678",
            "InstanceType": instance_type,
            "SecurityGroupIds": [self.group],
            "IamInstanceProfile": {"Name": profile},
            "UserData": user_data,
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3", "Encrypted": True}}
            ],
        }
        ec2 = self.cloud.client("ec2")
        answer = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        identifier: str = answer["LaunchTemplate"]["LaunchTemplateId"]
        return identifier

    def auto_scaling_group(self, name: str, cluster: str, **more: Any) -> str:
        """A group over a new template of the same name; returns the group's ARN."""
        template = self.template(name, cluster)
        request: dict[str, Any] = {
            "MinSize": 0,
            "MaxSize": 5,
            "DesiredCapacity": 0,
            "LaunchTemplate": {"LaunchTemplateId": template, "Version": "$Latest"},
            "VPCZoneIdentifier": ",".join(self.subnets),
            **more,
        }
        client = self.cloud.client("autoscaling")
        client.create_auto_scaling_group(AutoScalingGroupName=name, **request)
        arn: str = self.group_named(name)["AutoScalingGroupARN"]
        return arn

    def group_named(self, name: str) -> dict[str, Any]:
        """The Auto Scaling group of that name, or an empty dictionary."""
        client = self.cloud.client("autoscaling")
        found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return found[0] if found else {}


@pytest.fixture
def network(cloud: EmbeddedCloud) -> Network:
    """A network in the emptied cloud."""
    return make_network(cloud)


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the empty cluster `main`."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main")
    return client


@pytest.fixture
def scaling(network: Network, ecs: Any) -> Any:
    """An Auto Scaling client in the same cloud."""
    return network.cloud.client("autoscaling")


def make_network(cloud: EmbeddedCloud) -> Network:
    """Make a VPC, two subnets, a group, the roles `execution`, `task` and `instances`, and the profile `instances`."""
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": True}})
    subnets = []
    for number, zone in enumerate("ac"):
        where = {"CidrBlock": f"10.0.{number}.0/24", "AvailabilityZone": f"{cloud.region}{zone}"}
        subnets.append(ec2.create_subnet(VpcId=vpc, **where)["Subnet"]["SubnetId"])
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    roles = [
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        for name in ("execution", "task", "instances")
    ]
    iam.create_instance_profile(InstanceProfileName="instances")
    iam.add_role_to_instance_profile(InstanceProfileName="instances", RoleName="instances")
    cloud.advance(30)  # until all services know them
    return Network(cloud, vpc, subnets, group, roles[0], roles[1])


@contextmanager
def refused(code: str, words: str = "") -> Iterator[None]:
    """The block must be refused with AWS's error `code`, and `words` in its message."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert words in error["Message"], error
