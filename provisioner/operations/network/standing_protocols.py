"""Refuse another protocol of a standing service, which AWS changes neither in a target group nor in Service Connect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.config import protocols
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.elbv2.target_groups import TargetGroup

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

OTHER_NAME = (
    "Give the service another name: `up` makes it beside the first one, which goes once the requests have moved "
    '(docs/workloads.md, "Another protocol")'
)
PASSED_ON = "tcp"
"""The protocol of an endpoint without `appProtocol` (ECS API, PortMapping)."""


def check(config: Config, records: Iterable[Record]) -> None:
    """Compare the protocols of public and of called services with the recorded ones.

    Raises:
        ConfigurationError: a service would need another target group, or another endpoint.
    """
    kept = [record for record in records if record.id]
    if why := next(_reasons(config, kept), ""):
        raise ConfigurationError(f"{why}. {OTHER_NAME}")


def _reasons(config: Config, records: Iterable[Record]) -> Iterator[str]:
    there = {record.address: record.arguments for record in records}
    for name, service in config.public.items():
        if (group := there.get(f"{TargetGroup.type_name}/{name}")) is None:
            continue
        version, tls = str(group.get("protocol_version", "HTTP1")), group.get("protocol") == "HTTPS"
        what = "its target group, and AWS changes that of no target group"
        if version != protocols.VERSIONS[service.protocol]:
            was = protocols.OF_VERSION.get(version, version)
            yield f'services.{name}.protocol is "{service.protocol}", but "{was}" in {what}'
        if tls != service.tls:
            yield f"services.{name}.tls is {_word(service.tls)}, but {_word(tls)} in {what}"
    for name in config.endpoints:
        service = config.services[name]
        wanted = protocols.by_proxy(service.protocol, tls=service.tls) or PASSED_ON
        spoken = _spoken(name, there.get(f"{TaskDefinition.type_name}/{name}", {}))
        if spoken not in (None, wanted):
            what = "its endpoint of Service Connect, and ECS changes that of no endpoint"
            yield f'services.{name} has "{wanted}" by its protocol and tls, but "{spoken}" in {what}'


def _spoken(endpoint: str, task: Mapping[str, Any]) -> str | None:
    """Return the protocol of an endpoint in a task definition; None if that has no such endpoint."""
    mappings = [one for container in task.get("container_definitions", ()) for one in container.get("portMappings", ())]
    return next((one.get("appProtocol", PASSED_ON) for one in mappings if one.get("name") == endpoint), None)


def _word(flag: bool) -> str:
    return "true" if flag else "false"
