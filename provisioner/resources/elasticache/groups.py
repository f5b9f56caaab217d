"""ElastiCache: the group of subnets for nodes, and the group of their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.permissions import ASKED, CHANGED, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Use, grants, untagging
from provisioner.aws.tagging import observed, tags_of
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.elasticache.api import API
from provisioner.resources.parameter_groups import compared_parameters, declared_parameters

TAGGED = (
    *grants("elasticache", "AddTagsToResource", OWN, **TAGS_AT_ONCE),
    *untagging("elasticache", "RemoveTagsFromResource", OWN),
)
"""The permissions for tags that all types of this API have."""
WHY = "`[redis]`"
_TAGS = (*grants("elasticache", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS), *TAGGED)


@dataclass(frozen=True)
class CacheSubnetGroup(Resource):
    """The subnets, in one VPC, that the nodes of a cache may be placed in."""

    cache_subnet_group_name: str
    cache_subnet_group_description: str
    subnet_ids: Sequence[str]

    type_name = "cache_subnet_group"
    arn = "subnetgroup:{cache_subnet_group_name}"
    api = API
    permissions = (
        *grants("elasticache", "DescribeCacheSubnetGroups"),
        *_TAGS,
        *grants("elasticache", "CreateCacheSubnetGroup", OWN, conditions=ASKED, use=Use.OPTION, why=WHY),
        *grants("elasticache", "DeleteCacheSubnetGroup", OWN, use=Use.OPTION, why=WHY),
        *grants("elasticache", "ModifyCacheSubnetGroup", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("cache_subnet_group_name",)
    derived = ("id",)
    unordered = frozenset({"subnet_ids"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["cache_subnet_group_name"] for fields in known}
        for group in aws.pages("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups"):
            name = group["CacheSubnetGroupName"]
            tags = tags_of(aws, "elasticache", group["ARN"], known=name in names)
            if aws.owns(tags) or name in names:
                yield cls._live(aws, group, tags)

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        attributes = {
            "cache_subnet_group_name": group["CacheSubnetGroupName"],
            "cache_subnet_group_description": group["CacheSubnetGroupDescription"],
            "subnet_ids": sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]),
        }
        return observed(aws, group["CacheSubnetGroupName"], attributes, tags)

    def _settings(self) -> dict[str, Any]:
        return {
            "CacheSubnetGroupName": self.cache_subnet_group_name,
            "CacheSubnetGroupDescription": self.cache_subnet_group_description,
            "SubnetIds": self.subnet_ids,
        }

    def create(self, aws: Aws, token: str) -> Observed:
        tags = aws.tag_list(self.address)
        made = aws.client("elasticache").create_cache_subnet_group(**self._settings(), Tags=tags)
        return self._live(aws, made["CacheSubnetGroup"], aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("elasticache").modify_cache_subnet_group(**self._settings())

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elasticache").delete_cache_subnet_group(CacheSubnetGroupName=live.id)


@dataclass(frozen=True)
class CacheParameterGroup(Resource):
    """The settings of a cache that differ from its engine's, all of which take effect at once.

    Declared parameters are read from any source: whether a value that is the default counts as set is not documented.
    """

    cache_parameter_group_name: str
    cache_parameter_group_family: str
    description: str
    parameters: Mapping[str, str]

    type_name = "cache_parameter_group"
    arn = "parametergroup:{cache_parameter_group_name}"
    api = API
    permissions = (
        *grants("elasticache", "DescribeCacheParameterGroups"),
        *grants("elasticache", "DescribeCacheParameters", OWN, use=Use.OPTION, why=WHY),
        *_TAGS,
        *grants("elasticache", "CreateCacheParameterGroup", OWN, conditions=ASKED, use=Use.OPTION, why=WHY),
        *grants("elasticache", "DeleteCacheParameterGroup ModifyCacheParameterGroup", OWN, use=Use.OPTION, why=WHY),
        *grants("elasticache", "ResetCacheParameterGroup", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("cache_parameter_group_name",)
    derived = ("id",)
    create_only = frozenset({"cache_parameter_group_name", "cache_parameter_group_family", "description"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        declared = declared_parameters(known, "cache_parameter_group_name")
        for group in aws.pages("elasticache", "describe_cache_parameter_groups", "CacheParameterGroups"):
            name = group["CacheParameterGroupName"]
            tags = tags_of(aws, "elasticache", group["ARN"], known=name in declared)
            if aws.owns(tags):
                shown = aws.pages(
                    "elasticache", "describe_cache_parameters", "Parameters", CacheParameterGroupName=name
                )
                yield cls._live(aws, group, tags, compared_parameters(shown, declared.get(name, ())))
            elif name in declared:
                yield cls._live(aws, group, tags, {})

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], tags: Mapping[str, str], parameters: Mapping[str, str]) -> Observed:
        attributes = {
            "cache_parameter_group_name": group["CacheParameterGroupName"],
            "cache_parameter_group_family": group["CacheParameterGroupFamily"],
            "description": group["Description"],
            "parameters": parameters,
        }
        return observed(aws, group["CacheParameterGroupName"], attributes, tags)

    def create(self, aws: Aws, token: str) -> Observed:
        group = aws.client("elasticache").create_cache_parameter_group(
            CacheParameterGroupName=self.cache_parameter_group_name,
            CacheParameterGroupFamily=self.cache_parameter_group_family,
            Description=self.description,
            Tags=aws.tag_list(self.address),
        )["CacheParameterGroup"]
        return self._live(aws, group, aws.tags(self.address), {})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        cache, there = aws.client("elasticache"), live.attributes["parameters"]
        of = {"CacheParameterGroupName": live.id}
        surplus = [{"ParameterName": name} for name in sorted(there.keys() - self.parameters.keys())]
        for some in batches(surplus, 20):
            cache.reset_cache_parameter_group(**of, ParameterNameValues=some)
        wanted = [
            {"ParameterName": name, "ParameterValue": value}
            for name, value in self.parameters.items()
            if there.get(name) != value
        ]
        for some in batches(wanted, 20):
            cache.modify_cache_parameter_group(**of, ParameterNameValues=some)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elasticache").delete_cache_parameter_group(CacheParameterGroupName=live.id)
