"""Find the rule that the database of somebody else lacks, without which the stack's tasks do not reach it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from provisioner.engine.words import listed, names
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.steps.security_groups import CLIENTS

if TYPE_CHECKING:
    from provisioner.config.facts import ExistingDatabase, ExistingVpc
    from provisioner.config.models import Config
    from provisioner.state.model import Record

OF_GROUP = f"{SecurityGroup.type_name}/"
"""The beginning of the addresses of the stack's security groups."""


def missing(
    config: Config, found: ExistingDatabase | None, vpc: ExistingVpc | None, records: Mapping[str, Record]
) -> Iterator[str]:
    """Yield one sentence with the rule to add, if a service or job with `database = true` is not let in.

    With `database.security_group` there is none: the stack makes the rule itself.
    """
    used = config.used_database
    if used is None or found is None or used.security_group:
        return
    ids = {address: record.id for address, record in records.items() if address.startswith(OF_GROUP)}
    group = ids.get(f"{OF_GROUP}{CLIENTS}")
    blocks = vpc.of_tasks if vpc else ()
    shut = [
        f"{'job' if name in config.jobs else 'service'} {name}"
        for name, workload in config.workloads.items()
        if workload.database
        and not _let_in(found.lets_in, {group, ids.get(f"{OF_GROUP}{name}"), *workload.security_groups}, blocks)
    ]
    if not shut:
        return
    yield (
        f"database.{used.named_by} is {used.identifier}, and no rule of its security groups "
        f"({names(found.security_groups)}) lets {listed(shut)} in{_unless(found)}: {_fix(config, found, group)}"
    )


def _unless(found: ExistingDatabase) -> str:
    lists = [one for one in found.lets_in if one.startswith("pl-")]
    return f", unless {names(lists)} has the addresses of their subnets" if lists else ""


def _fix(config: Config, found: ExistingDatabase, group: str | None) -> str:
    if found.stack:
        # its `up` removes every rule that it does not declare
        return (
            f"the stack of {found.stack} owns them, so name the security group of one of its services, which its "
            "database lets in, as security_groups of these"
        )
    source = f"{config.name}-{CLIENTS} ({group})" if group else f"{config.name}-{CLIENTS}, which `up` creates"
    return (
        f"ask its owner for an incoming rule by TCP {found.port} from the security group {source}; or name one of the "
        "groups as database.security_group, and the stack makes the rule there"
    )


def _let_in(peers: Iterable[str], groups: set[str | None], blocks: Iterable[str]) -> bool:
    """Return whether one of these groups, or all of these blocks of addresses, are let in."""
    there = list(peers)
    if groups & {*there}:
        return True
    ranges = [IPv4Network(one) for one in there if "/" in one and ":" not in one]
    tasks = [IPv4Network(one) for one in blocks if ":" not in one]
    return bool(tasks) and all(any(one.subnet_of(other) for other in ranges) for one in tasks)
