"""Tests of roles that one call for all of the account confirms, as `[account] bulk_roles` allows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from provisioner.resources.iam import Role, ServiceLinkedRole
from provisioner.resources.policies import policy
from provisioner.resources.role_details import FEWEST, MOST_PAGES
from provisioner.steps.stack import Stack
from tests.cloud.policies import ALL, denying, enforce
from tests.cloud.policies import policy as policy_of
from tests.cloud.rig import Rig

TRUST = policy({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
OTHER = policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
READING = policy({"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:aws:ssm:*:*:parameter/50%/*"})
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
AT_ONCE = "GetAccountAuthorizationDetails"
NAME = "ecs-sample-dev-task-1"
INLINE = {"RoleName": NAME, "PolicyName": "reading"}
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"


def declared(stack: Stack, count: int = FEWEST) -> None:
    stack.ensure(ServiceLinkedRole("ecs", "ecs.amazonaws.com", "AWSServiceRoleForECS"))
    for number in range(count):
        name = f"ecs-sample-dev-task-{number}"
        more: dict[str, Any] = {"inline_policies": {"reading": READING}, "permissions_boundary": BOUNDARY}
        stack.ensure(Role(f"task-{number}", name, TRUST, [EXECUTION], **more))


def reads(rig: Rig, declare: Callable[[Stack], None] = declared) -> tuple[Mapping[str, set[str]], Counter[str]]:
    """Return the fields that a plan would change, by address, and its calls to IAM."""
    before = max((call["number"] for call in rig.cloud.calls()), default=0)
    planned = {item.address: {*item.changes} or {item.action} for item in rig.plan(declare)}
    return planned, Counter(call["operation"] for call in rig.cloud.calls(before) if call["service"] == "iam")


@pytest.fixture
def at_once(rig: Rig) -> Rig:
    """A stack with roles, read by a caller with the option."""
    rig.bulk_roles = True
    rig.up(declared).ok()
    return rig


def test_one_call_confirms_all_roles_of_the_stack(at_once: Rig) -> None:
    at_once.cloud.client("iam").create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(OTHER))
    assert reads(at_once) == ({}, {AT_ONCE: 1})
    assert at_once.up(declared).ok().writes == []


def _trust(iam: Any) -> None:
    iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=json.dumps(OTHER))


DRIFTS: Mapping[str, tuple[Callable[[Any], object], set[str]]] = {
    "trust": (_trust, {"assume_role_policy_document"}),
    "attached": (lambda iam: iam.attach_role_policy(RoleName=NAME, PolicyArn=BOUNDARY), {"managed_policy_arns"}),
    "detached": (lambda iam: iam.detach_role_policy(RoleName=NAME, PolicyArn=EXECUTION), {"managed_policy_arns"}),
    "inline": (
        lambda iam: iam.put_role_policy(**INLINE, PolicyDocument=json.dumps(READING).replace("50%", "%25")),
        {"inline_policies"},
    ),
    "boundary": (lambda iam: iam.delete_role_permissions_boundary(RoleName=NAME), {"permissions_boundary"}),
    "tags": (lambda iam: iam.untag_role(RoleName=NAME, TagKeys=["provisioner:address"]), set()),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_role_that_differs_is_read_by_itself(at_once: Rig, drift: str) -> None:
    change, fields = DRIFTS[drift]
    change(at_once.cloud.client("iam"))
    planned, asked = reads(at_once)
    at_once.bulk_roles = False
    assert planned == reads(at_once)[0]
    assert planned.get("role/task-1", set()) == fields
    if fields:
        assert (asked[AT_ONCE], asked["GetRole"]) == (1, 1)


def test_a_role_that_is_gone_is_created_again(at_once: Rig) -> None:
    iam = at_once.cloud.client("iam")
    iam.detach_role_policy(RoleName=NAME, PolicyArn=EXECUTION)
    iam.delete_role_policy(**INLINE)
    iam.delete_role(RoleName=NAME)
    planned, asked = reads(at_once)
    assert planned.keys() == {"role/task-1"}
    # once more, as any list of AWS may be late
    assert asked["GetRole"] == asked[AT_ONCE] == 2
    at_once.up(declared).ok()
    assert reads(at_once) == ({}, {AT_ONCE: 1})


def test_a_caller_who_may_not_reads_them_one_by_one(at_once: Rig) -> None:
    enforce(at_once.cloud, policy_of(ALL, denying(f"iam:{AT_ONCE}")))
    planned, asked = reads(at_once)
    assert planned == {}
    assert (asked[AT_ONCE], asked["GetRole"], asked["ListRoles"]) == (1, FEWEST, 1)


def test_roles_behind_the_last_page_are_read_one_by_one(rig: Rig) -> None:
    rig.bulk_roles = True
    many = partial(declared, count=2 * MOST_PAGES)
    rig.up(many).ok()
    rig.cloud.control("POST", "faults", "scenarios=small-pages")
    planned, asked = reads(rig, many)
    assert planned == {}
    # the first page is empty, the others have two roles
    assert (asked[AT_ONCE], asked["ListRolePolicies"] > 0) == (MOST_PAGES, True)
    assert 2 <= asked["GetRole"] <= 3


def test_few_roles_are_not_worth_it(rig: Rig) -> None:
    rig.bulk_roles = True
    few = partial(declared, count=FEWEST - 1)
    rig.up(few).ok()
    assert AT_ONCE not in reads(rig, few)[1]
