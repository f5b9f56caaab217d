"""Read and check the facts that the declaration needs: zones, AMI, public zone, allowed clients, images, secrets."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.aws.errors import explained
from provisioner.config.builds import check_builds
from provisioner.config.facts import Facts
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.scheduling.pools import pool
from provisioner.operations.network import existing_certificates, existing_listener, existing_vpc
from provisioner.operations.network.public_zone import certified_names, other_zones, public_zone, taken_names
from provisioner.operations.network.zones import (
    Zones,
    choose,
    endpoints_of,
    in_use,
    policed,
    read_cloudfront_prefix_list,
    read_s3_prefix_list,
)
from provisioner.operations.prerequisites import (
    account_quotas,
    ami,
    image_copies,
    instance_sizes,
    references,
    secret_versions,
)
from provisioner.operations.prerequisites.image_builds import build_obstacle

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

MY_IP = "https://checkip.amazonaws.com"

T = TypeVar("T")


def gather(
    aws: Aws,
    config: Config,
    file: Path,
    records: Iterable[Record] = (),
    on_missing: Callable[[str], None] | None = None,
    command_line: Callable[..., str] = secret_versions.typed,
    on_missing_secret: Callable[[str], None] | None = None,
) -> Facts:
    """Read all facts in parallel; no call writes.

    Args:
        file: the configuration's file, which build contexts are relative to.
        records: the state's records; without them the live resources count.
        on_missing: takes a message on each configured thing that does not exist, for commands that only read; None:
            such a thing is an error.
        command_line: returns the command line of another command on the same stack.
        on_missing_secret: takes a message on each secret that does not exist, for `plan`; None: as `on_missing`.

    Raises:
        ConfigurationError: this account or Region does not have a thing that the configuration names.
        ApiError: a read was refused, or AWS could not be reached.
    """
    root, records = file.parent, list(records)
    aws = aws.sharing_reads()
    with pool(aws.pace, 8) as threads:

        def begin(read: Callable[..., T], *arguments: Any) -> Callable[[], T]:
            return threads.submit(read, *arguments).result

        vpc = begin(existing_vpc.read, aws, config, records)
        listener = begin(existing_listener.read, aws, config, records)
        database = begin(references.database, aws, config, records)
        zones = begin(_zones, aws, config)
        image = begin(ami.chosen, aws, records, config.architecture) if config.on_instances else str
        public = begin(public_zone, aws, config)
        others_of = begin(other_zones, aws, config)
        allow = begin(allowed, config)
        s3_prefix_list = begin(read_s3_prefix_list, aws, config)
        cloudfront_list = begin(read_cloudfront_prefix_list, aws, config)
        with_policy = begin(policed, aws, endpoints_of(config))
        images = begin(build_obstacle, aws, config, root)
        copied = begin(image_copies.find, aws, config, file.name)
        keys = begin(references.keys, aws, config)
        snapshot = begin(references.snapshot, aws, config, records)
        redis_snapshot = begin(references.redis_snapshot, aws, config, records)
        acl = begin(references.check_web_acl, aws, config)
        tls = begin(references.check_tls_policy, aws, config)
        shown = begin(existing_certificates.check, aws, config, records)
        topic = begin(references.check_topic, aws, config)
        groups = begin(references.check_security_groups, aws, config)
        boundary = begin(references.boundary, aws, config, records)
        sizes = begin(instance_sizes.check, aws, config)
        rules = begin(account_quotas.rules_of_group, aws, config)
        certified = begin(certified_names, aws, config, records)
        others = begin(references.check_other_stacks, aws, config, records)
        secrets = begin(secret_versions.checked, aws, config, command_line, on_missing_secret or on_missing)
        try:
            for check in (others, acl, tls):
                _or(check, on_missing, lambda: None)
            certificates = _or(shown, on_missing, list[Mapping[str, Any]])
            _or(topic, on_missing, lambda: None)
            _or(groups, on_missing, lambda: None)
            found = _or(keys, on_missing, dict[str, str | None])
            why, pushed = images()
            there, entrance = vpc(), listener()
            if entrance and there:
                _or(
                    lambda: existing_listener.check_way(aws, config, entrance, there, records), on_missing, lambda: None
                )
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
                cloudfront_prefix_list=cloudfront_list(),
                policed=with_policy(),
                instance_sizes=_or(sizes, on_missing, dict),
                group_rules=_or(rules, on_missing, lambda: Facts.group_rules),
                snapshot=_or(snapshot, on_missing, lambda: None),
                redis_snapshot=_or(redis_snapshot, on_missing, lambda: None),
                kms_key=found.get("kms_key"),
                logs_key=found.get("logs.kms_key"),
                boundary=_or(boundary, on_missing, lambda: None),
                vpc=there,
                listener=entrance,
                database=_or(database, on_missing, lambda: references.assumed_database(config)),
                secrets=secrets(),
                certified=certified(),
                name_zones=_or(others_of, on_missing, dict),
                priorities=existing_listener.recorded_priorities(records),
                taken=taken_names(aws, records),
                ending=tuple(existing_certificates.notices(certificates, aws.pace.time())),
            )
        except ProvisionError:
            raise
        except Exception as error:
            raise explained(error) from error
    check_builds(config, facts, root)
    return facts


def _zones(aws: Aws, config: Config) -> Zones:
    """Choose the zones of the stack's own VPC; return none for an existing VPC."""
    return choose(aws, config) if config.network.vpc is None else Zones((), ())


def _or(read: Callable[[], T], on_missing: Callable[[str], None] | None, instead: Callable[[], T]) -> T:
    """Return a fact, or its stand-in if a configured thing is missing and the caller only wants to be told."""
    try:
        return read()
    except ConfigurationError as error:
        if on_missing is None:
            raise
        on_missing(str(error))
        return instead()


def allowed(config: Config) -> tuple[str, ...]:
    """Return the CIDRs that may connect, with `my-ip` replaced by this machine's public address.

    Without a public service, with CloudFront, which has its own list, and at a listener of others it is empty.

    Raises:
        ConfigurationError: the public address could not be found out.
    """
    if not config.public or config.distributed or config.listener:
        return ()
    sources = (_my_ip(config) if entry == "my-ip" else entry for entry in config.network.allow)
    # a listed address may also be this machine's, and AWS refuses duplicate rules
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
