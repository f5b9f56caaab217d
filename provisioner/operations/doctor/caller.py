"""Who asks, as IAM's simulation is told: whose policies are the caller's, and what its requests say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import denied

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

BOOLEAN = ("aws:PrincipalIsAWSService", "aws:SecureTransport", "aws:ViaAWSService")
"""The keys whose values are true or false."""


class NotSimulated(Exception):
    """The caller is of a sort whose policies IAM does not simulate; the message says which."""


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes:
        arn: whose policies are the caller's: a user's own ARN, or that of the role it assumed, with its path.
        context: the condition keys that each of its requests has, as far as they can be known beforehand. Its address,
            session tags, MFA, and where in the organization its account is cannot.
    """

    arn: str
    context: Mapping[str, tuple[str, ...]]


def asking(aws: Aws, identity: Mapping[str, Any]) -> Caller:
    """Return who calls, by what GetCallerIdentity says; its tags and its organization as far as it may read them.

    The simulator adds nothing by itself, so a condition on what it is not told counts as not met, also one of a
    service control policy (IAM API reference, SimulatePrincipalPolicy; aws/aws-sdk#102).

    Raises:
        NotSimulated: there are no such policies, or they cannot be found.
    """
    caller = str(identity["Arn"])
    entity, more = _user(aws, caller) if ":sts:" not in caller else _role(aws, caller)
    arn = str(entity["Arn"])
    context = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": arn.split(":")[4],
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        **{f"aws:PrincipalTag/{tag['Key']}": str(tag["Value"]) for tag in entity.get("Tags") or ()},
        **more,
    }
    if user_id := identity.get("UserId"):
        context["aws:userid"] = str(user_id)
    if organization := _organization(aws):
        context["aws:PrincipalOrgID"] = organization
    return Caller(arn, {key: (value,) for key, value in context.items()})


def _user(aws: Aws, caller: str) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    if caller.endswith(":root"):
        raise NotSimulated("IAM policies do not limit the root user, so there is nothing to simulate")
    name = caller.rpartition("/")[2]
    more = {"aws:PrincipalType": "User", "aws:username": name}
    try:
        return {**aws.client("iam").get_user(UserName=name)["User"], "Arn": caller}, more
    except Exception as error:
        if not denied(error):
            raise
        return {"Arn": caller}, more


def _role(aws: Aws, caller: str) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    sort, _, rest = caller.split(":", 5)[5].partition("/")
    if sort != "assumed-role":
        raise NotSimulated(f"IAM cannot simulate the policies of {caller}")
    role = rest.partition("/")[0]
    try:
        return aws.client("iam").get_role(RoleName=role)["Role"], {"aws:PrincipalType": "AssumedRole"}
    except Exception as error:
        if not denied(error):
            raise
        raise NotSimulated(f"the caller may not read its own role {role} (iam:GetRole)") from error


def _organization(aws: Aws) -> str | None:
    """Return the organization's id; None if there is none, or it is not told, which is no reason to stop."""
    try:
        return str(aws.client("organizations").describe_organization()["Organization"]["Id"])
    except (ClientError, BotoCoreError, KeyError):
        return None
