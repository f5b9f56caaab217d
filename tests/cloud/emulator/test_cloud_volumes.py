"""Tasks with file systems of EFS in the embedded cloud: they mount, or fail as Fargate says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.conftest import Network
from tests.cloud.policies import policy

ONLY_BY_TLS = policy(
    {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
)


@pytest.fixture
def rig(network: Network) -> Rig:
    network.cloud.client("ecs").create_cluster(clusterName="main")
    return Rig(network)


class Rig:
    """A file system, and tasks that mount it in the first subnet's zone."""

    def __init__(self, network: Network) -> None:
        self.network, self.cloud, self.efs = network, network.cloud, network.cloud.client("efs")
        self.system = str(self.efs.create_file_system(CreationToken="files", Encrypted=True)["FileSystemId"])
        self.cloud.wait(lambda: self._state("describe_file_systems") == "available", "the file system")

    def _state(self, operation: str) -> str:
        answer = getattr(self.efs, operation)(FileSystemId=self.system)
        (found,) = answer.get("MountTargets") or answer["FileSystems"]
        return str(found["LifeCycleState"])

    def target(self, group: str, subnet: int = 0) -> str:
        """Make a mount target, and wait for it."""
        made = self.efs.create_mount_target(
            FileSystemId=self.system, SubnetId=self.network.subnets[subnet], SecurityGroups=[group]
        )
        self.cloud.wait(lambda: self._state("describe_mount_targets") == "available", "the mount target")
        return str(made["MountTargetId"])

    def open_group(self) -> str:
        """A group that lets port 2049 in from the tasks' group."""
        ec2 = self.cloud.client("ec2")
        group = ec2.create_security_group(GroupName="files", Description="files", VpcId=self.network.vpc)["GroupId"]
        peer = {"UserIdGroupPairs": [{"GroupId": self.network.group}]}
        rule = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, **peer}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        return str(group)

    def volume(self, **more: Any) -> dict[str, Any]:
        return {
            "volumes": [
                {
                    "name": "files",
                    "efsVolumeConfiguration": {
                        "fileSystemId": self.system,
                        "transitEncryption": "ENABLED",
                        "authorizationConfig": {"iam": "ENABLED"},
                        **more,
                    },
                }
            ],
            "containerDefinitions": [
                {
                    "name": "web",
                    "image": "web:1",
                    "mountPoints": [{"sourceVolume": "files", "containerPath": "/data"}],
                }
            ],
        }

    def said(self) -> str:
        """Run a task; why it stopped, or nothing if it runs."""
        ecs, definition = self.cloud.client("ecs"), self.network.definition("web", **self.volume())
        place = {"subnets": self.network.subnets[:1], "securityGroups": [self.network.group]}
        where = {"cluster": "main", "taskDefinition": definition, "launchType": "FARGATE"}
        (task,) = ecs.run_task(**where, networkConfiguration={"awsvpcConfiguration": place})["tasks"]

        def ended() -> Any:
            (found,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
            return found if found["lastStatus"] in ("RUNNING", "STOPPED") else None

        return str(self.cloud.wait(ended, "the task to run or to fail").get("stoppedReason", ""))

    def resolve(self) -> None:
        """Switch names of the VPC on."""
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.cloud.client("ec2").modify_vpc_attribute(VpcId=self.network.vpc, **{name: {"Value": True}})

    def allow(self, *actions: str) -> None:
        """Give the tasks' role these actions."""
        document = policy({"Effect": "Allow", "Action": [*actions], "Resource": "*"})
        name = self.network.task_role.rpartition("/")[2]
        self.cloud.client("iam").put_role_policy(RoleName=name, PolicyName="files", PolicyDocument=json.dumps(document))


def test_a_task_needs_a_target_in_its_own_zone_and_names(rig: Rig) -> None:
    rig.resolve()
    assert "ResourceInitializationError: failed to invoke EFS utils commands" in rig.said()
    other = rig.target(rig.open_group(), subnet=1)
    assert f'Failed to resolve "{rig.system}.efs.ap-northeast-1.amazonaws.com"' in rig.said()
    rig.efs.delete_mount_target(MountTargetId=other)


def test_a_group_that_lets_nobody_in_is_a_timeout(rig: Rig) -> None:
    rig.resolve()
    closed = rig.cloud.client("ec2").create_security_group(GroupName="no", Description="no", VpcId=rig.network.vpc)
    target = rig.target(closed["GroupId"])
    assert "mount.nfs4: Connection timed out" in rig.said()
    rig.efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=[rig.open_group()])
    assert rig.said() == ""


def test_with_a_policy_of_its_own_the_role_has_to_allow_it(rig: Rig) -> None:
    rig.resolve()
    rig.target(rig.open_group())
    rig.efs.put_file_system_policy(FileSystemId=rig.system, Policy=json.dumps(ONLY_BY_TLS))
    assert "access denied by server while mounting" in rig.said()
    rig.allow("elasticfilesystem:ClientMount")
    assert rig.said() == ""


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"transitEncryption": "DISABLED"}, "transit encryption must be enabled"),
        ({"authorizationConfig": {"accessPointId": "fsap-1"}, "rootDirectory": "/x"}, "root directory must either"),
    ],
)
def test_a_wrong_volume_is_refused(rig: Rig, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match=told):
        rig.network.definition("web", **rig.volume(**settings))
