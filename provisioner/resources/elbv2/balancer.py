"""The application load balancer of Elastic Load Balancing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws, batches
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, CHANGED, OWN, UNSHOWN_TAGS, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.clock import since
from provisioner.engine.costs import Around, Cost, by_load, hourly
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource, kept
from provisioner.resources import members
from provisioner.resources.ec2.common import interfaces
from provisioner.resources.elbv2.api import API, TAGGED
from provisioner.resources.phrases import because
from provisioner.resources.sized import public_addresses

ATTRIBUTES = {
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "idle_timeout": "idle_timeout.timeout_seconds",
    # while it is on, AWS refuses DeleteLoadBalancer (OperationNotPermitted)
    "deletion_protection": "deletion_protection.enabled",
}
"""The fields of a load balancer that are attributes in AWS, which lists do not show."""
LOGS = "access_logs.s3"
"""The beginning of the attributes' names for access logs: whether they are on, and their bucket."""
DNS_TTL = 60.0
"""Seconds for which clients may cache a load balancer's addresses.

Source: Elastic Load Balancing user guide, "How Elastic Load Balancing works".
"""
DNS_NAME = re.compile(
    r"(dualstack\.)?(?P<host>(internal-)?(?P<name>.+)-\w+\.(?P<region>[a-z]+(-[a-z]+)+-\d)\.elb\.amazonaws\.com(\.cn)?)"
)
"""A balancer's DNS name begins with its name, and contains the Region (User Guide for Application Load Balancers)."""


def described_tags(aws: Aws, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the tags of resources of Elastic Load Balancing, by ARN; tags that the bulk read lacks are read here."""

    def read(missing: Sequence[str]) -> dict[str, dict[str, str]]:
        # DescribeTags takes twenty at once
        answers = [aws.client("elbv2").describe_tags(ResourceArns=some) for some in batches(missing, 20)]
        return {item["ResourceArn"]: tag_map(item["Tags"]) for one in answers for item in one["TagDescriptions"]}

    return aws.tags_of_all(arns, read)


def _settings(aws: Aws, arn: str) -> dict[str, str]:
    """Return a load balancer's attributes, which lists do not show."""
    return tag_map(aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])


def owner_of(aws: Aws, dns_name: str) -> str:
    """Return a phrase for the other stack whose load balancer has a DNS name; empty if none in this account has it."""
    if (parts := DNS_NAME.fullmatch(dns_name)) is None:
        return ""
    elb = aws.client("elbv2", parts["region"])
    with IgnoreNotFound():
        for balancer in elb.describe_load_balancers(Names=[parts["name"]])["LoadBalancers"]:
            if balancer.get("DNSName", "").lower() == parts["host"]:
                (shown,) = elb.describe_tags(ResourceArns=[balancer["LoadBalancerArn"]])["TagDescriptions"]
                return aws.other_owner(tag_map(shown["Tags"]))
    return ""


@dataclass(frozen=True)
class LoadBalancer(Resource):
    """An application load balancer; it logs its requests if `access_logs_bucket` names a bucket of its Region."""

    load_balancer_name: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    scheme: str = "internet-facing"
    drop_invalid_header_fields: bool = True
    idle_timeout: int = 60
    deletion_protection: bool = False
    access_logs_bucket: str | None = None

    type_name = "load_balancer"
    api = API
    takes = Takes(ready=(durations.LOAD_BALANCER_CREATE,), released=(durations.LOAD_BALANCER_RELEASE,))
    arn = "loadbalancer/app/{load_balancer_name}/*"
    permissions = (
        *TAGGED,
        *grants("elasticloadbalancing", "DescribeTags", use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("elasticloadbalancing", "DescribeLoadBalancerAttributes DescribeLoadBalancers"),
        *grants("elasticloadbalancing", "CreateLoadBalancer", OWN, conditions=ASKED),
        *grants("elasticloadbalancing", "ModifyLoadBalancerAttributes DeleteLoadBalancer", OWN),
        *grants("elasticloadbalancing", "SetSecurityGroups SetSubnets", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("load_balancer_name",)
    outputs = ("dns_name", "canonical_hosted_zone_id", "arn_suffix")
    create_only = frozenset({"load_balancer_name", "scheme"})
    protection = "deletion_protection"
    unordered = frozenset({"subnets", "security_groups"})
    update_when_ready = True
    create_timeout = 900
    poll_interval = 5

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield hourly("a load balancer", "alb.hour")
        yield by_load("load balancer capacity units", "alb.lcu", "lcu_hours")
        if settings.get("scheme") != "internal":
            yield public_addresses(len(settings.get("subnets") or ()))
            # to CloudFront an internal one sends for nothing (CloudFront pricing, origin fetches)
            yield by_load("data to the internet", "out.gb", "out_gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["load_balancer_name"] for fields in known}
        found = {b["LoadBalancerArn"]: b for b in aws.pages("elbv2", "describe_load_balancers", "LoadBalancers")}
        tags = described_tags(aws, list(found))
        for arn, balancer in found.items():
            if aws.owns(tags.get(arn, {})) or balancer["LoadBalancerName"] in names:
                yield cls._live(aws, balancer, _settings(aws, arn), tags.get(arn, {}))

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        for arn in ids:
            with IgnoreNotFound():
                (balancer,) = aws.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
                # while it is being created nothing is compared: AWS's defaults are enough, as in the create call's
                # answer
                made = balancer["State"]["Code"] != "provisioning"
                yield cls._live(aws, balancer, _settings(aws, arn) if made else {}, described_tags(aws, [arn])[arn])

    @staticmethod
    def _live(aws: Aws, balancer: Mapping[str, Any], settings: Mapping[str, str], tags: Mapping[str, str]) -> Observed:
        attributes = {
            "load_balancer_name": balancer["LoadBalancerName"],
            "subnets": sorted(zone["SubnetId"] for zone in balancer["AvailabilityZones"]),
            "security_groups": sorted(balancer.get("SecurityGroups", ())),
            "scheme": balancer.get("Scheme"),
            # a new balancer has AWS's defaults, and the create call does not return them
            "drop_invalid_header_fields": settings.get(ATTRIBUTES["drop_invalid_header_fields"]) == "true",
            "idle_timeout": int(settings.get(ATTRIBUTES["idle_timeout"], 60)),
            "deletion_protection": settings.get(ATTRIBUTES["deletion_protection"]) == "true",
            "access_logs_bucket": settings.get(f"{LOGS}.bucket") if settings.get(f"{LOGS}.enabled") == "true" else None,
        }
        # another owner's gateway load balancer of the same name has neither of the first two
        outputs = members.shown({"dns_name": "DNSName", "canonical_hosted_zone_id": "CanonicalHostedZoneId"}, balancer)
        outputs["arn_suffix"] = balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
        status = because(balancer["State"]["Code"], balancer["State"].get("Reason"))
        return observed(aws, balancer["LoadBalancerArn"], attributes, tags, outputs, status=status)

    def create(self, aws: Aws, token: str) -> Observed:
        balancer = aws.client("elbv2").create_load_balancer(
            Name=self.load_balancer_name,
            Type="application",
            IpAddressType="ipv4",
            Scheme=self.scheme,
            Subnets=self.subnets,
            SecurityGroups=self.security_groups,
            Tags=aws.tag_list(self.address),
        )["LoadBalancers"][0]
        return self._live(aws, balancer, {}, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        elb = aws.client("elbv2")
        if "subnets" in changes:
            elb.set_subnets(LoadBalancerArn=live.id, Subnets=self.subnets)
            if {*changes["subnets"].old} - {*self.subnets}:
                # wait before other resources change, above all routes: clients may still use the removed subnets'
                # addresses
                aws.pace.sleep(DNS_TTL)
        if "security_groups" in changes:
            elb.set_security_groups(LoadBalancerArn=live.id, SecurityGroups=self.security_groups)
        settings = {key: str(value).lower() for key, value in members.changed(ATTRIBUTES, changes).items()}
        if "access_logs_bucket" in changes:
            settings[f"{LOGS}.enabled"] = str(bool(self.access_logs_bucket)).lower()
            settings |= {f"{LOGS}.bucket": self.access_logs_bucket} if self.access_logs_bucket else {}
        if settings:
            elb.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=tag_pairs(settings))

    def widened(self, before: Mapping[str, Any], live: Observed) -> LoadBalancer:
        """Keep the former subnets: targets in a zone without one get no requests (TargetHealth, Target.NotInUse)."""
        wider = self.shifted(before, live)
        return replace(wider, subnets=kept(self.subnets, before.get("subnets"), live.attributes["subnets"]))

    def shifted(self, before: Mapping[str, Any], live: Observed) -> LoadBalancer:
        groups = kept(self.security_groups, before.get("security_groups"), live.attributes["security_groups"])
        return replace(self, security_groups=groups)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        elb = aws.client("elbv2")
        if cls.protected(live.attributes):
            lifted = tag_pairs({ATTRIBUTES["deletion_protection"]: "false"})
            elb.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=lifted)
        elb.delete_load_balancer(LoadBalancerArn=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        code = live.status.partition(":")[0]
        if code == "failed":
            raise Failed(f"load balancer {live.id} could not be created: {live.status}")
        return code if code == "provisioning" else None

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("elbv2").describe_load_balancers(LoadBalancerArns=[live.id])["LoadBalancers"]
        state = shown["State"]
        status_text = f"it is {state['Code']}{since(shown.get('CreatedTime'))}"
        return "; ".join(filter(None, [status_text, state.get("Reason", ""), cls.blockers(aws, live)]))

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "description", f"ELB {live.id.partition(':loadbalancer/')[2]}")
