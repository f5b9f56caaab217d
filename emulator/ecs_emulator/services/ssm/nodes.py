"""Managed nodes: instances whose Systems Manager agent may report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check
from ecs_emulator.patch import add, refuse

_REPORT = "ssm:UpdateInstanceInformation"


@add(SimpleSystemManagerResponse, "describe_instance_information")
def describe_instance_information(self: Any) -> ActionResult:
    """DescribeInstanceInformation: return running instances whose role lets the agent report; filter by id only."""
    wanted: set[str] | None = None
    for entry in [*(self._get_param("Filters") or []), *(self._get_param("InstanceInformationFilterList") or [])]:
        key, values = entry.get("Key", entry.get("key")), entry.get("Values", entry.get("valueSet"))
        if key != "InstanceIds":
            refuse("InvalidFilterKey", f"The embedded cloud does not offer the filter {key}")
        wanted = {*values} if wanted is None else wanted & {*values}
    ec2 = ec2_backends[self.current_account][self.region]
    found = [
        {
            "InstanceId": one.id,
            "PingStatus": "Online",
            "LastPingDateTime": datetime.now(UTC),
            "AgentVersion": "3.3.2299.0",
            "IsLatestVersion": True,
            "PlatformType": "Linux",
            "PlatformName": "Amazon Linux",
            "PlatformVersion": "2023",
            "ResourceType": "EC2Instance",
            "IPAddress": one.private_ip,
            "ComputerName": f"ip-{str(one.private_ip).replace('.', '-')}.{self.region}.compute.internal",
            "SourceId": one.id,
            "SourceType": "AWS::EC2::Instance",
        }
        for one in ec2.all_instances()
        if one._state.name == "running" and (wanted is None or one.id in wanted) and _can_report(ec2, one)
    ]
    return ActionResult({"InstanceInformationList": found})


def _can_report(ec2: Any, instance: Any) -> bool:
    """Return whether the role lets the agent report: ssm:UpdateInstanceInformation (Systems Manager guide)."""
    profile = instance.iam_instance_profile
    if not profile:
        return False
    iam = iam_backends[ec2.account_id]["aws"]
    name = str(profile.get("Arn") if isinstance(profile, dict) else profile).rpartition("/")[2]
    held = iam.instance_profiles[name].roles if name in iam.instance_profiles else []
    return any(roles.allows(ec2.account_id, role, Check(_REPORT)) for role in held)
