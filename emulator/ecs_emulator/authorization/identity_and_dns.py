"""Permissions of IAM and Route 53, by call (Service Authorization Reference)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping

from moto.iam.models import iam_backends

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.api_call import ApiCall, Context, requested
from ecs_emulator.authorization.ec2 import ec2_service, passed
from ecs_emulator.authorization.policy import Check

# -- IAM ---------------------------------------------------------------------------------------------------------------


_OF_USERS = ("GetUser", "TagUser", "UntagUser", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary")


def iam(call: ApiCall) -> Iterator[Check]:
    """Yield what IAM asks for at one call."""
    operation, brought = call.operation, call.tags()
    role, profile = call.text("RoleName"), call.text("InstanceProfileName")
    if operation == "CreateServiceLinkedRole":
        service = call.text("AWSServiceName")
        path = f"role/aws-service-role/{service}/AWSServiceRoleFor*"
        yield call.check(call.arn(path), {"iam:AWSServiceName": (service,)})
    elif operation in _IAM_CREATED:
        yield from _iam_created(call, *_IAM_CREATED[operation])
    elif operation == "SimulatePrincipalPolicy":
        yield call.check(call.text("PolicySourceArn"))
    elif operation in _OF_USERS:
        yield call.existing(call.arn(f"user/{call.text('UserName') or 'moto'}"), requested(brought))
    elif operation == "ListRoles":
        # in no reference; so refusals name it ("iam:ListRoles on resource: arn:aws:iam::123456789012:role/")
        yield call.check(call.arn(f"role{call.text('PathPrefix') or '/'}"))
    elif profile:
        yield call.existing(_profile(call, profile), requested(brought))
        if operation == "AddRoleToInstanceProfile":
            yield passed(call, _role(call, role), ec2_service(call))
    elif role:
        attached = {"iam:PolicyARN": (call.text("PolicyArn"),)} if call.text("PolicyArn") else {}
        yield call.existing(_role(call, role), {**requested(brought), **attached, **_bounds(call, role)})
    elif call.text("PolicyArn"):
        yield call.check(call.text("PolicyArn"), requested(brought))
    else:
        yield call.check()


def _bounds(call: ApiCall, name: str) -> Context:
    """The boundary that a call sets, or else that its role has (IAM user guide, "Permissions boundaries")."""
    there = roles.named(call.account, name)
    return _bounded(call.text("PermissionsBoundary") or (roles.boundary_of(there) if there else ""))


def _bounded(boundary: str) -> Context:
    return {"iam:PermissionsBoundary": (boundary,)} if boundary else {}


_IAM_CREATED: Mapping[str, tuple[str, str, str]] = {
    "CreateInstanceProfile": ("instance-profile", "InstanceProfileName", "iam:TagInstanceProfile"),
    "CreatePolicy": ("policy", "PolicyName", "iam:TagPolicy"),
    "CreateRole": ("role", "RoleName", "iam:TagRole"),
}
"""What an operation creates, the parameter that names it, and the action that its tags are asked for by."""


def _iam_created(call: ApiCall, sort: str, parameter: str, tagging: str) -> Iterator[Check]:
    arn = call.arn(f"{sort}{call.text('Path') or '/'}{call.text(parameter)}")
    yield call.check(arn, {**requested(call.tags()), **_bounded(call.text("PermissionsBoundary"))})
    if call.tags():
        # IAM user guide, "Tags for IAM resources": who creates with tags has to be allowed to tag
        yield call.check(arn, requested(call.tags()), tagging)


def _role(call: ApiCall, name: str) -> str:
    known = (role.arn for role in iam_backends[call.account]["aws"].roles.values() if role.name == name)
    return next(known, call.arn(f"role/{name}"))


def _profile(call: ApiCall, name: str) -> str:
    profiles = iam_backends[call.account]["aws"].instance_profiles.values()
    return next((it.arn for it in profiles if it.name == name), call.arn(f"instance-profile/{name}"))


# -- Route 53 ----------------------------------------------------------------------------------------------------------


def route53(call: ApiCall) -> Iterator[Check]:
    """Yield what Route 53 asks for at one call."""
    text = call.raw.decode("utf-8", "replace")
    if call.operation in ("CreateHostedZone", "ListHostedZonesByVPC"):
        yield call.check()
        if call.operation == "ListHostedZonesByVPC" or "<VPC>" in text:
            yield call.check(action="ec2:DescribeVpcs")
        return
    zones = [found[1]] if (found := re.search(r"hostedzone/([A-Z0-9]+)", call.path)) else []
    zones += re.findall(r"<ResourceId>([^<]+)</ResourceId>", text)
    more: Mapping[str, tuple[str, ...]] = {}
    if call.operation == "ChangeResourceRecordSets":
        more = _changes(text)
    for zone in zones:
        yield call.check(call.arn(f"hostedzone/{zone}"), more)
    if not zones:
        change = re.search(r"/change/(\w+)", call.path)
        yield call.check(call.arn(f"change/{change[1]}") if change else "*")


def _changes(batch: str) -> Mapping[str, tuple[str, ...]]:
    """Return names, types and actions of a batch, each a key of several values (Service Authorization Reference)."""
    names, types, actions = (
        [html.unescape(text) for text in re.findall(rf"<(?:\w+:)?{member}>([^<]+)<", batch)]
        for member in ("Name", "Type", "Action")
    )
    return changed(map(normalized, names), types, actions)


def changed(names: Iterable[str], types: Iterable[str], actions: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return what Route 53 tells policies of a change of records: names, types and actions."""
    values = (("NormalizedRecordNames", names), ("RecordTypes", types), ("Actions", actions))
    return {f"route53:ChangeResourceRecordSets{key}": tuple(sorted({*texts})) for key, texts in values}


def normalized(name: str) -> str:
    """Return a record's name as the key has it (Route 53 developer guide, specifying-conditions-route53).

    That is in small letters, without the last dot, and with octal codes for all but letters, digits, `-`, `_` and `.`.
    What is spelled as a code without need is the same name (developer guide, DomainNameFormat).
    """
    plain = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), name).lower().removesuffix(".")
    return re.sub(r"[^a-z0-9_.-]", lambda other: f"\\{ord(other[0]):03o}", plain)
