"""Represent security groups as Docker networks: containers that may connect share one, and none leads outside."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from ecs_emulator.containers.engine import Engine

_creating = threading.Lock()


def network(engine: Engine, name: str, *, entry: bool = False) -> str:
    """Return the id of one of this cloud's networks; create it if it is missing.

    Args:
        name: a security group's id, or any other name.
        entry: whether ports can be published from it to this machine; otherwise it leads nowhere.
    """
    full = f"provision-{engine.owner}-{name}"
    with _creating:
        for found in engine.client.api.networks(names=[full]):
            if found["Name"] == full:
                return str(found["Id"])
        # Without masquerade there is no way out of an entry either, as in AWS's private subnets. Published ports need
        # an address of this machine on the bridge. Other networks get none: it would reach this machine's services.
        setting = "enable_ip_masquerade" if entry else "inhibit_ipv4"
        options = {f"com.docker.network.bridge.{setting}": "false" if entry else "true"}
        created = engine.client.api.create_network(
            full, driver="bridge", internal=not entry, labels=engine.labels, options=options
        )
        return str(created["Id"])


def groups_that_admit(ec2: Any, groups: Iterable[str]) -> Iterator[str]:
    """Yield the security groups, other than these, that let in traffic from one of these."""
    callers = set(groups)
    for by_id in ec2.groups.values():
        for group in by_id.values():
            sources = {rule.source_group.get("GroupId") for rule in group.ingress_rules}
            if group.id not in callers and sources & callers:
                yield group.id
