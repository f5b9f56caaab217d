"""RDS: the group of an instance's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.permissions import ASKED, CHANGED, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Use, grants, untagging
from provisioner.aws.tagging import observed, tags_of
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.parameter_groups import compared_parameters, declared_parameters
from provisioner.resources.rds.api import API
from provisioner.resources.rds.groups import to_send

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHY = "`database.instance`"


@dataclass(frozen=True)
class DbParameterGroup(Resource):
    """The settings of an instance without a cluster that differ from the engine's.

    Dynamic ones take effect at once, static ones at a restart. Declared parameters are read from any source, as those
    of a cluster.
    """

    db_parameter_group_name: str
    db_parameter_group_family: str
    description: str
    parameters: Mapping[str, str]

    type_name = "db_parameter_group"
    arn = "pg:{db_parameter_group_name}"
    api = API
    permissions = (
        *grants("rds", "DescribeDBParameterGroups"),
        *grants("rds", "DescribeDBParameters", OWN, use=Use.OPTION, why=_WHY),
        *grants("rds", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("rds", "AddTagsToResource", OWN, **TAGS_AT_ONCE),
        *untagging("rds", "RemoveTagsFromResource", OWN),
        *grants("rds", "CreateDBParameterGroup", OWN, conditions=ASKED, use=Use.OPTION, why=_WHY),
        *grants("rds", "DeleteDBParameterGroup ModifyDBParameterGroup", OWN, use=Use.OPTION, why=_WHY),
        *grants("rds", "ResetDBParameterGroup", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("db_parameter_group_name",)
    derived = ("id",)
    create_only = frozenset({"db_parameter_group_name", "db_parameter_group_family", "description"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = declared_parameters(known, "db_parameter_group_name")
        for group in aws.pages("rds", "describe_db_parameter_groups", "DBParameterGroups"):
            name = group["DBParameterGroupName"]
            tags = tags_of(aws, "rds", group["DBParameterGroupArn"], known=name in names)
            if aws.owns(tags):
                shown = _described(aws, name).values()
                yield cls._live(aws, group, tags, compared_parameters(shown, names.get(name, ())))
            elif name in names:
                yield cls._live(aws, group, tags, {})

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        (group,) = aws.client("rds").describe_db_parameter_groups(DBParameterGroupName=id)["DBParameterGroups"]
        tags = tags_of(aws, "rds", group["DBParameterGroupArn"])
        declared = declared_parameters(aws.known(cls), "db_parameter_group_name").get(id, ())
        return cls._live(aws, group, tags, compared_parameters(_described(aws, id).values(), declared))

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], tags: Mapping[str, str], parameters: Mapping[str, str]) -> Observed:
        attributes = {
            "db_parameter_group_name": group["DBParameterGroupName"],
            "db_parameter_group_family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "parameters": parameters,
        }
        return observed(aws, group["DBParameterGroupName"], attributes, tags)

    def create(self, aws: Aws, token: str) -> Observed:
        group = aws.client("rds").create_db_parameter_group(
            DBParameterGroupName=self.db_parameter_group_name,
            DBParameterGroupFamily=self.db_parameter_group_family,
            Description=self.description,
            Tags=aws.tag_list(self.address),
        )["DBParameterGroup"]
        return self._live(aws, group, aws.tags(self.address), {})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        rds, described = aws.client("rds"), _described(aws, live.id)
        surplus, wanted = to_send(self.parameters, live.attributes["parameters"], described)
        for some in batches(surplus, 20):
            rds.reset_db_parameter_group(DBParameterGroupName=live.id, Parameters=some)
        for some in batches(wanted, 20):
            rds.modify_db_parameter_group(DBParameterGroupName=live.id, Parameters=some)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("rds").delete_db_parameter_group(DBParameterGroupName=live.id)


def _described(aws: Aws, group_name: str) -> dict[str, Mapping[str, Any]]:
    found = aws.pages("rds", "describe_db_parameters", "Parameters", DBParameterGroupName=group_name)
    return {item["ParameterName"]: item for item in found}
