"""Read IAM policies, and decide whether they allow an action on a resource (IAM user guide)."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address, ip_network
from typing import Any

KEYS = frozenset(
    {
        "acm:DomainNames", "application-autoscaling:scalable-dimension", "application-autoscaling:service-namespace",
        "aws:PrincipalAccount", "aws:PrincipalArn", "aws:RequestedRegion", "aws:TagKeys", "cloudwatch:AlarmActions",
        "ec2:CreateAction", "ec2:InstanceType", "ec2:Owner", "ec2:Vpc", "ec2:VpceServiceName",
        "ecs:CreateAction", "ecs:account-setting", "ecs:cluster", "ecs:privileged",
        "elasticfilesystem:AccessPointArn", "elasticfilesystem:AccessedViaMountTarget",
        "elasticfilesystem:CreateAction", "elasticfilesystem:Encrypted", "elasticloadbalancing:CreateAction",
        "iam:AWSServiceName", "iam:PassedToService", "iam:PermissionsBoundary", "iam:PolicyARN",
        "kms:ResourceAliases", "kms:ViaService",
        "route53:ChangeResourceRecordSetsActions", "route53:ChangeResourceRecordSetsNormalizedRecordNames",
        "route53:ChangeResourceRecordSetsRecordTypes", "route53:VPCs", "ses:FromAddress", "ssm:Overwrite",
        "ssm:SessionDocumentAccessCheck",
    }
)  # fmt: skip
"""The condition keys that can be evaluated."""
OPEN_KEYS = ("aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/", "kms:EncryptionContext:")
"""The beginnings of condition keys that end with the key of a tag, or of an encryption context."""
OF_ORGANIZATIONS = frozenset(
    {
        "aws:MultiFactorAuthPresent", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths",
        "aws:PrincipalType", "aws:SecureTransport", "aws:SourceIp", "aws:ViaAWSService", "aws:userid", "aws:username",
        "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)  # fmt: skip
"""More condition keys that can be evaluated: companies use them in service control policies and boundaries."""
OF_SERVICES = frozenset({"aws:SourceAccount", "aws:SourceArn", "aws:SourceOwner"})
"""Condition keys that AWS's services send about themselves, for policies of resources; callers never send them."""
VARIABLES: Mapping[str, str] = {"${aws:userid}": "aws:userid", "${aws:username}": "aws:username"}
"""The policy variables that a `Resource` may contain, and the condition keys that hold their values."""
_KEYS = frozenset(key.lower() for key in KEYS | OF_ORGANIZATIONS | OF_SERVICES)
_OPEN_KEYS = tuple(key.lower() for key in OPEN_KEYS)
VIA_SERVICE = "via-aws-service"
"""An added header of a call: `true` if one of AWS's services makes the call for its caller."""
NULL = "Null"
ALLOW_ALL = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
"""A policy that allows everything."""


def like(pattern: str, value: str) -> bool:
    """Return whether a value fits a pattern with `*` and `?`; case counts."""
    return _pattern(pattern).fullmatch(value) is not None


def arn_like(pattern: str, value: str) -> bool:
    """Return whether an ARN fits a pattern; wildcards match colons only in the last part (IAM user guide, Resource)."""
    if pattern == "*":
        return True
    ours, theirs = pattern.split(":", 5), value.split(":", 5)
    return len(ours) == len(theirs) and all(map(like, ours, theirs))


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"([*?])", text)
    return re.compile("".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _equal(pattern: str, value: str) -> bool:
    return pattern == value


def _same(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


def _in_range(pattern: str, value: str) -> bool:
    return ip_address(value) in ip_network(pattern, strict=False)


_TESTS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equal, True),
    "StringNotEquals": (_equal, False),
    "StringLike": (like, True),
    "StringNotLike": (like, False),
    "ArnEquals": (arn_like, True),
    "ArnLike": (arn_like, True),
    "ArnNotEquals": (arn_like, False),
    "ArnNotLike": (arn_like, False),
    "Bool": (_same, True),
    "IpAddress": (_in_range, True),
    "NotIpAddress": (_in_range, False),
}
"""Each operator's comparison, and whether values have to fit or must not (IAM user guide, condition operators)."""


class Unreadable(ValueError):
    """A policy has a part that cannot be evaluated; the message names the place and the remedy."""


class Decision(Enum):
    """A decision of policies on a check, in the words of SimulatePrincipalPolicy."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "implicitDeny"
    DENIED = "explicitDeny"


@dataclass(frozen=True)
class Check:
    """A permission check that AWS makes at a call: an action, the ARN of a resource (or `*`), the context.

    `template` is the launch template for which an Auto Scaling group needs it: AWS's refusal names nothing else.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    template: str = ""


@dataclass(frozen=True)
class Condition:
    """A condition of a statement: one operator on one key."""

    operator: str
    quantifier: str
    if_exists: bool
    key: str
    values: tuple[str, ...]

    def holds(self, context: Mapping[str, tuple[str, ...]]) -> bool:
        """Return whether the context of a check fulfils it (IAM user guide, evaluation logic of conditions)."""
        given = next((values for key, values in context.items() if key.lower() == self.key.lower()), None)
        if self.operator == NULL:
            return str(given is None).lower() in self.values
        test, positive = _TESTS[self.operator]
        if given is None:
            return self.if_exists or self.quantifier == "ForAllValues" or (not positive and not self.quantifier)
        fits = [any(test(pattern, value) for pattern in self.values) is positive for value in given]
        return all(fits) if self.quantifier == "ForAllValues" or not positive else any(fits)


@dataclass(frozen=True)
class Statement:
    """A statement of a policy. It is about `actions` and `resources`, or with `but_…` about all others."""

    allows: bool
    actions: tuple[str, ...]
    but_actions: bool
    resources: tuple[str, ...]
    but_resources: bool
    conditions: tuple[Condition, ...]

    def about(self, action: str) -> bool:
        """Return whether the statement is about an action; case does not count."""
        return any(like(pattern.lower(), action.lower()) for pattern in self.actions) is not self.but_actions

    def applies(self, check: Check) -> bool:
        """Return whether the statement applies to a check, given that it is about its action."""
        on = any(arn_like(_with_names(pattern, check.context), check.resource) for pattern in self.resources)
        return on is not self.but_resources and all(condition.holds(check.context) for condition in self.conditions)


def _with_names(pattern: str, context: Mapping[str, tuple[str, ...]]) -> str:
    """Return a `Resource` pattern with the caller's names instead of `VARIABLES` (IAM user guide, policy variables)."""
    for variable, key in VARIABLES.items():
        if variable in pattern:
            pattern = pattern.replace(variable, "".join(context.get(key, ())))
    return pattern


def decide(statements: Iterable[Statement], check: Check) -> Decision:
    """Return the decision of all policies' statements: a Deny wins; without an Allow the check is denied implicitly."""
    about = (statement for statement in statements if statement.about(check.action))
    saying = [statement.allows for statement in about if statement.applies(check)]
    if not all(saying):
        return Decision.DENIED
    return Decision.ALLOWED if saying else Decision.NOT_ALLOWED


# -- reading -----------------------------------------------------------------------------------------------------------


def read(name: str, text: str) -> list[Statement]:
    """Return the statements of a file: one policy, a list of them, or a list as `provision policy --json` prints it.

    Raises:
        Unreadable: it is no policy, or has a part that cannot be evaluated here.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(f"{name} is not JSON: give it an IAM policy, such as `provision policy` prints") from None
    documents = content if isinstance(content, list) else [content]
    return [it for number, document in enumerate(documents, 1) for it in _document(name, number, document)]


def _document(name: str, number: int, content: Any) -> Iterator[Statement]:
    where = name if number == 1 else f"{name}, policy {number}"
    document = content.get("document", content) if isinstance(content, dict) else content
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list | dict) or not statements:
        raise Unreadable(f"{where} has no Statement: give it an IAM policy, such as `provision policy` prints")
    if document.get("Version") != "2012-10-17":
        raise Unreadable(f'{where}: Version is not "2012-10-17", the only one that is evaluated here: set it')
    for place, one in enumerate(listed(statements), 1):
        try:
            yield _statement(one)
        except Unreadable as error:
            raise Unreadable(f"{where}, statement {place}: {error}") from None


_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


def _statement(statement: Any) -> Statement:
    if not isinstance(statement, dict):
        raise Unreadable("it is no JSON object: write one")
    if others := statement.keys() - _MEMBERS:
        raise Unreadable(f"{min(others)} is no part of an identity's policy: take it out")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise Unreadable('Effect is neither "Allow" nor "Deny": write one of them')
    actions, but_actions = _either(statement, "Action")
    resources, but_resources = _either(statement, "Resource")
    for action in actions:
        if action != "*" and ":" not in action:
            raise Unreadable(f'"{action}" is no action: write service:Action')
    for resource in resources:
        if resource != "*" and resource.count(":") < 5:
            raise Unreadable(f'"{resource}" is no ARN: write one with all its parts, or "*"')
    conditions = tuple(_conditions(statement.get("Condition", {})))
    return Statement(statement["Effect"] == "Allow", actions, but_actions, resources, but_resources, conditions)


def _either(statement: Mapping[str, Any], what: str) -> tuple[tuple[str, ...], bool]:
    if (what in statement) is (f"Not{what}" in statement):
        raise Unreadable(f"it has to have either {what} or Not{what}: write one of them")
    values = statement.get(what, statement.get(f"Not{what}"))
    return _texts(what, values), what not in statement


def listed(value: Any) -> list[Any]:
    """Return a policy's single value or list as a list (IAM user guide, grammar of the JSON policy language)."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _texts(what: str, values: Any) -> tuple[str, ...]:
    # JSON's true and false equal the texts "true" and "false" (IAM user guide, Condition)
    texts = tuple(str(one).lower() if isinstance(one, bool) else one for one in listed(values))
    if not texts or not all(isinstance(text, str) for text in texts):
        raise Unreadable(f"{what} is neither a text nor a list of texts: write it so")
    known = VARIABLES if what in ("Resource", "NotResource") else ()
    if any("${" in functools.reduce(lambda rest, one: rest.replace(one, ""), known, text) for text in texts):
        raise Unreadable(f"{what} has a variable, which is not evaluated here: write its value")
    return texts


def _conditions(conditions: Any) -> Iterator[Condition]:
    if not isinstance(conditions, dict) or not all(isinstance(keys, dict) for keys in conditions.values()):
        raise Unreadable("Condition is no object of operators: write one")
    for how, keys in conditions.items():
        quantifier, _, rest = how.rpartition(":")
        operator = rest.removesuffix("IfExists")
        if quantifier not in ("", "ForAllValues", "ForAnyValue") or operator not in {*_TESTS, NULL}:
            known = ", ".join([*_TESTS, NULL])
            raise Unreadable(f"the operator {how} is not evaluated here: use one of {known}")
        for key, values in keys.items():
            # case does not count in the names of keys (IAM user guide, Condition)
            if key.lower() not in _KEYS and not key.lower().startswith(_OPEN_KEYS):
                known = ", ".join([*sorted(KEYS | OF_ORGANIZATIONS), *(f"{key}…" for key in OPEN_KEYS)])
                raise Unreadable(f"the condition key {key} is not evaluated here: use one of {known}")
            found = _texts(key, values)
            if _TESTS.get(operator, ())[:1] == (_in_range,) and not all(map(_is_range, found)):
                raise Unreadable(f"{key} has what is no range of addresses: write such as 203.0.113.0/24")
            yield Condition(operator, quantifier, operator != rest, key, found)


def _is_range(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
