"""Service Quotas: AWS's codes and defaults of the quotas that a stack uses, and values that a control path applies.

Each quota is named, coded and valued as on its service's page of the General Reference ("Service endpoints and quotas")
or in its guide. A quota of a global service is known in us-east-1 only (Service Quotas user guide).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.servicequotas.responses import ServiceQuotasResponse

from ecs_emulator.authorization import enforce
from ecs_emulator.authorization.policy import Check
from ecs_emulator.patch import add, on_reset, refuse, replace

_NO_QUOTA = "The request failed because the specified quota does not exist."

GLOBAL_REGION = "us-east-1"
_NAMES = {
    "AWSCloudMap": "AWS Cloud Map",
    "acm": "AWS Certificate Manager (ACM)",
    "cloudfront": "Amazon CloudFront",
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "ecr": "Amazon Elastic Container Registry (Amazon ECR)",
    "ecs": "Amazon Elastic Container Service (Amazon ECS)",
    "elasticloadbalancing": "Elastic Load Balancing (ELB)",
    "fargate": "AWS Fargate",
    "iam": "AWS Identity and Access Management (IAM)",
    "rds": "Amazon Relational Database Service (Amazon RDS)",
    "route53": "Amazon Route 53",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}
_GLOBAL = ("cloudfront", "iam", "route53")


@dataclass(frozen=True)
class Quota:
    """A quota: the service's code, its own code, its name, AWS's default, and whether an increase can be requested."""

    service: str
    code: str
    name: str
    default: float
    adjustable: bool = True

    def shown(self, account: str, region: str, value: float | None = None) -> dict[str, Any]:
        """Return the quota as AWS shows it, with the value that is applied to an account, or with the default."""
        place = "" if self.service in _GLOBAL else region
        owner = "" if value is None else account
        return {
            "ServiceCode": self.service,
            "ServiceName": _NAMES[self.service],
            "QuotaArn": f"arn:aws:servicequotas:{place}:{owner}:{self.service}/{self.code}",
            "QuotaCode": self.code,
            "QuotaName": self.name,
            "Value": self.default if value is None else value,
            "Unit": "None",
            "Adjustable": self.adjustable,
            "GlobalQuota": self.service in _GLOBAL,
            "QuotaAppliedAtLevel": "ACCOUNT",
        }


_STANDARD = "Standard (A, C, D, H, I, M, R, T, Z)"
_QUOTAS = (
    Quota("AWSCloudMap", "L-0FE3F50E", "Namespaces per Region", 50),
    Quota("acm", "L-F141DD1D", "ACM certificates", 2500),
    Quota("cloudfront", "L-24B04930", "Web distributions per AWS account", 200),
    Quota("ec2", "L-1216C47A", f"Running On-Demand {_STANDARD} instances", 5),
    Quota("ec2", "L-34B43A08", f"All {_STANDARD} Spot Instance Requests", 5),
    Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
    Quota("ecr", "L-CFEB8E8D", "Registered repositories", 100_000),
    Quota("ecs", "L-21C621EB", "Clusters per account", 10_000),
    Quota("ecs", "L-9EF96962", "Services per cluster", 5000),
    Quota("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", 50),
    Quota("elasticloadbalancing", "L-B6DF7632", "Listeners per Application Load Balancer", 50),
    Quota("elasticloadbalancing", "L-7EED9B64", "Rules per Application Load Balancer", 100),
    Quota("elasticloadbalancing", "L-7E6692B2", "Targets per Application Load Balancer", 1000),
    Quota("elasticloadbalancing", "L-B22855CB", "Target Groups per Region", 3000),
    Quota("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", 6),
    Quota("fargate", "L-36FBB829", "Fargate Spot vCPU resource count", 6),
    Quota("iam", "L-FE177D64", "Roles per account", 1000),
    Quota("rds", "L-952B80B8", "DB clusters", 40),
    Quota("rds", "L-7B6409FD", "DB instances", 40),
    Quota("route53", "L-4EA4796A", "Hosted zones", 500),
    Quota("vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60),
    Quota("vpc", "L-1B52E74A", "Gateway VPC endpoints per Region", 20),
    Quota("vpc", "L-29B6F2EB", "Interface VPC endpoints per VPC", 50),
    Quota("vpc", "L-A4707A72", "Internet gateways per Region", 5),
    Quota("vpc", "L-DF5E4CA3", "Network interfaces per Region", 5000),
    Quota("vpc", "L-E79EC296", "VPC security groups per Region", 2500),
    Quota("vpc", "L-F678F1CE", "VPCs per Region", 5),
    Quota("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5),
)

_applied: dict[tuple[str, str], float | None] = {}
"""By service and code: values, other than the default, of all accounts and Regions; None: only the default exists."""


@on_reset
def _forget() -> None:
    _applied.clear()


def apply(service: str, code: str, value: float | None) -> None:
    """Apply a value to a quota; with None only AWS's default exists, and GetServiceQuota does not find the quota.

    Raises:
        ValueError: the embedded cloud does not have this quota.
    """
    if all((quota.service, quota.code) != (service, code) for quota in _QUOTAS):
        raise ValueError(f"there is no quota {code} of {service}: {', '.join(q.code for q in _QUOTAS)}")
    _applied[service, code] = value


def in_force(service: str, code: str) -> float:
    """Return the value that the service itself enforces: the applied one, or else the default."""
    quota = next(quota for quota in _QUOTAS if (quota.service, quota.code) == (service, code))
    return _applied.get((service, code)) or quota.default


def _of(service: str, region: str) -> list[Quota]:
    """Return the quotas of a service in a Region; refuse if there are none (NoSuchResourceException)."""
    found = [quota for quota in _QUOTAS if quota.service == service]
    if not found or (service in _GLOBAL and region != GLOBAL_REGION):
        refuse("NoSuchResourceException", "The request failed because the specified service does not exist.")
    return found


def _request(self: Any) -> tuple[dict[str, Any], list[Quota]]:
    request = json.loads(self.body or "{}")
    for name in ("ServiceCode", "QuotaCode"):
        if name in request and not isinstance(request[name], str):
            refuse("IllegalArgumentException", f"Invalid input: {name}")
    return request, _of(request.get("ServiceCode", ""), self.region)


def _value(quota: Quota) -> float | None:
    return _applied.get((quota.service, quota.code), quota.default)


def _quota(self: Any) -> Quota:
    request, quotas = _request(self)
    found = next((quota for quota in quotas if quota.code == request.get("QuotaCode")), None)
    if found is None:
        refuse("NoSuchResourceException", _NO_QUOTA)
    return found


_DEPENDENT = {
    "elasticloadbalancing": "elasticloadbalancing:DescribeAccountLimits",
    "iam": "iam:GetAccountSummary",
    "rds": "rds:DescribeAccountAttributes",
    "route53": "route53:GetAccountLimit",
}
"""Actions on the quota's service that the caller needs (Service Authorization Reference, dependent actions)."""


def _barred(quota: Quota, region: str, account: str) -> str:
    """Return the dependent action that the policies in force do not allow; empty if they allow it."""
    action = _DEPENDENT.get(quota.service)
    if not action or not enforce.current.names:
        return ""
    check = Check(action, "*", {"aws:RequestedRegion": (region,), "aws:PrincipalAccount": (account,)})
    return action if enforce.current.denied("servicequotas:GetServiceQuota", [check]) else ""


@replace(ServiceQuotasResponse, "get_service_quota")
def get_service_quota(self: Any) -> str:
    """GetServiceQuota: return the applied value; refuse a quota that has none (API reference).

    Without the permission for the quota's service, the answer has a reason instead of a value (API reference,
    ErrorReason).
    """
    quota = _quota(self)
    if action := _barred(quota, self.region, self.current_account):
        reason = {"ErrorCode": "DEPENDENCY_ACCESS_DENIED_ERROR", "ErrorMessage": f"Not authorized: {action}"}
        shown = quota.shown(self.current_account, self.region)
        shown.pop("Value")
        return json.dumps({"Quota": {**shown, "ErrorReason": reason}})
    value = _value(quota)
    if value is None:
        refuse("NoSuchResourceException", _NO_QUOTA)
    return json.dumps({"Quota": quota.shown(self.current_account, self.region, value)})


@add(ServiceQuotasResponse, "get_aws_default_service_quota")
def get_aws_default_service_quota(self: Any) -> str:
    """GetAWSDefaultServiceQuota: return the default, even if another value is applied."""
    return json.dumps({"Quota": _quota(self).shown(self.current_account, self.region)})


@add(ServiceQuotasResponse, "list_service_quotas")
def list_service_quotas(self: Any) -> str:
    """ListServiceQuotas: return all quotas of a service that have an applied value."""
    account = self.current_account
    found = [(quota, _value(quota)) for quota in _request(self)[1]]
    return json.dumps({"Quotas": [q.shown(account, self.region, value) for q, value in found if value is not None]})


@replace(ServiceQuotasResponse, "list_aws_default_service_quotas")
def list_aws_default_service_quotas(self: Any) -> str:
    """ListAWSDefaultServiceQuotas: return the defaults of all quotas of a service."""
    return json.dumps({"Quotas": [quota.shown(self.current_account, self.region) for quota in _request(self)[1]]})
