"""Nobody climbs by the printed policy: each way from the stack's roles to more than the boundary is denied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ecs_emulator.authorization.policy import Check, Decision, decide, read
from provisioner.config.models import Config
from provisioner.permissions.printed import printed
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import ALL, answer, enforce, policy

NAME = "ecs-sample-dev"
ACCOUNT = "123456789012"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-boundary"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
PULLS = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/moto"
TRUSTING = json.dumps(policy({"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "sts:AssumeRole"}))
EVERYTHING = json.dumps(policy(ALL))
TAGS = [
    {"Key": "Project", "Value": "ecs-sample"},
    {"Key": "Environment", "Value": "dev"},
    {"Key": "ManagedBy", "Value": "provisioner"},
]
FREE, BOUND = {"RoleName": f"{NAME}-free"}, {"RoleName": f"{NAME}-bound"}
"""Roles with the stack's name: an administrator made one without a boundary, and the other with it."""
BACKDOOR = {"RoleName": f"{NAME}-backdoor", "AssumeRolePolicyDocument": TRUSTING, "Tags": TAGS}


def documents(in_account: str | None = None, /, **more: Any) -> list[Mapping[str, Any]]:
    config = Config.model_validate({"services": {"web": {"image": "nginx:1", "port": 80}}, **more})
    return [*printed(config, read_only=False, boundary=False, account=in_account).values()]


@pytest.fixture
def iam(cloud: EmbeddedCloud) -> Any:
    """IAM with the boundary and both roles, each with a policy of both sorts; then the printed policies in force."""
    iam = cloud.client("iam")
    most = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
    iam.create_policy(PolicyName=f"{NAME}-boundary", PolicyDocument=json.dumps(policy(most)))
    for role, more in ((FREE, {}), (BOUND, {"PermissionsBoundary": BOUNDARY})):
        iam.create_role(**role, AssumeRolePolicyDocument=TRUSTING, Tags=TAGS, **more)
        iam.put_role_policy(**role, PolicyName="own", PolicyDocument=EVERYTHING)
        iam.attach_role_policy(**role, PolicyArn=PULLS)
    enforce(cloud, *documents())
    return iam


ATTEMPTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a role without a boundary that trusts the caller": ("create_role", BACKDOOR),
    "a role with a boundary that allows everything": (
        "create_role", {**BACKDOOR, "PermissionsBoundary": ADMINISTRATOR},
    ),
    "a policy of its own": ("put_role_policy", {**FREE, "PolicyName": "all", "PolicyDocument": EVERYTHING}),
    "a trust in the caller": ("update_assume_role_policy", {**FREE, "PolicyDocument": TRUSTING}),
    "a managed policy": ("attach_role_policy", {**FREE, "PolicyArn": PULLS}),
    "administrator, on a role with the boundary": ("attach_role_policy", {**BOUND, "PolicyArn": ADMINISTRATOR}),
    "a policy that limits it taken away": ("delete_role_policy", {**FREE, "PolicyName": "own"}),
    "a managed policy that limits it taken away": ("detach_role_policy", {**FREE, "PolicyArn": PULLS}),
    "the role itself": ("delete_role", FREE),
    "its boundary taken off": ("delete_role_permissions_boundary", BOUND),
    "another boundary": ("put_role_permissions_boundary", {**BOUND, "PermissionsBoundary": ADMINISTRATOR}),
    "a new version of the boundary": (
        "create_policy_version", {"PolicyArn": BOUNDARY, "PolicyDocument": EVERYTHING, "SetAsDefault": True},
    ),
    "an earlier version of the boundary": ("set_default_policy_version", {"PolicyArn": BOUNDARY, "VersionId": "v1"}),
    "the boundary deleted": ("delete_policy", {"PolicyArn": BOUNDARY}),
    "a boundary of the caller's own": (
        "create_policy", {"PolicyName": f"{NAME}-boundary-2", "PolicyDocument": EVERYTHING, "Tags": TAGS},
    ),
    "a role of another name": ("create_role", {**BACKDOOR, "RoleName": "backdoor", "PermissionsBoundary": BOUNDARY}),
    "a user": ("create_user", {"UserName": f"{NAME}-user"}),
}  # fmt: skip


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_it_is_denied(cloud: EmbeddedCloud, iam: Any, attempt: str) -> None:
    operation, parameters = ATTEMPTS[attempt]
    status, code, said = answer(cloud, "iam", operation, **parameters)
    assert (status, code) == (403, "AccessDenied")
    assert "because no identity-based policy allows" in said


def test_a_created_role_can_do_no_more_than_the_boundary(cloud: EmbeddedCloud, iam: Any) -> None:
    iam.create_role(**BACKDOOR, PermissionsBoundary=BOUNDARY)
    iam.put_role_policy(RoleName=BACKDOOR["RoleName"], PolicyName="all", PolicyDocument=EVERYTHING)
    made = iam.get_role(RoleName=BACKDOOR["RoleName"])["Role"]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY


def test_each_write_on_a_role_is_allowed_with_the_boundary(cloud: EmbeddedCloud, iam: Any) -> None:
    iam.put_role_policy(**BOUND, PolicyName="own", PolicyDocument=EVERYTHING)
    iam.attach_role_policy(**BOUND, PolicyArn=PULLS)
    iam.update_assume_role_policy(**BOUND, PolicyDocument=TRUSTING)
    iam.detach_role_policy(**BOUND, PolicyArn=PULLS)
    iam.delete_role_policy(**BOUND, PolicyName="own")
    iam.delete_role(**BOUND)
    # and one without it is given it first
    iam.put_role_permissions_boundary(**FREE, PermissionsBoundary=BOUNDARY)
    iam.put_role_policy(**FREE, PolicyName="own", PolicyDocument=EVERYTHING)


WRITES = (
    "CreateRole", "PutRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole",
    "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary",
)  # fmt: skip


@pytest.mark.parametrize("account", [None, ACCOUNT])
@pytest.mark.parametrize(
    ("named", "arn"),
    [
        (None, BOUNDARY),
        ("team/most", f"arn:aws:iam::{ACCOUNT}:policy/team/most"),
        (f"arn:aws:iam::{ACCOUNT}:policy/most", f"arn:aws:iam::{ACCOUNT}:policy/most"),
    ],
)
def test_writes_on_roles_are_limited_to_those_with_the_boundary(
    account: str | None, named: str | None, arn: str
) -> None:
    more = {"account": {"boundary": named}} if named else {}
    statements = [it for one in documents(account, **more) for it in read("policy", json.dumps(one))]
    role = f"arn:aws:iam::{ACCOUNT}:role/{NAME}-web"
    tags = {f"aws:{sort}/{tag['Key']}": (tag["Value"],) for tag in TAGS for sort in ("RequestTag", "ResourceTag")}
    attached = {"iam:PolicyARN": (PULLS,)}

    def decided(action: str, boundary: str) -> Decision:
        bound = {"iam:PermissionsBoundary": (boundary,)} if boundary else {}
        return decide(statements, Check(f"iam:{action}", role, {**tags, **attached, **bound}))

    assert {action: decided(action, arn) for action in WRITES} == dict.fromkeys(WRITES, Decision.ALLOWED)
    pretending = f"arn:aws:iam::{ACCOUNT}:policy/a:{arn.rpartition(':')[2]}"
    for other in ("", f"{arn}-2", ADMINISTRATOR, arn.replace("policy/", "policy/other/"), pretending):
        assert {action: decided(action, other) for action in WRITES} == dict.fromkeys(WRITES, Decision.NOT_ALLOWED)


def test_a_named_policy_goes_to_tasks_with_the_boundary_alone(cloud: EmbeddedCloud, iam: Any) -> None:
    """The printed policy lets the caller attach the policies named in `policies`, and nobody climbs by that."""
    enforce(cloud)
    task = {"RoleName": f"{NAME}-task-web"}
    loose = {"RoleName": f"{NAME}-task-loose"}
    iam.create_role(**task, AssumeRolePolicyDocument=TRUSTING, Tags=TAGS, PermissionsBoundary=BOUNDARY)
    iam.create_role(**loose, AssumeRolePolicyDocument=TRUSTING, Tags=TAGS)
    services = {"web": {"image": "nginx:1", "port": 80, "policies": [ADMINISTRATOR]}}
    config = Config.model_validate({"services": services})
    enforce(cloud, *printed(config, read_only=False, boundary=False, account=None).values())
    iam.attach_role_policy(**task, PolicyArn=ADMINISTRATOR)
    for role in (loose, FREE, BOUND):
        assert answer(cloud, "iam", "attach_role_policy", **role, PolicyArn=ADMINISTRATOR)[0] == 403
    other = ADMINISTRATOR.replace("AdministratorAccess", "PowerUserAccess")
    assert answer(cloud, "iam", "attach_role_policy", **task, PolicyArn=other)[0] == 403
    # what a task may do is no more than the boundary, which has nothing of a managed policy
    assert answer(cloud, "iam", "delete_role_permissions_boundary", **task)[0] == 403
