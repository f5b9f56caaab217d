"""RDS: the group of subnets for a database, and the group of a cluster's parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.permissions import (
    ASKED,
    CHANGED,
    OWN,
    TAGS_AT_ONCE,
    UNSHOWN_TAGS,
    Permission,
    Use,
    grants,
    untagging,
)
from provisioner.aws.tagging import observed, tags_of
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.parameter_groups import compared_parameters, declared_parameters
from provisioner.resources.phrases import named
from provisioner.resources.rds.api import API

if TYPE_CHECKING:
    from provisioner.config.models import Config


def _named_as_stack(config: Config) -> bool:
    """Return whether the parameter group of a stack's database has the stack's name alone."""
    return config.database is None or not config.database.kind.group_name("")


def _named_by_family(config: Config) -> bool:
    """Return whether the parameter group of a stack's database has its family behind the stack's name."""
    return not _named_as_stack(config)


def with_parameter_groups(action: str, *resources: str, **more: Any) -> Iterator[Permission]:
    """Yield the permission for a call that names the cluster's parameter group, by the group's name."""
    yield from grants("rds", action, *resources, "cluster-pg:{stack}", wanted=_named_as_stack, **more)
    yield from grants("rds", action, *resources, "cluster-pg:{stack}-aurora-*", wanted=_named_by_family, **more)


@dataclass(frozen=True)
class DbSubnetGroup(Resource):
    """The subnets, of at least two zones, that a database's instances may be placed in."""

    db_subnet_group_name: str
    db_subnet_group_description: str
    subnet_ids: Sequence[str]

    type_name = "db_subnet_group"
    arn = "subgrp:{db_subnet_group_name}"
    api = API
    permissions = (
        *grants("rds", "DescribeDBSubnetGroups", "subgrp:*"),
        *grants("rds", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("rds", "AddTagsToResource", OWN, **TAGS_AT_ONCE),
        *untagging("rds", "RemoveTagsFromResource", OWN),
        *grants("rds", "CreateDBSubnetGroup", OWN, conditions=ASKED),
        *grants("rds", "DeleteDBSubnetGroup", OWN),
        *grants("rds", "ModifyDBSubnetGroup", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("db_subnet_group_name",)
    derived = ("id",)
    unordered = frozenset({"subnet_ids"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["db_subnet_group_name"] for fields in known}
        for group in aws.pages("rds", "describe_db_subnet_groups", "DBSubnetGroups"):
            name = group["DBSubnetGroupName"]
            tags = tags_of(aws, "rds", group["DBSubnetGroupArn"], known=name in names)
            if aws.owns(tags) or name in names:
                yield cls._live(aws, group, tags)

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        attributes = {
            "db_subnet_group_name": group["DBSubnetGroupName"],
            "db_subnet_group_description": group["DBSubnetGroupDescription"],
            "subnet_ids": sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]),
        }
        return observed(aws, group["DBSubnetGroupName"], attributes, tags)

    def create(self, aws: Aws, token: str) -> Observed:
        group = aws.client("rds").create_db_subnet_group(
            DBSubnetGroupName=self.db_subnet_group_name,
            DBSubnetGroupDescription=self.db_subnet_group_description,
            SubnetIds=self.subnet_ids,
            Tags=aws.tag_list(self.address),
        )["DBSubnetGroup"]
        return self._live(aws, group, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("rds").modify_db_subnet_group(
            DBSubnetGroupName=live.id,
            DBSubnetGroupDescription=self.db_subnet_group_description,
            SubnetIds=self.subnet_ids,
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("rds").delete_db_subnet_group(DBSubnetGroupName=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        clusters = aws.pages("rds", "describe_db_clusters", "DBClusters")
        users = [one["DBClusterIdentifier"] for one in clusters if one.get("DBSubnetGroup") == live.id]
        users += [
            one["DBInstanceIdentifier"]
            for one in aws.pages("rds", "describe_db_instances", "DBInstances")
            if not one.get("DBClusterIdentifier") and one.get("DBSubnetGroup", {}).get("DBSubnetGroupName") == live.id
        ]
        return named("in use by", users)


@dataclass(frozen=True)
class DbClusterParameterGroup(Resource):
    """A cluster's settings that differ from the engine's: dynamic ones take effect at once, static ones at a restart.

    If a parameter is set to the value that it has already, AWS does not count it as set by the user
    (terraform-provider-aws#23335). So declared parameters are read from any source.
    """

    db_cluster_parameter_group_name: str
    db_parameter_group_family: str
    description: str
    parameters: Mapping[str, str]

    type_name = "db_cluster_parameter_group"
    arn = "cluster-pg:{db_cluster_parameter_group_name}"
    api = API
    permissions = (
        *grants("rds", "DescribeDBClusterParameterGroups"),
        *grants("rds", "DescribeDBClusterParameters", OWN),
        *grants("rds", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("rds", "AddTagsToResource", OWN, **TAGS_AT_ONCE),
        *untagging("rds", "RemoveTagsFromResource", OWN),
        *grants("rds", "CreateDBClusterParameterGroup", OWN, conditions=ASKED),
        *grants("rds", "DeleteDBClusterParameterGroup ModifyDBClusterParameterGroup", OWN),
        *grants("rds", "ResetDBClusterParameterGroup", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("db_cluster_parameter_group_name",)
    derived = ("id",)
    create_only = frozenset({"db_cluster_parameter_group_name", "db_parameter_group_family", "description"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = declared_parameters(known, "db_cluster_parameter_group_name")
        for group in aws.pages("rds", "describe_db_cluster_parameter_groups", "DBClusterParameterGroups"):
            name = group["DBClusterParameterGroupName"]
            tags = tags_of(aws, "rds", group["DBClusterParameterGroupArn"], known=name in names)
            if aws.owns(tags):
                shown = _described(aws, name).values()
                yield cls._live(aws, group, tags, compared_parameters(shown, names.get(name, ())))
            elif name in names:
                yield cls._live(aws, group, tags, {})

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        groups = aws.client("rds").describe_db_cluster_parameter_groups(DBClusterParameterGroupName=id)
        group = groups["DBClusterParameterGroups"][0]
        tags = tags_of(aws, "rds", group["DBClusterParameterGroupArn"])
        declared = declared_parameters(aws.known(cls), "db_cluster_parameter_group_name").get(id, ())
        return cls._live(aws, group, tags, compared_parameters(_described(aws, id).values(), declared))

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], tags: Mapping[str, str], parameters: Mapping[str, str]) -> Observed:
        attributes = {
            "db_cluster_parameter_group_name": group["DBClusterParameterGroupName"],
            "db_parameter_group_family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "parameters": parameters,
        }
        return observed(aws, group["DBClusterParameterGroupName"], attributes, tags)

    def create(self, aws: Aws, token: str) -> Observed:
        group = aws.client("rds").create_db_cluster_parameter_group(
            DBClusterParameterGroupName=self.db_cluster_parameter_group_name,
            DBParameterGroupFamily=self.db_parameter_group_family,
            Description=self.description,
            Tags=aws.tag_list(self.address),
        )["DBClusterParameterGroup"]
        return self._live(aws, group, aws.tags(self.address), {})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        rds, described = aws.client("rds"), _described(aws, live.id)
        surplus, wanted = to_send(self.parameters, live.attributes["parameters"], described)
        for some in batches(surplus, 20):
            rds.reset_db_cluster_parameter_group(DBClusterParameterGroupName=live.id, Parameters=some)
        for some in batches(wanted, 20):
            rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=live.id, Parameters=some)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("rds").delete_db_cluster_parameter_group(DBClusterParameterGroupName=live.id)


def to_send(
    wanted: Mapping[str, str], there: Mapping[str, str], described: Mapping[str, Mapping[str, Any]]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the parameters to reset and the parameters to set, each with the way in which AWS applies it."""

    def named(name: str) -> dict[str, str]:
        # AWS refuses to apply a static parameter immediately
        dynamic = described.get(name, {}).get("ApplyType") == "dynamic"
        return {"ParameterName": name, "ApplyMethod": "immediate" if dynamic else "pending-reboot"}

    surplus = [named(name) for name in sorted(there.keys() - wanted.keys())]
    changed = {name: value for name, value in wanted.items() if there.get(name) != value}
    return surplus, [{**named(name), "ParameterValue": value} for name, value in changed.items()]


def _described(aws: Aws, group_name: str) -> dict[str, Mapping[str, Any]]:
    found = aws.pages("rds", "describe_db_cluster_parameters", "Parameters", DBClusterParameterGroupName=group_name)
    return {item["ParameterName"]: item for item in found}
