"""IAM's types, beyond the contract: policies in other spellings, somebody else's roles, AWS's own, which stay."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from provisioner.engine.resource import Change
from provisioner.resources.iam import InstanceProfile, Role, ServiceLinkedRole, boundary_of
from provisioner.resources.policies import Policy, policy
from provisioner.steps.stack import Stack
from tests.cloud.policies import ALL, denying, enforce
from tests.cloud.policies import policy as policy_of
from tests.cloud.rig import Rig
from tests.ways import calls

SERVICE_ROLE = "arn:aws:iam::aws:policy/service-role/"
CONTAINER_SERVICE = f"{SERVICE_ROLE}AmazonEC2ContainerServiceforEC2Role"
NAME = "ecs-sample-dev-instance"


def trust(service: str) -> Policy:
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def reading(*actions: str) -> Policy:
    return policy({"Effect": "Allow", "Action": list(actions), "Resource": ["*"]})


def declared(stack: Stack) -> None:
    stack.ensure(ServiceLinkedRole("ecs", "ecs.amazonaws.com", "AWSServiceRoleForECS"))
    documents = {"reading": reading("ssm:GetParameters", "ssm:GetParameter")}
    role = stack.ensure(Role("instance", NAME, trust("ec2.amazonaws.com"), [CONTAINER_SERVICE], documents))
    stack.ensure(InstanceProfile("instance", NAME, role.id))


BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"


def bounded(stack: Stack, path: str = "/team/", **more: Any) -> None:
    role = Role("instance", NAME, trust("ec2.amazonaws.com"), path=path, permissions_boundary=BOUNDARY, **more)
    stack.ensure(role, keys={"path": "account.role_path"})


def test_a_roles_path_and_boundary_are_set_and_put_right(rig: Rig) -> None:
    up = rig.up(bounded).ok()
    assert up.writes == ["CreateRole"]
    iam = rig.cloud.client("iam")
    role = iam.get_role(RoleName=NAME)["Role"]
    assert role["Arn"] == f"arn:aws:iam::123456789012:role/team/{NAME}"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    iam.delete_role_permissions_boundary(RoleName=NAME)
    (planned,) = rig.plan(bounded)
    assert planned.changes == {"permissions_boundary": Change(None, BOUNDARY)}
    assert rig.up(bounded).ok().writes == ["PutRolePermissionsBoundary"]
    assert rig.plan(bounded) == []


def test_the_boundary_is_put_before_the_policies(rig: Rig) -> None:
    rig.up(bounded).ok()
    rig.cloud.client("iam").delete_role_permissions_boundary(RoleName=NAME)
    more = partial(bounded, inline_policies={"reading": reading("ssm:GetParameter")})
    assert rig.up(more).ok().writes == ["PutRolePermissionsBoundary", "PutRolePolicy"]


def test_an_administrators_boundary_stays_if_none_is_declared(rig: Rig) -> None:
    def without(stack: Stack) -> None:
        stack.ensure(Role("instance", NAME, trust("ec2.amazonaws.com"), path="/team/"))

    rig.up(bounded).ok()
    assert rig.plan(without) == []
    assert rig.up(without).ok().writes == []
    assert boundary_of(rig.aws(), NAME) == BOUNDARY
    assert boundary_of(rig.aws(), "none") is None


def test_another_path_is_refused_before_anything_is_done(rig: Rig) -> None:
    rig.up(bounded).ok()
    up = rig.up(partial(bounded, path="/other/"))
    said = str(up.summary.error)
    assert "account.role_path cannot change from /team/ to /other/ (role/instance)" in said
    assert up.writes == []


def test_an_account_that_demands_a_boundary_at_creation_gets_it(rig: Rig) -> None:
    with_it = {"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    enforce(rig.cloud, policy_of(ALL, {**denying("iam:CreateRole"), "Condition": with_it}))
    up = rig.up(declared)
    assert "iam:CreateRole" in str(up.failures()["role/instance"])
    assert "explicit deny" in str(up.failures()["role/instance"])
    rig.up(bounded).ok()


def test_a_policy_goes_after_the_last_task_that_started_with_it(rig: Rig) -> None:
    documents = {"old": reading("ssm:GetParameters"), "kept": reading("s3:GetObject")}
    rig.up(partial(bounded, inline_policies=documents)).ok()
    (planned,) = rig.plan(partial(bounded, inline_policies={"kept": documents["kept"]}))
    assert planned.first == {}
    assert planned.later.keys() == {"inline_policies"}
    assert rig.up(partial(bounded, inline_policies={"kept": documents["kept"]})).ok().writes == ["DeleteRolePolicy"]


def test_no_read_discloses_more_than_the_stacks_own_roles(rig: Rig) -> None:
    iam = rig.cloud.client("iam")
    for name in ("theirs", "ecs-sample-dev-theirs"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust("lambda.amazonaws.com")))
    before = max((call["number"] for call in rig.cloud.calls()), default=0)
    rig.up(declared).ok()
    aws = rig.aws()
    assert rig.plan(declared) == []
    asked = [call for call in rig.cloud.calls(before) if call["service"] == "iam"]
    assert "GetAccountAuthorizationDetails" not in {call["operation"] for call in asked}
    # what nobody has recorded is found by its name, and by its tags taken for ours
    assert [live.id for live in aws.exhaustive().live(Role)] == [NAME]


def _policy_attached(iam: Any) -> None:
    iam.attach_role_policy(RoleName=NAME, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def test_another_spelling_of_the_same_policy_is_no_difference(rig: Rig) -> None:
    rig.up(declared).ok()
    statement = {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    rig.cloud.client("iam").put_role_policy(RoleName=NAME, PolicyName="reading", PolicyDocument=document)
    assert rig.plan(declared) == []


def test_a_foreign_role_and_profile_are_refused_and_left_alone(rig: Rig) -> None:
    iam = rig.cloud.client("iam")
    theirs = json.dumps(trust("lambda.amazonaws.com"))
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=theirs)
    iam.create_instance_profile(InstanceProfileName=NAME)
    up = rig.up(declared)
    assert up.summary.exit_code == 1
    assert "role/instance, but not the tags of this stack" in up.refused()["role/instance"]
    rig.down().ok()
    role = iam.get_role(RoleName=NAME)["Role"]
    assert role["AssumeRolePolicyDocument"] == trust("lambda.amazonaws.com")
    assert iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"] == []
    assert iam.get_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]["Roles"] == []


def test_the_same_stack_in_another_region_leaves_the_roles_alone(rig: Rig, tmp_path: Path) -> None:
    rig.up(declared).ok()
    iam = rig.cloud.client("iam")
    before = iam.get_role(RoleName=NAME)["Role"]
    zones = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    elsewhere = replace(
        rig, directory=tmp_path / "elsewhere", facts=replace(rig.facts, region="eu-west-1", zones=zones)
    )
    up = elsewhere.up(declared)
    why = "belongs to another stack (project ecs-sample, environment dev, ap-northeast-1), so it is not changed"
    assert why in up.refused()["role/instance"]
    assert [live for live in elsewhere.aws().exhaustive().live(Role) if live.owned] == []
    assert elsewhere.down().ok().summary.leftovers == []
    assert iam.get_role(RoleName=NAME)["Role"] == before
    assert iam.get_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]["Roles"]


def test_removed_without_a_trace_but_for_awss_own_roles(rig: Rig) -> None:
    rig.up(declared).ok()
    # a policy that somebody attached goes with the role: it could not be deleted otherwise
    _policy_attached(rig.cloud.client("iam"))
    down = rig.down().ok()
    assert (down.summary.counts, down.summary.leftovers) == ({"deleted": 2, "retained": 1}, [])
    iam = rig.cloud.client("iam")
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["AWSServiceRoleForECS"]
    assert iam.list_instance_profiles()["InstanceProfiles"] == []


def test_awss_own_role_is_taken_as_it_is(rig: Rig) -> None:
    rig.cloud.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    assert "CreateServiceLinkedRole" not in rig.up(declared).ok().writes
    # the service itself makes it between our look and our call
    aws = rig.aws()
    live = ServiceLinkedRole("ecs", "ecs.amazonaws.com", "AWSServiceRoleForECS").create(aws, "0" * 32)
    assert live.id == "AWSServiceRoleForECS"
    assert [call.code for call in calls(aws)] == ["InvalidInput"]
