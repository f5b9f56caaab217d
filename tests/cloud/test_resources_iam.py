"""IAM's types, beyond the contract: policies in other spellings, somebody else's roles, AWS's own, which stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.resources.iam import InstanceProfile, Policy, Role, ServiceLinkedRole, policy
from steps.stack import Stack
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


def _policy_attached(iam: Any) -> None:
    iam.attach_role_policy(RoleName=NAME, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def test_another_spelling_of_the_same_policy_is_no_difference(rig: Rig) -> None:
    rig.up(declared).ok()
    statement = {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    rig.cloud.client("iam").put_role_policy(RoleName=NAME, PolicyName="reading", PolicyDocument=document)
    assert rig.plan(declared) == []


def test_somebody_elses_role_and_profile_are_refused_and_left_as_they_are(rig: Rig) -> None:
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


def test_the_same_stack_in_another_region_is_refused_and_leaves_the_roles_alone(rig: Rig, tmp_path: Path) -> None:
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
