"""Diagnose a Region that gives no proper answer: it does not exist, is not enabled, or is out of reach."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, UnknownRegionError

from provisioner.aws.errors import ApiError, code_of, explained
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    import boto3

HOMES = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""In each partition a Region that every account of it has enabled (account guide, enable or disable Regions)."""
UNKNOWN_CALLER = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"})
"""How a Region answers credentials of an account that has not enabled it, and wrong ones as well
(terraform-provider-aws#12940)."""
SECONDS = 5


def region_error(session: boto3.Session, error: Exception, where: str) -> Exception:
    """Return the error that says why the first call of a command failed; any that is not about the Region `explained`.

    A Region that this version of boto3 does not know may be a new one, so it counts as wrong only when it fails.

    Args:
        where: the file that the Region is configured in.
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


def check_emulated(session: boto3.Session, region: str, where: str) -> None:
    """Refuse a Region that boto3 does not know, since the embedded cloud lacks it too.

    Args:
        session: one that reads nothing of the user's AWS settings.
        where: the file that the Region is configured in.

    Raises:
        ConfigurationError: with the nearest one.
    """
    known = _known(session)
    if region not in known:
        raise ConfigurationError(f'{where}: region: "{region}" is not an AWS Region: {_nearest(region, known)}')


def check_named(region: str, where: str) -> None:
    """Refuse a name that cannot be a Region of AWS, because it fits the naming pattern of no partition.

    A Region that boto3 does not know, of a name as others have, may be a new one.

    Args:
        where: the file that the Region is configured in.

    Raises:
        ConfigurationError: with the nearest one.
    """
    import boto3

    from provisioner.aws.service_models import without_settings

    session = boto3.Session(botocore_session=without_settings())
    try:
        session.get_partition_for_region(region)
    except UnknownRegionError:
        known = _known(session)
        raise ConfigurationError(
            f'{where}: region: "{region}" is not an AWS Region: {_nearest(region, known)}'
        ) from None


def _known(session: boto3.Session) -> set[str]:
    """Return the Regions that this version of boto3 knows."""
    return {name for part in session.get_available_partitions() for name in session.get_available_regions("ec2", part)}


def _nearest(region: str, names: Any) -> str:
    near = difflib.get_close_matches(region, sorted(names), 1)
    return f'did you mean "{near[0]}"?' if near else f"choose one of {', '.join(sorted(names))}"


def _offered(session: boto3.Session) -> dict[str, str] | None:
    """Return the opt-in status of each Region, as the home Region of the partition gives it; None without an answer."""
    from botocore.config import Config

    home = HOMES.get(session.get_partition_for_region(session.region_name), "us-east-1")
    settings = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})
    try:
        shown = session.client("ec2", region_name=home, config=settings).describe_regions(AllRegions=True)["Regions"]
    except (BotoCoreError, ClientError):
        return None
    return {str(one.get("RegionName")): str(one.get("OptInStatus", "")) for one in shown}
