"""Foreign twins of every resource type: others' resources of each, and records of a state that claims them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from provisioner.aws import tagging
from provisioner.config.models import Config
from provisioner.engine.declaration import ids, ready
from provisioner.engine.events import ResourceDone
from provisioner.engine.planning.removal import Removal
from provisioner.engine.resource import RESOURCE_TYPES, Observed
from provisioner.engine.traits import Leads
from provisioner.resources.ec2.network import InternetGateway
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.logs import LogGroup
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.stack_tags import StackTags
from provisioner.state.local import LocalStore
from provisioner.state.model import Phase, Record
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rig import CONFIG, FACTS, Declare, Outcome, Rig
from tests.cloud.samples import ALL
from tests.cloud.samples.network import closed, subnets
from tests.cloud.samples.sample import Here, Others, others
from tests.ways import Call

OWN = "/own"
"""The only thing that the stack has which a state turns against others."""
ELSEWHERE = "us-west-2"
"""A Region with zones a, c and d, as the samples want them."""
ANOTHER_ACCOUNT = "999999999999"


def own(stack: Stack) -> None:
    """Declare the one thing of the stack's own."""
    stack.ensure(LogGroup("own", OWN, 7))


def samples(others: Others) -> Declare:
    """Declare a sample of every resource type with its needs, and in the account's zone an alias of a balancer."""

    def declare(stack: Stack) -> None:
        here = Here(stack, others, ALL, {})
        for resource_type in ALL:
            _ = here[resource_type]
        groups = [closed(here, "balancer").id]
        after = [ready(here[InternetGateway])]
        balancer = stack.ensure(LoadBalancer("named", stack.name, ids(subnets(here)), groups), after=after)
        target = {
            "HostedZoneId": balancer.canonical_hosted_zone_id,
            "DNSName": balancer.dns_name,
            "EvaluateTargetHealth": False,
        }
        stack.ensure(RecordSet("alias", others.zone, "shop.example.com", "A", alias_target=target))

    return declare


@dataclass(frozen=True)
class Twins:
    """Resources of somebody else: at least one of every resource type.

    Attributes:
        cloud: the embedded cloud, in their Region.
        records: their records in the owner's state, by address.
        declare: declares the same.
    """

    cloud: EmbeddedCloud
    records: Mapping[str, Record]
    declare: Declare

    def of_another_account(self) -> Twins:
        """Return the same in another account: only records that show the account, changed to the other one."""
        here, there = FACTS.account, ANOTHER_ACCOUNT
        said = {a: json.dumps(asdict(record)) for a, record in self.records.items()}
        moved = {a: Record.from_dict(json.loads(text.replace(here, there))) for a, text in said.items()}
        return replace(self, records={a: moved[a] for a in moved if moved[a].id != self.records[a].id})


def settle(cloud: EmbeddedCloud, directory: Path, *, project: str = "theirs", region: str = FACTS.region) -> Twins:
    """Bring up a sample of everything as another stack: of another project, or this one's namesake elsewhere."""
    there = cloud.elsewhere(region)
    config = Config.model_validate({**CONFIG.model_dump(exclude_unset=True), "project": project, "region": region})
    zones = tuple(zone.replace(FACTS.region, region) for zone in FACTS.zones)
    rig = Rig(there, directory, config, replace(FACTS, region=region, zones=zones), stand_ins=True)
    declare = samples(others(there))
    rig.up(declare).ok()
    return Twins(there, rig.state().records, declare)


# -- without tags ------------------------------------------------------------------------------------------------------

_OWNER = ["Project", "Environment", "ManagedBy", "provisioner:address", "provisioner:region"]
_PAIRS = [{"Key": key} for key in _OWNER]
Client = Callable[[str], Any]


def _untag_iam(client: Client, arn: str) -> None:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        client("iam").untag_instance_profile(InstanceProfileName=name, TagKeys=_OWNER)
    else:
        client("iam").untag_role(RoleName=name, TagKeys=_OWNER)


_UNTAG: Mapping[str, Callable[[Client, str], object]] = {
    "acm": lambda client, arn: client("acm").remove_tags_from_certificate(CertificateArn=arn, Tags=_PAIRS),
    "autoscaling": lambda client, name: client("autoscaling").delete_tags(
        Tags=[{"ResourceType": "auto-scaling-group", "ResourceId": name, "Key": key} for key in _OWNER]
    ),
    "cloudfront": lambda client, arn: client("cloudfront").untag_resource(Resource=arn, TagKeys={"Items": _OWNER}),
    "cloudwatch": lambda client, arn: client("cloudwatch").untag_resource(ResourceARN=arn, TagKeys=_OWNER),
    "ec2": lambda client, name: client("ec2").delete_tags(Resources=[name], Tags=_PAIRS),
    "ecr": lambda client, arn: client("ecr").untag_resource(resourceArn=arn, tagKeys=_OWNER),
    "ecs": lambda client, arn: client("ecs").untag_resource(resourceArn=arn, tagKeys=_OWNER),
    "efs": lambda client, name: client("efs").untag_resource(ResourceId=name, TagKeys=_OWNER),
    "elasticache": lambda client, arn: client("elasticache").remove_tags_from_resource(
        ResourceName=arn, TagKeys=_OWNER
    ),
    "elbv2": lambda client, arn: client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=_OWNER),
    "events": lambda client, arn: client("events").untag_resource(ResourceARN=arn, TagKeys=_OWNER),
    "iam": _untag_iam,
    "logs": lambda client, arn: client("logs").untag_resource(resourceArn=arn, tagKeys=_OWNER),
    "rds": lambda client, arn: client("rds").remove_tags_from_resource(ResourceName=arn, TagKeys=_OWNER),
    "route53": lambda client, name: client("route53").change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=name, RemoveTagKeys=_OWNER
    ),
    "s3": lambda client, name: client("s3").delete_bucket_tagging(Bucket=name),
    "scheduler": lambda client, arn: client("scheduler").untag_resource(ResourceArn=arn, TagKeys=_OWNER),
    "servicediscovery": lambda client, arn: client("servicediscovery").untag_resource(ResourceARN=arn, TagKeys=_OWNER),
    "stepfunctions": lambda client, arn: client("stepfunctions").untag_resource(resourceArn=arn, tagKeys=_OWNER),
    "sns": lambda client, arn: client("sns").untag_resource(ResourceArn=arn, TagKeys=_OWNER),
    "sqs": lambda client, url: client("sqs").untag_queue(QueueUrl=url, TagKeys=_OWNER),
    "ssm": lambda client, name: client("ssm").remove_tags_from_resource(
        ResourceType="Parameter", ResourceId=name, TagKeys=_OWNER
    ),
}
"""Functions that take tags off, by API; each gets the name or ARN that the API's tag calls take."""


def untag(twins: Twins, rig: Rig) -> Twins:
    """Take the owner tags off everything that carries any, so that nobody can be told to have it."""
    aws = rig.aws()
    for record in twins.records.values():
        resource_type = RESOURCE_TYPES[record.type]
        if record.id and tagging.taggable(resource_type):
            named = tagging.named(aws, resource_type, Observed(record.id, {}, record.outputs))
            _UNTAG[resource_type.service](twins.cloud.client, named)
    return twins


# -- a state that claims them ------------------------------------------------------------------------------------------


@dataclass
class Claims:
    """A stack with one resource of its own, whose state claims others' resources."""

    rig: Rig
    twins: Twins

    def run(self, command: str, records: Iterable[Record], declare: Declare | None = None) -> Outcome:
        """Let the state claim these records besides, and run `up` or `down`; if nothing is said, all is to go."""
        claimed = {record.address: record for record in records}
        self.rig.up(own).ok()
        with LocalStore(self.rig.directory, self.rig.config.name, "test", "0") as store:
            for record in claimed.values():
                store.put(record)
        wanted = declare or _all_gone(claimed)
        outcome = self.rig.down(unprotect=True) if command == "down" else self.rig.up(wanted)
        with LocalStore(self.rig.directory, self.rig.config.name, "test", "0") as store:
            for address in claimed.keys() & store.records.keys():
                store.drop(address)
        return outcome


def _all_gone(claimed: Mapping[str, Record]) -> Declare:
    """Declare the stack's own resource alone, and let all else go with its data."""

    def declare(stack: Stack) -> None:
        own(stack)
        stack.removal = Removal(frozenset(claimed), unprotect=True)

    return declare


def claims(twins: Twins, where: str, phase: Phase = "ready") -> list[Record]:
    """Return records of a state that claims them, under their own addresses or under `foreign` ones.

    None of them depends on another: one refusal must not keep the others from being tried.
    """
    return [
        replace(record, address=_address(record, where), phase=phase, dependencies=[])
        for record in twins.records.values()
    ]


def _address(record: Record, where: str) -> str:
    kind, _, name = record.address.partition("/")
    return f"{kind}/theirs-{name}" if where == "foreign" else record.address


def trespasses(outcome: Outcome) -> list[str]:
    """Return the writes of a run on anything but the stack's own resource, each with its parameters."""
    writes = [call for call in outcome.calls if not call.read]
    return [f"{call.operation} {json.dumps(call.parameters, default=str)}" for call in writes if not _own(call)]


def passed_over(outcome: Outcome, records: Iterable[Record]) -> list[str]:
    """Return the addresses that a run was to delete and did not reach: it shows nothing about these."""
    done = {event.address for event in outcome.events if isinstance(event, ResourceDone)}
    return sorted({record.address for record in records} - done - outcome.failures().keys())


def said_deleted(outcome: Outcome) -> list[str]:
    """Return the addresses of the resources that a run reports as deleted; the tags of all are no resource of AWS."""
    deleted = (e.address for e in outcome.events if isinstance(e, ResourceDone) and e.result == "deleted")
    return [address for address in deleted if not address.startswith(f"{StackTags.type_name}/")]


def _own(call: Call) -> bool:
    return OWN in (call.parameters.get("logGroupName"), str(call.parameters.get("resourceArn")).rpartition(":")[2])


def parts(records: Iterable[Record]) -> list[list[Record]]:
    """Divide records by the order in which `up` removes them: resources that lead traffic first, then all else.

    It stops where the first part fails.
    """
    several = list(records)
    leads = [record for record in several if issubclass(RESOURCE_TYPES[record.type], Leads)]
    return [leads, [record for record in several if record not in leads]]
