"""Check the credentials, the Region, and the account's service-linked roles and ECS settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from provisioner.aws.errors import code_of, explained
from provisioner.operations.context import account
from provisioner.operations.doctor.verdicts import EXPIRED, INVALID, failed, ok, parted, unknown, warning
from provisioner.resources.ecs.account import AccountSetting
from provisioner.resources.iam import ServiceLinkedRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

ELSEWHERE = "us-east-1"
"""A Region that is enabled for every account of the partition `aws`."""


def credentials(context: Context) -> Sequence[Checked]:
    """Check the credentials. GetCallerIdentity needs no permission, so a refusal means bad ones (STS API reference)."""
    name = "credentials"
    try:
        who = context.identity
    except NoCredentialsError:
        return [failed(name, "not found", "set --profile or AWS_PROFILE, or sign in (`aws sso login`)")]
    except ClientError as error:
        return [_refused(context, error)]
    except (BotoCoreError, ValueError) as error:
        return [failed(name, *parted(str(explained(error))))]
    if wrong := account.mismatch(context.config, str(who["Account"]), context.aws):
        return [failed(name, *wrong)]
    text = f"{who['Arn']}, account {who['Account']}"
    if str(who["Arn"]).endswith(":root"):
        fix = "use an IAM role or user: IAM policies do not limit the root user, so nothing can be checked"
        return [warning(name, text, fix)]
    return [ok(name, text)]


def _refused(context: Context, error: ClientError) -> Checked:
    name, code = "credentials", code_of(error)
    if code in EXPIRED:
        return failed(name, f"expired ({code})", "renew them (`aws sso login`, or a new session token)")
    if code in INVALID and context.aws.partition == "aws" and _known_elsewhere(context):
        return failed(name, f"valid, but not in {context.aws.region} ({code})", _enable(context.aws.region))
    if code in INVALID:
        return failed(name, f"unknown to AWS ({code})", "check the access key, or sign in again")
    return failed(name, *parted(str(explained(error))))


def _known_elsewhere(context: Context) -> bool:
    """Return whether the credentials work in `ELSEWHERE`: a Region that is not enabled refuses all credentials."""
    if context.aws.region == ELSEWHERE:
        return False
    try:
        context.aws.client("sts", ELSEWHERE).get_caller_identity()
    except (BotoCoreError, ClientError):
        return False
    return True


def _enable(region: str) -> str:
    return f"enable the Region (`aws account enable-region --region-name {region}`), or choose another"


def region(context: Context) -> Sequence[Checked]:
    """Check that the Region is enabled: accounts must enable Regions since 2019 (Account Management guide)."""
    name, region = "region", context.aws.region
    answer = context.aws.client("ec2").describe_regions(RegionNames=[region], AllRegions=True)
    status = next((one.get("OptInStatus", "") for one in answer["Regions"]), "")
    if status == "not-opted-in":
        return [failed(name, f"{region} is not enabled for this account", _enable(region))]
    words = {"opted-in": "enabled", "opt-in-not-required": "enabled for every account"}
    if status not in words:
        return [unknown(name, f"EC2 does not report whether {region} is enabled")]
    return [ok(name, f"{region} is {words[status]}")]


def service_roles(context: Context) -> Sequence[Checked]:
    """Count the existing service-linked roles, and list the roles that `up` creates."""
    wanted = {role.role_name for role in context.wanted(ServiceLinkedRole)}
    there = {live.id for live in context.live(ServiceLinkedRole)}
    missing = sorted(wanted - there)
    text = f"{len(wanted) - len(missing)} of {len(wanted)} exist"
    return [ok("service-linked roles", f"{text}; `up` creates {', '.join(missing)}" if missing else text)]


def settings(context: Context) -> Sequence[Checked]:
    """Report each ECS account setting that `up` changes for the whole account in this Region, and `down` restores."""
    found = []
    for desired in context.wanted(AccountSetting):
        answer = context.aws.client("ecs").list_account_settings(name=desired.setting_name, effectiveSettings=True)
        value = next((one.get("value") for one in answer["settings"]), None)
        text = f"{desired.setting_name} is {value}"
        if value != desired.value:
            text += f": `up` sets {desired.value} for the whole account in {context.aws.region}; `down` restores it"
        found.append(ok("account settings", text))
    return found
