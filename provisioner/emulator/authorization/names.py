"""What IAM, Route 53, Cloud Map and ACM ask for at their calls (Service Authorization Reference)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from moto.iam.models import iam_backends
from moto.servicediscovery.models import servicediscovery_backends

from provisioner.emulator.authorization.asked import Asked, requested
from provisioner.emulator.authorization.ec2 import ec2_service, passed
from provisioner.emulator.authorization.policy import Check

# -- IAM ---------------------------------------------------------------------------------------------------------------


def iam(asked: Asked) -> Iterator[Check]:
    """Yield what IAM asks for at one call."""
    operation, brought = asked.operation, asked.tags()
    role, profile = asked.text("RoleName"), asked.text("InstanceProfileName")
    if operation == "CreateServiceLinkedRole":
        service = asked.text("AWSServiceName")
        path = f"role/aws-service-role/{service}/AWSServiceRoleFor*"
        yield asked.check(asked.arn(path), {"iam:AWSServiceName": (service,)})
    elif operation == "CreateRole":
        yield from _iam_created(asked, f"role{asked.text('Path') or '/'}{role}", "iam:TagRole")
    elif operation == "CreateInstanceProfile":
        whole = f"instance-profile{asked.text('Path') or '/'}{profile}"
        yield from _iam_created(asked, whole, "iam:TagInstanceProfile")
    elif operation == "SimulatePrincipalPolicy":
        yield asked.check(asked.text("PolicySourceArn"))
    elif profile:
        yield asked.existing(_profile(asked, profile), requested(brought))
        if operation == "AddRoleToInstanceProfile":
            yield passed(asked, _role(asked, role), ec2_service(asked))
    elif role:
        attached = {"iam:PolicyARN": (asked.text("PolicyArn"),)} if asked.text("PolicyArn") else {}
        yield asked.existing(_role(asked, role), {**requested(brought), **attached})
    else:
        yield asked.check()


def _iam_created(asked: Asked, resource: str, tagging: str) -> Iterator[Check]:
    yield asked.check(asked.arn(resource), requested(asked.tags()))
    if asked.tags():
        # IAM user guide, "Tags for IAM resources": who creates with tags has to be allowed to tag
        yield asked.check(asked.arn(resource), requested(asked.tags()), tagging)


def _role(asked: Asked, name: str) -> str:
    known = (role.arn for role in iam_backends[asked.account]["aws"].roles.values() if role.name == name)
    return next(known, asked.arn(f"role/{name}"))


def _profile(asked: Asked, name: str) -> str:
    profiles = iam_backends[asked.account]["aws"].instance_profiles.values()
    return next((it.arn for it in profiles if it.name == name), asked.arn(f"instance-profile/{name}"))


# -- Route 53 ----------------------------------------------------------------------------------------------------------


def route53(asked: Asked) -> Iterator[Check]:
    """Yield what Route 53 asks for at one call."""
    text = asked.raw.decode("utf-8", "replace")
    if asked.operation in ("CreateHostedZone", "ListHostedZonesByVPC"):
        yield asked.check()
        if asked.operation == "ListHostedZonesByVPC" or "<VPC>" in text:
            yield asked.check(action="ec2:DescribeVpcs")
        return
    zones = [found[1]] if (found := re.search(r"hostedzone/([A-Z0-9]+)", asked.path)) else []
    zones += re.findall(r"<ResourceId>([^<]+)</ResourceId>", text)
    more = {}
    if asked.operation == "ChangeResourceRecordSets":
        names = {_normalized(name) for name in re.findall(r"<Name>([^<]+)</Name>", text)}
        more["route53:ChangeResourceRecordSetsNormalizedRecordNames"] = tuple(sorted(names))
    for zone in zones:
        yield asked.check(asked.arn(f"hostedzone/{zone}"), more)
    if not zones:
        change = re.search(r"/change/(\w+)", asked.path)
        yield asked.check(asked.arn(f"change/{change[1]}") if change else "*")


def _normalized(name: str) -> str:
    """A record's name as the key has it: small letters, no dot at the end (Route 53 developer guide)."""
    return name.lower().rstrip(".").replace("*", "\\052")


# -- Cloud Map ---------------------------------------------------------------------------------------------------------


_CLOUD_MAP: Mapping[str, tuple[str, str, bool]] = {
    "DeleteNamespace": ("namespace", "Id", False),
    "GetNamespace": ("namespace", "Id", False),
    "UpdatePrivateDnsNamespace": ("namespace", "Id", True),
    "DeleteService": ("service", "Id", False),
    "GetService": ("service", "Id", False),
    "UpdateService": ("service", "Id", True),
    "DeregisterInstance": ("service", "ServiceId", True),
    "ListInstances": ("service", "ServiceId", False),
    "RegisterInstance": ("service", "ServiceId", True),
}
"""What an operation is about, the parameter that names it, and whether Route 53's records change with it."""


def cloud_map(asked: Asked) -> Iterator[Check]:
    """Yield what Cloud Map asks for at one call, also of other services (developer guide, API permissions)."""
    operation, brought = asked.operation, requested(asked.tags())
    if operation == "CreateService":
        namespace = asked.text("NamespaceId").rpartition("/")[2]
        for resource in (f"namespace/{namespace}", "service/*"):
            yield asked.check(asked.arn(resource), brought)
    elif operation in _CLOUD_MAP:
        sort, parameter, records = _CLOUD_MAP[operation]
        name = asked.text(parameter)
        yield asked.existing(asked.arn(f"{sort}/{name}"))
        zone = asked.arn(f"hostedzone/{_zone(asked, name)}", "route53")
        if operation == "DeleteNamespace":
            yield asked.check(zone, action="route53:DeleteHostedZone")
        if records:
            yield asked.check(zone, action="route53:ChangeResourceRecordSets")
    else:
        yield asked.check(more=brought)
    if operation == "CreatePrivateDnsNamespace":
        others = ("route53:CreateHostedZone", "route53:ListHostedZonesByName", "ec2:DescribeVpcs")
        for action in (*others, "ec2:DescribeRegions"):
            yield asked.check(action=action)
        yield asked.check(asked.arn("hostedzone/*", "route53"), action="route53:GetHostedZone")


def _zone(asked: Asked, namespace: str) -> str:
    known = servicediscovery_backends[asked.account][asked.region].namespaces.get(namespace)
    properties = known.dns_properties if known else {}
    return str((properties or {}).get("HostedZoneId", "*"))


# -- Certificate Manager -----------------------------------------------------------------------------------------------


def certificates(asked: Asked) -> Iterator[Check]:
    """Yield what Certificate Manager asks for at one call."""
    brought = requested(asked.tags("Tags"))
    arn = asked.text("CertificateArn")
    yield asked.existing(arn, brought) if arn else asked.check(more=brought)
