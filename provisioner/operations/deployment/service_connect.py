"""Check that `deploy` and `rollback` change no service's Service Connect: that needs the order of an `up`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Declared
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.ecs.service import Service
from provisioner.state.model import Record


def check_unchanged(records: Mapping[str, Record], declared: Mapping[str, Declared]) -> None:
    """Refuse to deploy services that the next `up` adds to Service Connect or removes from it.

    Raises:
        ConfigurationError: there is such a service. The message names the first.
    """
    for address, item in declared.items():
        record = records.get(address)
        if record is None or not isinstance(item.resource, Service):
            continue
        if _roles(record.arguments.get("service_connect")) != _roles(item.resource.service_connect):
            raise ConfigurationError(
                f"{item.resource.name} is to be called, or to call, another way than so far (network.connect, calls): "
                f"run `provision up` first, which rolls those services out one after the other"
            )


def lacks_port(record: Record | None, shown: Mapping[str, Any]) -> bool:
    """Return whether a revision lacks the name of the port by which proxies of Service Connect find the service.

    Args:
        record: the service's record.
        shown: the revision, as DescribeTaskDefinition shows it.
    """
    connect = record.arguments.get("service_connect") if record else None
    wanted = {one["portName"] for one in connect["services"]} if connect else set()
    mappings = (one for c in shown.get("containerDefinitions", ()) for one in c.get("portMappings", ()))
    return not wanted <= {one.get("name") for one in mappings}


def _roles(connect: Mapping[str, Any] | None) -> tuple[bool, bool]:
    """Return whether the tasks of a service have proxies, and whether the proxies of other services know it."""
    return bool(connect), bool(connect and connect["services"])
