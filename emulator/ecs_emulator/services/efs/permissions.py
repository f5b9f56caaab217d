"""Permissions of EFS, by call (Service Authorization Reference, Amazon Elastic File System)."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator

from moto.efs.models import efs_backends

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.kms.permissions import used

_KEY = ("DescribeKey", "CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext")
"""Actions on a key that EFS needs of its caller (EFS user guide, "Encrypting data at rest", key policies)."""

_CHANGES = {
    "DeleteMountTarget": "DeleteNetworkInterface",
    "ModifyMountTargetSecurityGroups": "ModifyNetworkInterfaceAttribute",
}
"""The action on its interface that a change of a mount target needs."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to EFS: a mount target counts as its file system."""
    arn, brought = _named(call), requested(call.tags("Tags"))
    if call.operation == "CreateFileSystem":
        encrypted = {"elasticfilesystem:Encrypted": (str(bool(call.body.get("Encrypted"))).lower(),)}
        yield call.check("*", {**brought, **encrypted})
        if brought:
            yield from _tagged(call, call.arn("file-system/*"))
        yield from used(call, call.text("KmsKeyId"), "elasticfilesystem", _KEY, {})
    elif call.operation == "CreateAccessPoint":
        yield call.existing(arn, brought)
        if brought:
            yield from _tagged(call, call.arn("access-point/*"))
    elif arn:
        yield call.existing(arn, {**brought, **_keys(call)})
        yield from _of_interface(call)
    else:
        # a list of all is about each of them (Service Authorization Reference: the type is not required)
        yield call.check()


def _of_interface(call: ApiCall) -> Iterator[Check]:
    """Yield the checks on a mount target's interface, which EFS makes and deletes in the caller's name.

    Sources: EFS API, CreateMountTarget, DeleteMountTarget, ModifyMountTargetSecurityGroups.
    """
    groups = [call.arn(f"security-group/{one}", "ec2") for one in call.many("SecurityGroups")]
    if call.operation == "CreateMountTarget":
        for action in ("DescribeSubnets", "DescribeNetworkInterfaces"):
            yield call.check("*", action=f"ec2:{action}")
        subnet = call.arn(f"subnet/{call.text('SubnetId')}", "ec2")
        for one in (call.arn("network-interface/*", "ec2"), subnet, *groups):
            yield call.existing(one, action="ec2:CreateNetworkInterface")
    elif call.operation in _CHANGES:
        efs = efs_backends[call.account][call.region]
        target = efs.mount_targets_by_id.get(call.path.rstrip("/").split("/")[3])
        if target is not None:
            vpc = {"ec2:Vpc": (call.arn(f"vpc/{target.vpc_id}", "ec2"),)}
            interface = call.arn(f"network-interface/{target.network_interface_id}", "ec2")
            for one in (interface, *groups):
                yield call.check(one, vpc, f"ec2:{_CHANGES[call.operation]}")


def _tagged(call: ApiCall, arn: str) -> Iterator[Check]:
    action = f"elasticfilesystem:CreateAction={call.operation}"
    yield call.check(arn, requested(call.tags("Tags"), action), "elasticfilesystem:TagResource")


def _keys(call: ApiCall) -> dict[str, tuple[str, ...]]:
    """Return the keys of UntagResource, which are in its query."""
    keys = [value for key, value in urllib.parse.parse_qsl(call.query) if key == "tagKeys"]
    return {"aws:TagKeys": tuple(keys)} if keys else {}


def _named(call: ApiCall) -> str:
    """Return the ARN of the file system or access point that a call names in its path, query or body."""
    query = dict(urllib.parse.parse_qsl(call.query))
    path = urllib.parse.unquote(call.path)
    found = re.search(r"\bfs(?:mt|ap)?-[0-9a-f]+", path)
    one = (
        (found[0] if found else "")
        or query.get("AccessPointId", "")
        or query.get("MountTargetId", "")
        or query.get("FileSystemId", "")
        or call.text("FileSystemId")
    )
    if one.startswith("fsmt-"):
        target = efs_backends[call.account][call.region].mount_targets_by_id.get(one)
        one = target.file_system_id if target else "*"
    if one.startswith("fsap-"):
        return call.arn(f"access-point/{one}")
    return call.arn(f"file-system/{one}") if one else ""
