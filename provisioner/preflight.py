"""What is read from AWS and checked before anything is declared: zones, AMI, public zone, who may come in."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.builds import check_builds
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.refusal import explained
from provisioner.facts import Facts
from provisioner.kinds.ec2_network import Subnet
from provisioner.kinds.route53 import HostedZone
from steps.endpoints import INTERFACE_SERVICES, service_name

if TYPE_CHECKING:
    from provisioner.aws import Aws
    from provisioner.config import Config

AMI = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
MY_IP = "https://checkip.amazonaws.com"

DOCKER_SOCKET = Path("/var/run/docker.sock")
"""Where docker's SDK looks when `DOCKER_HOST` says nothing."""

T = TypeVar("T")


def gather(aws: Aws, config: Config, root: Path) -> Facts:
    """Read the facts, all at once; no call writes.

    Args:
        root: the folder that the build contexts are relative to.

    Raises:
        ConfigurationError: the configuration asks for what this account or region does not have.
        Refused: a read was refused, or AWS could not be reached.
    """
    with ThreadPoolExecutor(8) as pool:

        def begin(read: Callable[..., T], *arguments: Any) -> Callable[[], T]:
            return pool.submit(read, *arguments).result

        zones = begin(_zones, aws, config)
        image = begin(_image, aws)
        public_zone = begin(_public_zone, aws, config)
        allow = begin(_allow, config)
        engine = begin(_engine, config)
        try:
            facts = Facts(
                account=aws.account,
                partition=aws.partition,
                region=aws.region,
                zones=zones(),
                image_id=image(),
                public_zone_id=public_zone(),
                allow=allow(),
                engine=engine(),
                local=config.target == "local",
                root=root,
            )
        except ProvisionError:
            raise
        except Exception as error:
            raise explained(error) from error
    check_builds(config, facts, root)
    return facts


def _zones(aws: Aws, config: Config) -> tuple[str, ...]:
    """Choose the availability zones: those that the stack already uses, then those that offer all it needs.

    A zone lacks some instance types and some endpoint services, and AWS says so only when it is too late.
    """
    used = sorted({str(subnet.attributes["availability_zone"]) for subnet in aws.live(Subnet) if subnet.owned})
    wanted = config.network.zones
    if len(used) >= wanted:
        return tuple(used[:wanted])
    offering = [*used, *(zone for zone in _offering(aws, config.capacity.instance_types) if zone not in used)]
    if len(offering) < wanted:
        raise ConfigurationError(
            f"network.zones is {wanted}, but only {len(offering)} zones of {aws.region} offer "
            f"{' and '.join(config.capacity.instance_types)} and all VPC endpoints ({', '.join(offering) or 'none'}): "
            f"lower network.zones, or choose other capacity.instance_types"
        )
    return tuple(sorted(offering[:wanted]))


def _offering(aws: Aws, instance_types: Sequence[str]) -> list[str]:
    ec2 = aws.client("ec2")
    available = [
        {"Name": "state", "Values": ["available"]},
        {"Name": "zone-type", "Values": ["availability-zone"]},
    ]
    zones = {zone["ZoneName"] for zone in ec2.describe_availability_zones(Filters=available)["AvailabilityZones"]}
    types = [{"Name": "instance-type", "Values": list(instance_types)}]
    offers: dict[str, set[str]] = {name: set() for name in instance_types}
    for offer in aws.pages(
        "ec2",
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=types,
    ):
        offers[offer["InstanceType"]].add(offer["Location"])
    names = [service_name(aws.partition, aws.region, service) for service in INTERFACE_SERVICES]
    services = aws.pages("ec2", "describe_vpc_endpoint_services", "ServiceDetails", ServiceNames=names)
    endpoints = [set(service["AvailabilityZones"]) for service in services]
    return sorted(zones.intersection(*offers.values(), *endpoints))


def _image(aws: Aws) -> str:
    return str(aws.client("ssm").get_parameter(Name=AMI)["Parameter"]["Value"])


def _public_zone(aws: Aws, config: Config) -> str | None:
    """Return the id of the public zone that was there before, or None when it is the stack's to make."""
    domain = config.dns.domain
    foreign = [
        zone.id
        for zone in HostedZone.list(aws, [{"hosted_zone_name": domain}])
        if zone.attributes["hosted_zone_name"] == domain and not zone.attributes["vpc_id"] and not zone.owned
    ]
    if len(foreign) > 1:
        raise ConfigurationError(
            f"dns.domain is {domain}, and this account has {len(foreign)} public hosted zones of that name "
            f"({', '.join(foreign)}): remove those that the registrar does not point to"
        )
    if foreign:
        return foreign[0]
    if not config.dns.create_zone:
        raise ConfigurationError(
            f"dns.domain is {domain}, but this account has no public hosted zone of that name: "
            f"create it, or write dns.create_zone = true"
        )
    return None


def _allow(config: Config) -> tuple[str, ...]:
    """Return the CIDRs that may come in, `my-ip` replaced by the address that this machine shows to the world."""
    return tuple(_my_ip(config) if entry == "my-ip" else entry for entry in config.network.allow)


def _my_ip(config: Config) -> str:
    if config.target == "local":
        return "127.0.0.1/32"
    try:
        with urllib.request.urlopen(MY_IP, timeout=10) as answer:
            return f"{IPv4Address(answer.read().decode().strip())}/32"
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f'network.allow has "my-ip", but {MY_IP} did not tell it ({error}): write the address as a CIDR instead'
        ) from None


def _engine(config: Config) -> bool:
    """Say whether a Docker engine answers; asked only when there is something to build, and somebody to ask."""
    if not any(service.build for service in config.services.values()):
        return False
    # importing docker costs a third of a second
    if "DOCKER_HOST" not in os.environ and not DOCKER_SOCKET.exists():
        return False
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=5)
        client.ping()
        client.close()
    except (DockerException, OSError):
        return False
    return True
