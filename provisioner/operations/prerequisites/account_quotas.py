"""Quotas of the account, as Service Quotas gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.aws.api import Api, Limit
from provisioner.aws.errors import code_of, denied
from provisioner.config import group_rules
from provisioner.engine.errors import ConfigurationError, ProvisionError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config


_RATES = "https://docs.aws.amazon.com/servicequotas/latest/userguide/reference_limits.html"

API = Api(
    "service-quotas",
    "Service Quotas",
    signing_name="servicequotas",
    rates=(
        # the document allows as many additional calls in one burst, so a bucket holds twice the rate
        Limit("each", 10, 5, _RATES, ("GetServiceQuota", "GetAWSDefaultServiceQuota")),
        Limit("each", 20, 10, _RATES, ("ListAWSDefaultServiceQuotas", "ListServiceQuotas")),
    ),
)

DEPENDENT = "DEPENDENCY_ACCESS_DENIED_ERROR"
"""The reason for a quota without a value: the service refuses the caller (API reference, ErrorReason)."""


class NotTold(ProvisionError):
    """Service Quotas could not look up the applied quota."""

    code = "permission"


def limit(aws: Aws, service: str, code: str, region: str | None = None) -> float | None:
    """Return a quota's applied value, or AWS's default if only that is known; None if neither is.

    Raises:
        ClientError: the read was refused.
        NotTold: Service Quotas may not ask the service on the caller's behalf, so that the default may be wrong.
    """
    client = aws.client("service-quotas", region)
    for operation in ("get_service_quota", "get_aws_default_service_quota"):
        try:
            quota = getattr(client, operation)(ServiceCode=service, QuotaCode=code)["Quota"]
            if quota.get("ErrorReason", {}).get("ErrorCode") == DEPENDENT:
                raise NotTold(
                    f"Service Quotas may not ask {service} for it ({DEPENDENT}). Attach `provision policy --doctor` to "
                    f"the caller"
                )
            value = quota.get("Value")
        except ClientError as error:
            if code_of(error) != "NoSuchResourceException":
                raise
            value = None
        if value is not None:
            return float(value)
    return None


def rules_of_group(aws: Aws, config: Config) -> int:
    """Return the number of rules that a security group may have in each direction.

    AWS is asked only if the configuration needs more than the default. If AWS does not say, or denies the read, the
    default counts.

    Raises:
        ConfigurationError: the configuration needs more.
    """
    most = group_rules.DEFAULT
    if group_rules.largest(config) > most:
        try:
            most = int(limit(aws, "vpc", group_rules.QUOTA) or most)
        except ClientError as error:
            if not denied(error):
                raise
    if wrong := [*group_rules.problems(config, most)]:
        raise ConfigurationError("\n".join(wrong))
    return most
