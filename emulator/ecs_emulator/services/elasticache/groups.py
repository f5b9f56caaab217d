"""Subnet groups and parameter groups: moto has no parameter groups, and cannot change or delete subnet groups."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult, EmptyResult, PaginatedResult
from moto.ec2.models import ec2_backends
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.elasticache import texts

FAMILIES = {"valkey7": "valkey", "valkey8": "valkey", "redis6.x": "redis", "redis7": "redis"}
"""The families of parameter groups that clients need here, and their engines."""
_POLICIES = (
    *("volatile-lru", "allkeys-lru", "volatile-lfu", "allkeys-lfu"),
    *("volatile-random", "allkeys-random", "volatile-ttl", "noeviction"),
)
_PARAMETERS = {"maxmemory-policy": "volatile-lru", "notify-keyspace-events": "", "timeout": "0"}
"""Some parameters with ElastiCache's defaults (ElastiCache guide, "Valkey and Redis OSS parameters")."""
_NAME = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,254}(?<!-)")
_ARN = re.compile(
    r"arn:aws:elasticache:.*:[0-9]*:(cluster|snapshot|subnetgroup|replicationgroup|parametergroup|user):.*"
)


@wrap(ElastiCacheBackend, "__init__")
def begin(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """Have parameter groups, whose ARNs have tags too."""
    original(self, *args, **kwargs)
    self.parameter_groups = {}
    self.arn_regex = _ARN


def users(cache: Any, attribute: str, name: str) -> bool:
    """Return whether a replication group uses a subnet group or a parameter group, even while it is deleted."""
    cache.settle()
    return any(getattr(group, attribute) == name for group in cache.replication_groups.values())


def _subnets(cache: Any, wanted: list[str]) -> list[Any]:
    """Return the subnets of a request; refuse an empty list, unknown subnets, and subnets of several VPCs."""
    if not wanted:
        refuse("InvalidParameterValue", "The parameter SubnetIds must be provided.")
    known = {one.id: one for one in ec2_backends[cache.account_id][cache.region_name].describe_subnets()}
    if unknown := [one for one in wanted if one not in known]:
        refuse("InvalidSubnet", f"Some input subnets in :[{', '.join(unknown)}] are invalid.")
    found = [known[one] for one in wanted]
    if len({one.vpc_id for one in found}) > 1:
        refuse("InvalidSubnet", "The subnets of a cache subnet group must be in one VPC.")
    return found


def _check_name(member: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        refuse(
            "InvalidParameterValue",
            f"{member} {name} must have letters, digits and single hyphens, a letter first and no hyphen at its end.",
        )


@wrap(ElastiCacheBackend, "create_cache_subnet_group")
def create_cache_subnet_group(original: Any, self: Any, cache_subnet_group_name: str, *args: Any, **kwargs: Any) -> Any:
    """CreateCacheSubnetGroup: refuse a malformed name, and subnets that are not there."""
    _check_name("CacheSubnetGroupName", cache_subnet_group_name)
    _subnets(self, kwargs["subnet_ids"])
    return original(self, cache_subnet_group_name, *args, **kwargs)


@add(ElastiCacheResponse, "modify_cache_subnet_group")
def modify_cache_subnet_group(self: Any) -> ActionResult:
    """ModifyCacheSubnetGroup: replace the subnets; refuse to remove a subnet with a node in it."""
    cache, asked = self.elasticache_backend, self._get_params()
    group = cache.describe_cache_subnet_groups(asked["CacheSubnetGroupName"])[0]
    if description := asked.get("CacheSubnetGroupDescription"):
        group.cache_subnet_group_description = description
    if wanted := asked.get("SubnetIds"):
        found = _subnets(cache, wanted)
        cache.settle()
        taken = {
            node.subnet
            for one in cache.replication_groups.values()
            if one.cache_subnet_group_name == group.cache_subnet_group_name
            for node in one.nodes
        }
        if used := sorted(taken - {*wanted}):
            refuse("SubnetInUse", f"The requested subnet {used[0]} is being used by another cache cluster.")
        name, description = group.cache_subnet_group_name, group.cache_subnet_group_description
        ids = [one.id for one in found]
        anew = CacheSubnetGroup(cache.account_id, cache.region_name, name, description, ids, None)
        group.subnets, group.supported_network_types = anew.subnets, anew.supported_network_types
    return ActionResult({"CacheSubnetGroup": group})


@add(ElastiCacheResponse, "delete_cache_subnet_group")
def delete_cache_subnet_group(self: Any) -> ActionResult:
    """DeleteCacheSubnetGroup: refuse a group in use (ElastiCache API, CacheSubnetGroupInUse)."""
    cache, name = self.elasticache_backend, self._get_params()["CacheSubnetGroupName"]
    cache.describe_cache_subnet_groups(name)
    if users(cache, "cache_subnet_group_name", name):
        refuse("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")
    cache.tagging_service.delete_all_tags_for_resource(cache.cache_subnet_groups.pop(name).arn)
    return EmptyResult()


def _parameter_group(cache: Any, name: str) -> Any:
    if name not in cache.parameter_groups:
        refuse("CacheParameterGroupNotFound", texts.NO_PARAMETER_GROUP.format(name))
    return cache.parameter_groups[name]


def _own(cache: Any, name: str) -> Any:
    """Return a parameter group that may be changed; AWS's default ones may not."""
    if name.startswith("default."):
        refuse("InvalidParameterValue", f"The default cache parameter group {name} cannot be changed or deleted.")
    return _parameter_group(cache, name)


def check_parameter_group(cache: Any, name: str | None, engine: str) -> None:
    """Refuse a parameter group that does not exist, or is another engine's."""
    if name is None or name.startswith("default."):
        return
    if FAMILIES[_parameter_group(cache, name).family] != engine:
        refuse(
            "InvalidParameterCombination",
            f"Expected a parameter group of family {engine}, but found one of family "
            f"{cache.parameter_groups[name].family}.",
        )


def parameters_of(cache: Any, name: str | None) -> dict[str, str]:
    """Return the values of a parameter group; ElastiCache's defaults for one of its own groups."""
    group = cache.parameter_groups.get(name)
    return _PARAMETERS | (group.parameters if group else {})


def _shown(group: Any) -> dict[str, Any]:
    return {
        "CacheParameterGroupName": group.name,
        "CacheParameterGroupFamily": group.family,
        "Description": group.description,
        "IsGlobal": False,
        "ARN": group.arn,
    }


@add(ElastiCacheResponse, "create_cache_parameter_group")
def create_cache_parameter_group(self: Any) -> ActionResult:
    """CreateCacheParameterGroup: refuse a malformed or used name, and an unknown family."""
    cache, asked = self.elasticache_backend, self._get_params()
    name, family = asked["CacheParameterGroupName"], asked["CacheParameterGroupFamily"]
    _check_name("CacheParameterGroupName", name)
    if name in cache.parameter_groups:
        refuse("CacheParameterGroupAlreadyExists", f"CacheParameterGroup {name} already exists.")
    if family not in FAMILIES:
        refuse("InvalidParameterValue", f"CacheParameterGroupFamily {family} is not a valid parameter group family.")
    arn = f"arn:aws:elasticache:{cache.region_name}:{cache.account_id}:parametergroup:{name}"
    group = SimpleNamespace(name=name, family=family, description=asked["Description"], arn=arn, parameters={})
    cache.parameter_groups[name] = group
    if tags := asked.get("Tags"):
        cache.tagging_service.tag_resource(arn, tags)
    return ActionResult({"CacheParameterGroup": _shown(group)})


@add(ElastiCacheResponse, "describe_cache_parameter_groups")
def describe_cache_parameter_groups(self: Any) -> PaginatedResult:
    """DescribeCacheParameterGroups: list the account's own, or the named one."""
    cache, name = self.elasticache_backend, self._get_params().get("CacheParameterGroupName")
    found = [_parameter_group(cache, name)] if name else [*cache.parameter_groups.values()]
    return PaginatedResult({"CacheParameterGroups": [_shown(one) for one in found]})


@add(ElastiCacheResponse, "describe_cache_parameters")
def describe_cache_parameters(self: Any) -> PaginatedResult:
    """DescribeCacheParameters: list the parameters that were set (`user`), and the defaults (`system`)."""
    asked = self._get_params()
    was_set = _parameter_group(self.elasticache_backend, asked["CacheParameterGroupName"]).parameters
    rows = [
        {
            "ParameterName": name,
            "ParameterValue": was_set.get(name, value),
            "Source": "user" if name in was_set else "system",
            "DataType": "string",
            "IsModifiable": True,
            "ChangeType": "immediate",
        }
        for name, value in _PARAMETERS.items()
    ]
    return PaginatedResult({"Parameters": [row for row in rows if asked.get("Source") in (None, row["Source"])]})


@add(ElastiCacheResponse, "modify_cache_parameter_group")
def modify_cache_parameter_group(self: Any) -> ActionResult:
    """ModifyCacheParameterGroup: set parameters; refuse unknown ones, and values that are not allowed."""
    asked = self._get_params()
    group = _own(self.elasticache_backend, asked["CacheParameterGroupName"])
    for one in asked["ParameterNameValues"]:
        name, value = one["ParameterName"], one["ParameterValue"]
        if name not in _PARAMETERS:
            refuse("InvalidParameterValue", f"The parameter {name} cannot be found")
        if name == "maxmemory-policy" and value not in _POLICIES:
            refuse("InvalidParameterValue", f"The value {value} of {name} is not one of {', '.join(_POLICIES)}.")
        group.parameters[name] = value
    return ActionResult({"CacheParameterGroupName": group.name})


@add(ElastiCacheResponse, "reset_cache_parameter_group")
def reset_cache_parameter_group(self: Any) -> ActionResult:
    """ResetCacheParameterGroup: set all or the named parameters back to the defaults."""
    asked = self._get_params()
    group = _own(self.elasticache_backend, asked["CacheParameterGroupName"])
    named = [one["ParameterName"] for one in asked.get("ParameterNameValues", [])]
    for name in [*group.parameters] if asked.get("ResetAllParameters") else named:
        group.parameters.pop(name, None)
    return ActionResult({"CacheParameterGroupName": group.name})


@add(ElastiCacheResponse, "delete_cache_parameter_group")
def delete_cache_parameter_group(self: Any) -> ActionResult:
    """DeleteCacheParameterGroup: refuse a group that a replication group uses, even in deletion."""
    cache, name = self.elasticache_backend, self._get_params()["CacheParameterGroupName"]
    group = _own(cache, name)
    if users(cache, "cache_parameter_group_name", name):
        refuse(
            "InvalidCacheParameterGroupState",
            f"One or more cache clusters are still members of this parameter group {name}, so the group cannot be "
            "deleted.",
        )
    cache.tagging_service.delete_all_tags_for_resource(group.arn)
    cache.parameter_groups.pop(name)
    return EmptyResult()


@replace(ElastiCacheResponse, "list_tags_for_resource")
def list_tags_for_resource(self: Any) -> ActionResult:
    """ListTagsForResource: refuse ARNs of groups that do not exist."""
    cache, arn = self.elasticache_backend, self._get_params()["ResourceName"]
    _check_arn(cache, arn)
    return ActionResult({"TagList": cache.list_tags_for_resource(arn)["Tags"]})


@wrap(ElastiCacheBackend, "add_tags_to_resource")
def add_tags_to_resource(original: Any, self: Any, arn: str, tags: Any) -> None:
    """AddTagsToResource: refuse the same."""
    _check_arn(self, arn)
    original(self, arn, tags)


@wrap(ElastiCacheBackend, "remove_tags_from_resource")
def remove_tags_from_resource(original: Any, self: Any, arn: str, tags: Any) -> None:
    """RemoveTagsFromResource: refuse the same."""
    _check_arn(self, arn)
    original(self, arn, tags)


def _check_arn(cache: Any, arn: str) -> None:
    cache.settle()
    sort, name = arn.split(":")[-2:]
    if sort == "replicationgroup" and name not in cache.replication_groups:
        refuse("ReplicationGroupNotFoundFault", texts.NO_GROUP.format(name))
    if sort == "subnetgroup":
        cache.describe_cache_subnet_groups(name)
    if sort == "parametergroup":
        _parameter_group(cache, name)
