"""What is read from AWS and checked before anything is declared: zones, AMI, public zone, who may come in."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.aws.errors import explained
from provisioner.config import group_rules
from provisioner.config.builds import UNKNOWN, check_builds, image_of
from provisioner.config.facts import Facts, Held
from provisioner.config.instances import Size
from provisioner.config.secrets import Secret
from provisioner.docker import engine
from provisioner.docker.context import located
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.scheduling.pools import pool
from provisioner.operations.prerequisites import (
    account_quotas,
    ami,
    image_copies,
    instance_sizes,
    references,
    secret_versions,
    vpc_subnets,
)
from provisioner.operations.prerequisites.zones import Zones, choose, endpoints_of, in_use, policed
from provisioner.resources.ecr.images import digest_of, registry_unreachable
from provisioner.resources.route53.zones import public_zones
from provisioner.steps.endpoints import service_name

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

EXAMPLE = re.compile(r"(^|\.)(example\.(com|net|org)|example|test|invalid|localhost)$")
"""Names that nobody can register (RFC 2606)."""
WITHOUT_PUBLIC_ZONES = "aws-us-gov"
"""The partition whose Route 53 has private hosted zones only (GovCloud guide, "Amazon Route 53"); China's has both."""
MY_IP = "https://checkip.amazonaws.com"

T = TypeVar("T")

STARTED_FOR_ANOTHER = (
    ". The embedded cloud was started for another domain: run `provision cloud stop`, which deletes everything in it, "
    "then `provision up`"
)


def gather(
    aws: Aws,
    config: Config,
    file: Path,
    records: Iterable[Record] = (),
    on_missing: Callable[[str], None] | None = None,
    command_line: Callable[..., str] = secret_versions.typed,
) -> Facts:
    """Read the facts, all at once; no call writes.

    Args:
        file: the configuration's, which build contexts are relative to.
        records: what the state says; without them, what AWS has counts.
        on_missing: is told what the configuration asks for and is not there, for those who only look; None: refuse it.
        command_line: how another command is called on the same stack.

    Raises:
        ConfigurationError: the configuration asks for what this account or region does not have.
        ApiError: a read was refused, or AWS could not be reached.
    """
    root = file.parent
    aws = aws.sharing_reads()
    with pool(aws.pace, 8) as threads:

        def begin(read: Callable[..., T], *arguments: Any) -> Callable[[], T]:
            return threads.submit(read, *arguments).result

        vpc = begin(vpc_subnets.read, aws, config)
        zones = begin(_zones, aws, config)
        image = begin(ami.chosen, aws, records, config.architecture) if config.on_instances else str
        public = begin(public_zone, aws, config)
        allow = begin(allowed, config)
        s3_prefix_list = begin(_s3_prefix_list, aws)
        with_policy = begin(policed, aws, endpoints_of(config))
        images = begin(build_obstacle, aws, config, root)
        copied = begin(image_copies.find, aws, config, file.name)
        keys = begin(references.keys, aws, config)
        acl = begin(references.check_web_acl, aws, config)
        topic = begin(references.check_topic, aws, config)
        groups = begin(references.check_security_groups, aws, config)
        boundary = begin(references.boundary, aws, config, records)
        sizes = begin(instance_sizes.check, aws, config)
        rules = begin(account_quotas.rules_of_group, aws, config)
        secrets = begin(secret_versions.checked, aws, config, command_line)
        try:
            _or(acl, on_missing, lambda: None)
            _or(topic, on_missing, lambda: None)
            _or(groups, on_missing, lambda: None)
            found = _or(keys, on_missing, dict[str, str | None])
            why, pushed = images()
            there = vpc()
            chosen = _or(zones, on_missing, lambda: in_use(aws, config))
            facts = Facts(
                account=aws.account,
                partition=aws.partition,
                region=aws.region,
                zones=there.zones if there else chosen.names,
                blocks=chosen.blocks,
                image_id=image(),
                public_zone_id=_or(public, on_missing, lambda: None),
                allow=_or(allow, on_missing, tuple[str, ...]),
                engine=not why,
                local=config.target == "local",
                root=root,
                no_engine=why,
                pushed=pushed,
                copies=_or(copied, on_missing, lambda: image_copies.left_out(aws, config)),
                s3_prefix_list=s3_prefix_list(),
                policed=with_policy(),
                instance_sizes=_or(sizes, on_missing, dict[str, Size]),
                group_rules=_or(rules, on_missing, lambda: group_rules.DEFAULT),
                kms_key=found.get("kms_key"),
                logs_key=found.get("logs.kms_key"),
                boundary=_or(boundary, on_missing, lambda: None),
                vpc=there,
                secrets=_or(secrets, on_missing, dict[Secret, Held]),
            )
        except ProvisionError:
            raise
        except Exception as error:
            raise explained(error) from error
    check_builds(config, facts, root)
    return facts


def _zones(aws: Aws, config: Config) -> Zones:
    """Choose the zones of the stack's own VPC; there are none to choose in one that was there before."""
    return choose(aws, config) if config.network.vpc is None else Zones((), ())


def _or(read: Callable[[], T], on_missing: Callable[[str], None] | None, instead: Callable[[], T]) -> T:
    """Return a fact, or what stands for it where what is configured is not there and somebody is to be told so."""
    try:
        return read()
    except ConfigurationError as error:
        if on_missing is None:
            raise
        on_missing(str(error))
        return instead()


def public_zone(aws: Aws, config: Config) -> str | None:
    """Return the id of the public zone that was there before, or None when it is the stack's to make.

    Without a public service there is no use for one, but one that the stack made stays.

    Raises:
        ConfigurationError: there is none and none is to be made, or there are several, or there can be none.
    """
    if not config.public_zone:
        return None
    domain = config.dns.domain
    if aws.partition == WITHOUT_PUBLIC_ZONES:
        raise ConfigurationError(
            f"{aws.region} is in AWS GovCloud (US), where Route 53 has no public hosted zones, so neither the public "
            f"name nor its certificate can be made: set region to one outside GovCloud"
        )
    foreign = public_zones(aws, domain, own=config.dns.create_zone)
    if len(foreign) > 1:
        raise ConfigurationError(
            f"dns.domain is {domain}, and this account has {len(foreign)} public hosted zones of that name "
            f"({', '.join(foreign)}): delete those that the registrar does not point to"
        )
    if foreign:
        return foreign[0]
    if config.target == "aws" and EXAMPLE.search(domain):
        raise ConfigurationError(
            f"dns.domain is {domain}, which is reserved for examples: use your own domain, and set "
            f"dns.create_zone = true if it has no public hosted zone yet"
        )
    if not config.dns.create_zone:
        raise ConfigurationError(
            f"dns.domain is {domain}, but this account has no public hosted zone of that name: "
            f"create it, or set dns.create_zone = true{STARTED_FOR_ANOTHER if config.target == 'local' else ''}"
        )
    return None


def _s3_prefix_list(aws: Aws) -> str:
    """Return the id of the list of S3's addresses, which security groups take in their place."""
    which = [{"Name": "prefix-list-name", "Values": [service_name(aws.partition, aws.region, "s3")]}]
    for found in aws.pages("ec2", "describe_prefix_lists", "PrefixLists", Filters=which):
        return str(found["PrefixListId"])
    raise ConfigurationError(
        f"{aws.region} has no prefix list of S3, without which private subnets cannot pull images: use another Region"
    )


def allowed(config: Config) -> tuple[str, ...]:
    """Return the CIDRs that may come in, `my-ip` replaced by the address that this machine shows to the world.

    Without a public service nobody may.

    Raises:
        ConfigurationError: that could not be asked.
    """
    if not config.public:
        return ()
    sources = (_my_ip(config) if entry == "my-ip" else entry for entry in config.network.allow)
    # an address that is listed may be this machine's, and AWS refuses to be told a rule twice
    return tuple(dict.fromkeys(sources))


def _my_ip(config: Config) -> str:
    if config.target == "local":
        return "127.0.0.1/32"
    try:
        with urllib.request.urlopen(MY_IP, timeout=10) as answer:
            return f"{IPv4Address(answer.read().decode().strip())}/32"
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f'network.allow has "my-ip", but {MY_IP} could not be queried ({error}): write your public address, '
            'such as "203.0.113.7/32"'
        ) from None


def build_obstacle(aws: Aws, config: Config, root: Path) -> tuple[str, frozenset[str]]:
    """Say why no image can be built here (empty if they can), and which are in ECR already, whether they can or not.

    An engine is asked only when there is something to build; ECR only when there is no engine to build it.
    """
    built = {name: workload for name, workload in config.images.items() if workload.build}
    if not any(located(root / str(one.build), one.dockerfile).is_file() for one in built.values()):
        return "there is nothing to build", frozenset()
    if not (why := no_engine(aws, local=config.target == "local")):
        return "", frozenset()
    wanted = {name: image_of(config, name, root) for name in built}
    known = [name for name, (_, tag) in wanted.items() if tag != UNKNOWN]
    digests = aws.each(lambda name: digest_of(aws, *wanted[name]), known)
    return why, frozenset(name for name, digest in zip(known, digests, strict=True) if digest)


def no_engine(aws: Aws, *, local: bool) -> str:
    """Say why no image can be built and pushed, or nothing if it can."""
    if not engine.named():
        return "no Docker engine responds"
    try:
        with closing(engine.connect()) as client:
            return registry_unreachable(aws, client) if local else ""
    except engine.EngineError as error:
        return str(error)
