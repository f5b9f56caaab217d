"""The few settings of a new resource that its reviewer needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from provisioner.engine.planning.actions import parsed
from provisioner.engine.words import count

Settings = Mapping[str, Any]


def matters(type_name: str, settings: Settings) -> str:
    """Return the settings that a reviewer needs, in words; empty if the resource's name is enough."""
    say = _TYPES.get(type_name)
    settings = {name: parsed(value) for name, value in settings.items()}
    try:
        return ", ".join(filter(None, say(settings))) if say else ""
    except (AttributeError, KeyError, TypeError, IndexError):
        # settings of other shapes than this version declares are left to `plan ADDRESS`
        return ""


def tasks(settings: Settings) -> str:
    """Return the number of a service's tasks, and their capacity, in words."""
    number = settings.get("desired_count")
    where = [str(one.get("capacityProvider")) for one in settings.get("capacity_provider_strategy") or ()]
    names = {"FARGATE": "Fargate", "FARGATE_SPOT": "Fargate Spot"}
    on = " and ".join(dict.fromkeys(names.get(one, "instances") for one in where))
    many = "" if number is None else count(number, "task")
    return " on ".join(filter(None, (many, on)))


def _database(of: Settings) -> Iterable[str]:
    size = of.get("serverless_v2_scaling_configuration") or {}
    yield f"{of['engine']} {of['engine_version']}"
    yield f"{size['MinCapacity']:g} to {size['MaxCapacity']:g} ACU" if size else ""
    yield "protected from deletion" if of.get("deletion_protection") else ""


def _single(of: Settings) -> Iterable[str]:
    yield f"{of['engine']} {of['engine_version']}"
    yield f"{of['db_instance_class']} with {of['allocated_storage']} GB"
    yield "a standby in another zone" if of.get("multi_az") else ""


def _valkey(of: Settings) -> Iterable[str]:
    yield f"{of['engine']} {of['engine_version']}"
    yield f"{count(int(of['num_cache_clusters']), 'node')} {of['cache_node_type']}"
    yield "protected from deletion" if of.get("deletion_protection") else ""


def _instances(of: Settings) -> Iterable[str]:
    policy = of.get("mixed_instances_policy") or {}
    types = [one.get("InstanceType", "") for one in (policy.get("LaunchTemplate") or {}).get("Overrides") or ()]
    yield " or ".join(filter(None, types))
    yield f"{of.get('min_size', 0)} to {of['max_size']} instances"


def _record(of: Settings) -> Iterable[str]:
    target = (of.get("alias_target") or {}).get("DNSName") or ", ".join(map(str, of.get("resource_records") or ()))
    yield f"{of['record_name']} {of['type']}{f' -> {target}' if target else ''}"


_TYPES: Mapping[str, Callable[[Settings], Iterable[str]]] = {
    "alarm": lambda of: [of["alarm_description"].partition(": ")[2]],
    "auto_scaling_group": _instances,
    "certificate": lambda of: of["subject_alternative_names"],
    "cluster": lambda of: [f"{one['name']} {one['value']}" for one in of["settings"]],
    "db_cluster": _database,
    "db_instance": lambda of: [of["db_instance_class"]],
    "event_rule": lambda of: [of["description"].partition(": ")[2]],
    "hosted_zone": lambda of: [of["hosted_zone_name"]],
    "listener": lambda of: [f"{of['protocol']} {of['port']}"],
    "load_balancer": lambda of: [of["scheme"]],
    "private_dns_namespace": lambda of: [of["namespace_name"]],
    "record_set": _record,
    "replication_group": _valkey,
    "scalable_target": lambda of: [f"{of['min_capacity']} to {of['max_capacity']} tasks"],
    "schedule": lambda of: [of["schedule_expression"]],
    "scheduled_action": lambda of: [of["schedule"], f"{of['min_capacity']} to {of['max_capacity']} tasks"],
    "service": lambda of: [tasks(of)],
    "single_db_instance": _single,
    "universal_schedule": lambda of: [of["schedule_expression"], of["target_arn"].rpartition("aws-sdk:")[2]],
    "vpc": lambda of: [of["cidr_block"]],
}
"""By resource type, the words about a new resource; for other types the name is enough."""
