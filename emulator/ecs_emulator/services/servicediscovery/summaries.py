"""Lists of Cloud Map: they show summaries, with fewer members than the answer about a single resource."""

from __future__ import annotations

import json
from typing import Any

from botocore.model import StructureShape
from moto.core.utils import get_service_model
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from ecs_emulator.patch import wrap


@wrap(ServiceDiscoveryResponse, "list_namespaces")
def list_namespaces(original: Any, self: Any) -> str:
    """ListNamespaces: keep only the members of the model's summary."""
    return _summarised(original(self), "Namespaces", "NamespaceSummary")


@wrap(ServiceDiscoveryResponse, "list_services")
def list_services(original: Any, self: Any) -> str:
    """ListServices: keep only the members of the summary; DNS settings do not repeat the namespace."""
    return _summarised(original(self), "Services", "ServiceSummary", "NamespaceId")


@wrap(ServiceDiscoveryResponse, "list_instances")
def list_instances(original: Any, self: Any) -> str:
    """ListInstances: show id and attributes, without the request that created the instance."""
    return _summarised(original(self), "Instances", "InstanceSummary")


def _summarised(text: str, member: str, name: str, *left_out: str) -> str:
    shape = get_service_model("servicediscovery").shape_for(name)
    answer = json.loads(text)
    answer[member] = [_modelled(one, shape, left_out) for one in answer[member]]
    return json.dumps(answer)


def _modelled(value: Any, shape: Any, left_out: tuple[str, ...]) -> Any:
    if not isinstance(shape, StructureShape) or not isinstance(value, dict):
        return value
    known = {name: item for name, item in value.items() if name in shape.members and name not in left_out}
    return {name: _modelled(item, shape.members[name], left_out) for name, item in known.items()}
