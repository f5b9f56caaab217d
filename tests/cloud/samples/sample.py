"""The sample of a type: a function that declares a resource with all that it needs, and changes of each setting."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from provisioner.engine.declaration import Handle
from provisioner.engine.resource import Resource
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import kms_key, web_acl

NAME = "sample"
"""The name of the tested resource, and of nothing else: the rest of its address is its resource type."""
Values = Mapping[str, Mapping[str, Any]]
"""By address, the fields that are declared otherwise than the sample says."""


@dataclass(frozen=True)
class Others:
    """The resources that somebody else has in the account beforehand.

    Attributes:
        zone: the id of the zone of example.com, which the world finds.
        key: the ARN of a KMS key.
        web_acls: the ARNs of two web ACLs.
        certificate: the ARN of a certificate that is issued.
    """

    zone: str
    key: str
    web_acls: Sequence[str]
    certificate: str


def others(cloud: EmbeddedCloud) -> Others:
    """Make the resources of somebody else."""
    (zone,) = cloud.client("route53").list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
    acls = web_acl(cloud, "one"), web_acl(cloud, "two")
    return Others(zone["Id"].removeprefix("/hostedzone/"), kms_key(cloud), acls, _certificate(cloud, zone["Id"]))


def _certificate(cloud: EmbeddedCloud, zone: str) -> str:
    acm = cloud.client("acm")
    arn = str(acm.request_certificate(DomainName="theirs.example.com", ValidationMethod="DNS")["CertificateArn"])

    def shown() -> Any:
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    cloud.wait(lambda: shown().get("DomainValidationOptions", [{}])[0].get("ResourceRecord"), "the record to make")
    asked = shown()["DomainValidationOptions"][0]["ResourceRecord"]
    record = {"Name": asked["Name"], "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": asked["Value"]}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)
    cloud.wait(lambda: shown()["Status"] == "ISSUED", "their certificate")
    return arn


@dataclass
class Here:
    """The place for samples to declare resources: each once, however many need it."""

    stack: Stack
    others: Others
    samples: Mapping[type[Resource], Sample]
    values: Values
    _handles: dict[type[Resource], Handle] = field(default_factory=dict)

    def __getitem__(self, resource_type: type[Resource]) -> Handle:
        """The sample of another resource type, which is declared if it is not yet."""
        if resource_type not in self._handles:
            self._handles[resource_type] = self.samples[resource_type].declare(self)
        return self._handles[resource_type]

    def ensure(self, desired: Resource, *, after: Iterable[Handle] = ()) -> Handle:
        """Declare a resource, unless it is declared already, with the values that are to be tried now."""
        if desired.address in self.stack.declared:
            return Handle(desired.address, type(desired))
        values = self.values.get(desired.address, {})
        tried = cast("Resource", dataclasses.replace(cast("Any", desired), **values)) if values else desired
        return self.stack.ensure(tried, after=after)


@dataclass(frozen=True)
class ByHand:
    """The means to change a sample past the stack: plain clients, and the ids of the stack's resources."""

    cloud: EmbeddedCloud
    records: Mapping[str, Record]
    others: Others
    address: str

    def __call__(self, service: str) -> Any:
        """A plain boto3 client."""
        return self.cloud.client(service)

    @property
    def id(self) -> str:
        """The sample's own id."""
        return str(self.records[self.address].id)

    @property
    def outputs(self) -> Mapping[str, Any]:
        """AWS's outputs of the sample."""
        return self.records[self.address].outputs

    def __getitem__(self, what: str | type[Resource]) -> str:
        """The id of another sample, by its resource type, or of any other resource, by its address."""
        return str(self.records[what if isinstance(what, str) else f"{what.type_name}/{NAME}"].id)


Drift = Callable[[ByHand], object]


@dataclass(frozen=True)
class Sample:
    """The facts on a resource type that the contract needs and its class does not tell.

    Attributes:
        declare: declares a resource of the type, by the name `NAME` unless its name matters, with what it needs, and
            returns its handle.
        drift: by field, how somebody changes it past the stack, in plain boto3. Where AWS changes several together
            their names stand together, divided by blanks. `other:field` is of a second resource of the type, called
            other.
        other: by field, another value to declare: for what nobody can change past the stack (it is then changed by
            declaring it), and for what AWS cannot change at all, where no text will do that is simply another one.
        untried: fields that cannot be made to differ here, and why.
        problems: what can be wrong with it besides its fields (`Observed.problems`): `drift` and `untried` name these
            too.
    """

    declare: Callable[[Here], Handle]
    drift: Mapping[str, Drift] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


def settings(resource_type: type[Resource]) -> list[str]:
    """The names of a resource type's fields, in their order."""
    return [one.name for one in dataclasses.fields(cast("Any", resource_type)) if one.name != "name"]


def changeable(resource_type: type[Resource]) -> list[str]:
    """The fields that AWS changes in place."""
    if resource_type.created_by_aws:
        return []
    return [
        name for name in settings(resource_type) if name not in resource_type.create_only | resource_type.ignore_changes
    ]


def mistakes(resource_type: type[Resource], sample: Sample | None) -> list[str]:
    """Return the mistakes in a sample, or its absence, each with the remedy."""
    if sample is None:
        return [
            (
                f"{resource_type.type_name} has no sample: "
                f"add `{resource_type.__name__}: Sample(...)` to one of the tables in tests/cloud/samples"
            )
        ]
    drifts = {name for names in sample.drift for name in names.rpartition(":")[2].split()}
    said = drifts | sample.other.keys() | sample.untried.keys()
    found = [
        f"{name} is no field of {resource_type.type_name}: take it out of its sample"
        for name in said - {*settings(resource_type), *sample.problems}
    ]
    found += [
        f"{name} of {resource_type.type_name} can change, and its sample does not say how: add it to `drift` or `other`"
        for name in (*changeable(resource_type), *sample.problems)
        if name not in said
    ]
    found += [
        f"{name} of {resource_type.type_name} cannot change by a drift: it is fixed, or matters at creation only"
        for name in drifts & (resource_type.create_only | resource_type.ignore_changes)
    ]
    return sorted(found)


def another(value: Any) -> Any:
    """A value that is not this one, of the same sort."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, Mapping):
        return {**value, "other": 1}
    if isinstance(value, (list, tuple)):
        return [*value, "other"]
    return f"{value or ''}other"
