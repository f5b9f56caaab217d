"""IAM's evaluation in the embedded cloud: wildcards, conditions, denials, and unreadable policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecs_emulator.authorization.policy import Check, Decision, Unreadable, arn_like, decide, read

VPC = "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1"


def policy(*statements: dict[str, Any]) -> str:
    full = [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": full})


def said(text: str, check: Check) -> Decision:
    return decide(read("p.json", text), check)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        (VPC, True),
        ("arn:aws:ec2:*:*:vpc/*", True),
        ("arn:aws:ec2:eu-west-?:123456789012:vpc/vpc-?", True),
        ("arn:*:vpc/*", False),
        ("arn:aws:ec2:eu-west-1:*:subnet/*", False),
        ("arn:aws:ec2:EU-WEST-1:*:vpc/*", False),
        ("arn:aws:ec2:*:vpc/*", False),
    ],
)
def test_wildcards_of_arns_end_at_a_colon(pattern: str, fits: bool) -> None:
    assert arn_like(pattern, VPC) is fits


def test_a_wildcard_of_the_last_part_takes_colons_and_slashes() -> None:
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/a/b:log-stream:x"
    assert arn_like("arn:aws:logs:*:*:log-group:/ecs/a/*", group)


def test_actions_are_compared_without_regard_to_capitals() -> None:
    assert said(policy({"Action": "EC2:describe*"}), Check("ec2:DescribeVpcs")) is Decision.ALLOWED
    assert said(policy({"Action": "ec2:Describe*"}), Check("ec2:DeleteVpc")) is Decision.NOT_ALLOWED
    assert said(policy({"Action": "ec2:DescribeVp??"}), Check("ec2:DescribeVpcs")) is Decision.ALLOWED


def test_what_denies_wins_and_what_nothing_allows_is_denied() -> None:
    allow, deny = {"Action": "*"}, {"Effect": "Deny", "Action": "ec2:DeleteVpc"}
    assert said(policy(allow, deny), Check("ec2:DeleteVpc", VPC)) is Decision.DENIED
    assert said(policy(deny, allow), Check("ec2:DeleteVpc", VPC)) is Decision.DENIED
    assert said(policy(allow, deny), Check("ec2:CreateVpc", VPC)) is Decision.ALLOWED
    assert said(policy(deny), Check("ec2:CreateVpc", VPC)) is Decision.NOT_ALLOWED


def test_a_statement_may_name_what_it_is_not_about() -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": VPC}}
    )
    assert said(text, Check("ec2:DeleteVpc", f"{VPC}2")) is Decision.ALLOWED
    assert said(text, Check("ec2:DeleteVpc", VPC)) is Decision.NOT_ALLOWED
    assert said(text, Check("iam:CreateRole", "arn:aws:iam::123456789012:role/a")) is Decision.NOT_ALLOWED


def test_no_resource_in_particular_is_only_allowed_by_all() -> None:
    assert said(policy({}), Check("ec2:DescribeVpcs")) is Decision.ALLOWED
    assert said(policy({"Resource": "arn:aws:ec2:*:*:*"}), Check("ec2:DescribeVpcs")) is Decision.NOT_ALLOWED


TAG, KEYS = "aws:ResourceTag/Project", "aws:TagKeys"


@pytest.mark.parametrize(
    ("operator", "key", "values", "context", "holds"),
    [
        ("StringEquals", TAG, ["a", "b"], ["b"], True),
        ("StringEquals", TAG, "a", ["A"], False),
        ("StringEquals", TAG, "a", None, False),
        ("StringEqualsIfExists", TAG, "a", None, True),
        ("StringEqualsIfExists", TAG, "a", ["b"], False),
        ("StringNotEquals", TAG, "a", ["b"], True),
        ("StringNotEquals", TAG, ["a", "b"], ["b"], False),
        ("StringNotEquals", TAG, "a", None, True),
        ("StringLike", TAG, "a*", ["abc"], True),
        ("StringEquals", "AWS:PrincipalARN", VPC, [VPC], True),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", ["203.0.113.7"], True),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", ["198.51.100.7"], False),
        ("NotIpAddress", "aws:SourceIp", ["203.0.113.0/24", "::1/128"], ["198.51.100.7"], True),
        ("NotIpAddress", "aws:SourceIp", ["203.0.113.0/24", "::1/128"], ["203.0.113.7"], False),
        ("Bool", "aws:SecureTransport", False, ["false"], True),
        ("Bool", "aws:SecureTransport", "True", ["false"], False),
        ("StringNotLike", TAG, "a*", ["abc"], False),
        ("ArnEquals", "ecs:cluster", "arn:aws:ecs:*:*:cluster/a", ["arn:aws:ecs:eu-west-1:1:cluster/a"], True),
        ("ArnLike", "ecs:cluster", "arn:aws:ecs:*:cluster/a", ["arn:aws:ecs:eu-west-1:1:cluster/a"], False),
        ("ArnNotLike", "ecs:cluster", "arn:aws:ecs:*:*:cluster/a", ["arn:aws:ecs:eu-west-1:1:cluster/b"], True),
        ("Null", TAG, "true", None, True),
        ("Null", TAG, "true", ["a"], False),
        ("Null", TAG, "false", ["a"], True),
        ("ForAllValues:StringEquals", KEYS, ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", KEYS, ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", KEYS, ["a"], None, True),
        ("ForAnyValue:StringEquals", KEYS, ["a"], ["c", "a"], True),
        ("ForAnyValue:StringEquals", KEYS, ["a"], ["c"], False),
        ("ForAnyValue:StringEquals", KEYS, ["a"], None, False),
    ],
)
def test_conditions(operator: str, key: str, values: Any, context: list[str] | None, holds: bool) -> None:
    text = policy({"Condition": {operator: {key: values}}})
    given = {} if context is None else {key: tuple(context)}
    assert (said(text, Check("ec2:DeleteVpc", VPC, given)) is Decision.ALLOWED) is holds


def test_all_conditions_have_to_hold() -> None:
    text = policy({"Condition": {"StringEquals": {TAG: "a", "aws:RequestedRegion": "eu-west-1"}}})
    both = {TAG: ("a",), "aws:RequestedRegion": ("eu-west-1",)}
    assert said(text, Check("ec2:DeleteVpc", VPC, both)) is Decision.ALLOWED
    assert said(text, Check("ec2:DeleteVpc", VPC, {TAG: ("a",)})) is Decision.NOT_ALLOWED


def test_a_list_of_policies_is_read_as_policy_prints_it() -> None:
    one, other = json.loads(policy({"Action": "ec2:A"})), json.loads(policy({"Action": "ec2:B"}))
    for text in (
        json.dumps([one, other]),
        json.dumps([{"name": "a", "document": one}, {"name": "b", "document": other}]),
    ):
        assert [it.actions for it in read("p.json", text)] == [("ec2:A",), ("ec2:B",)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "p.json is not JSON: give it an IAM policy"),
        ("[" * 100_000, "p.json is not JSON"),
        ("[]", ""),
        ("7", "p.json has no Statement"),
        ('{"Statement": []}', "p.json has no Statement"),
        ('[{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, {}]',
         "p.json, policy 2 has no Statement"),
        ('{"Version": "2008-10-17", "Statement": [{}]}', 'Version is not "2012-10-17"'),
        ('{"Version": "2012-10-17", "Statement": [7]}', "statement 1: it is no JSON object"),
        (policy({}, {"Principal": "*"}), "p.json, statement 2: Principal is no part of an identity's policy"),
        (policy({"Effect": "allow"}), 'Effect is neither "Allow" nor "Deny"'),
        (policy({"NotAction": "ec2:A"}), "it has to have either Action or NotAction"),
        (policy({"Action": "DescribeVpcs"}), '"DescribeVpcs" is no action: write service:Action'),
        (policy({"Action": [7]}), "Action is neither a text nor a list of texts"),
        (policy({"Resource": "vpc-1"}), '"vpc-1" is no ARN'),
        (policy({"Resource": "arn:aws:iam::1:user/${aws:PrincipalTag/team}"}), "Resource has a variable, which is not"),
        (policy({"Condition": []}), "Condition is no object of operators"),
        (policy({"Condition": {"NumericLessThan": {TAG: "1"}}}), "operator NumericLessThan is not evaluated"),
        (policy({"Condition": {"ForEach:StringLike": {TAG: "1"}}}), "operator ForEach:StringLike is not evaluated"),
        (policy({"Condition": {"StringEquals": {"aws:UserAgent": "1"}}}), "key aws:UserAgent is not evaluated here"),
        (policy({"Condition": {"IpAddress": {"aws:SourceIp": "here"}}}), "has what is no range of addresses"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_evaluated_is_named_by_its_place(text: str, told: str) -> None:
    if not told:
        assert read("p.json", text) == []
        return
    with pytest.raises(Unreadable) as caught:
        read("p.json", text)
    assert told in str(caught.value)
