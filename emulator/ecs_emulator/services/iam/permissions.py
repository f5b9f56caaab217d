"""Permissions of IAM, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.iam.models import iam_backends

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.api_call import ApiCall, Context, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.ec2.permissions import ec2_service, passed

_OF_USERS = ("GetUser", "TagUser", "UntagUser", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary")


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to IAM."""
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
        # no reference has the resource; refusals show it ("iam:ListRoles on resource: arn:aws:iam::123456789012:role/")
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
    """Return the boundary that a call sets, or else the role's (IAM user guide, "Permissions boundaries")."""
    there = roles.named(call.account, name)
    return _bounded(call.text("PermissionsBoundary") or (roles.boundary_of(there) if there else ""))


def _bounded(boundary: str) -> Context:
    return {"iam:PermissionsBoundary": (boundary,)} if boundary else {}


_IAM_CREATED: Mapping[str, tuple[str, str, str]] = {
    "CreateInstanceProfile": ("instance-profile", "InstanceProfileName", "iam:TagInstanceProfile"),
    "CreatePolicy": ("policy", "PolicyName", "iam:TagPolicy"),
    "CreateRole": ("role", "RoleName", "iam:TagRole"),
}
"""The type that an operation creates, the parameter that names it, and the action for adding its tags."""


def _iam_created(call: ApiCall, sort: str, parameter: str, tagging: str) -> Iterator[Check]:
    arn = call.arn(f"{sort}{call.text('Path') or '/'}{call.text(parameter)}")
    yield call.check(arn, {**requested(call.tags()), **_bounded(call.text("PermissionsBoundary"))})
    if call.tags():
        # IAM user guide, "Tags for IAM resources": a creation with tags also needs the permission to tag
        yield call.check(arn, requested(call.tags()), tagging)


def _role(call: ApiCall, name: str) -> str:
    known = (role.arn for role in iam_backends[call.account]["aws"].roles.values() if role.name == name)
    return next(known, call.arn(f"role/{name}"))


def _profile(call: ApiCall, name: str) -> str:
    profiles = iam_backends[call.account]["aws"].instance_profiles.values()
    return next((it.arn for it in profiles if it.name == name), call.arn(f"instance-profile/{name}"))
