"""Find the input of IAM's policy simulation: the caller's policies and the condition keys of its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import denied

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

BOOLEAN = ("aws:PrincipalIsAWSService", "aws:SecureTransport", "aws:ViaAWSService")
"""The condition keys with Boolean values."""


class NotSimulated(Exception):
    """IAM cannot simulate the policies of this kind of caller; the message names the reason."""


@dataclass(frozen=True)
class Caller:
    """The user or role that calls AWS.

    Attributes:
        arn: the ARN that the policies belong to: the user's, or that of the assumed role, with its path.
        context: the condition keys of each request, as far as they are known beforehand. Unknown are its address,
            session tags, MFA, and the account's place in the organization.
    """

    arn: str
    context: Mapping[str, tuple[str, ...]]


def asking(aws: Aws, identity: Mapping[str, Any]) -> Caller:
    """Return the caller with its condition keys. Tags and organization are included if the caller may read them.

    The simulator adds no condition keys. So a condition on a key that it was not given counts as not met, also in a
    service control policy (IAM API reference, SimulatePrincipalPolicy; aws/aws-sdk#102).

    Args:
        identity: the answer of GetCallerIdentity.

    Raises:
        NotSimulated: IAM cannot simulate the policies of this kind of caller, or its role cannot be read.
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
    """Return the organization's id; None if there is none, or it cannot be read."""
    try:
        return str(aws.client("organizations").describe_organization()["Organization"]["Id"])
    except (ClientError, BotoCoreError, KeyError):
        return None
