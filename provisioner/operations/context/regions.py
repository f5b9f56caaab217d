"""Explain why a Region did not answer: it does not exist, is not enabled, or cannot be reached."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, UnknownRegionError

from provisioner.aws.errors import ApiError, code_of, explained
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    import boto3

    from provisioner.aws.session import Session

HOMES = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""For each partition, a Region that is enabled in every account (account guide, enable or disable Regions)."""
UNKNOWN_CALLER = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"})
"""Error codes with which a Region answers credentials of an account that has not enabled it, and wrong credentials
(terraform-provider-aws#12940)."""
SECONDS = 5


def region_error(session: Session | boto3.Session, error: Exception, where: str) -> Exception:
    """Return an error that explains why a command's first call failed; errors not about the Region are `explained`.

    A Region that this version of boto3 does not know may be new, so it counts as wrong only when a call fails.

    Args:
        where: the file or option that names the Region.
    """
    region, known = session.region_name, _known(session)
    about = f'{where}: region: "{region}"'
    code = code_of(error)
    unscoped = "valid region" in str(error) and "Signature" in code
    if unscoped or isinstance(error, EndpointConnectionError):
        if region not in known:
            return ConfigurationError(f"{about} is not an AWS Region that can be reached: {_nearest(region, known)}")
        if isinstance(error, EndpointConnectionError):
            set_to = "the setting AWS_ENDPOINT_URL" if os.environ.get("AWS_ENDPOINT_URL") else "the network"
            return ApiError(
                f"{about}: its endpoint {error.kwargs['endpoint_url']} cannot be reached: check {set_to}", "connection"
            )
    if code in UNKNOWN_CALLER and (offered := _offered(session)) is not None:
        if region not in offered:
            return ConfigurationError(f"{about} is not a Region that this account can use: {_nearest(region, offered)}")
        if offered[region] == "not-opted-in":
            return ConfigurationError(
                f"{about} is not enabled for this account: run `aws account enable-region --region-name {region}`, "
                f"which takes some minutes, or choose another"
            )
    return explained(error)


def check_emulated(session: Session | boto3.Session, region: str, where: str) -> None:
    """Refuse a Region that boto3 does not know: the embedded cloud does not have it.

    Args:
        session: a session that ignores the user's AWS settings.
        where: the file or option that names the Region.

    Raises:
        ConfigurationError: boto3 does not know it. The message suggests the most similar name.
    """
    known = _known(session)
    if region not in known:
        raise ConfigurationError(f'{where}: region: "{region}" is not an AWS Region: {_nearest(region, known)}')


def check_named(region: str, where: str) -> None:
    """Refuse a Region whose name fits no partition's pattern of names.

    A name that fits a pattern is accepted even if boto3 does not know it: the Region may be new.

    Args:
        where: the file or option that names the Region.

    Raises:
        ConfigurationError: the name fits no pattern. The message suggests the most similar name.
    """
    from provisioner.aws.service_models import without_settings
    from provisioner.aws.session import Session

    session = Session(without_settings())
    try:
        session.get_partition_for_region(region)
    except UnknownRegionError:
        known = _known(session)
        raise ConfigurationError(
            f'{where}: region: "{region}" is not an AWS Region: {_nearest(region, known)}'
        ) from None


def _known(session: Session | boto3.Session) -> set[str]:
    """Return the Regions that this version of boto3 knows."""
    return {name for part in session.get_available_partitions() for name in session.get_available_regions("ec2", part)}


def _nearest(region: str, names: Any) -> str:
    near = difflib.get_close_matches(region, sorted(names), 1)
    return f'did you mean "{near[0]}"?' if near else f"choose one of {', '.join(sorted(names))}"


def _offered(session: Session | boto3.Session) -> dict[str, str] | None:
    """Return each Region's opt-in status for the account, read in an enabled Region; None if the read fails."""
    from botocore.config import Config

    home = HOMES.get(session.get_partition_for_region(session.region_name), "us-east-1")
    settings = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})
    try:
        shown = session.client("ec2", region_name=home, config=settings).describe_regions(AllRegions=True)["Regions"]
    except (BotoCoreError, ClientError):
        return None
    return {str(one.get("RegionName")): str(one.get("OptInStatus", "")) for one in shown}
