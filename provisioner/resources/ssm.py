"""Systems Manager Parameter Store: secrets that are drawn once and stored in AWS only."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any

from provisioner.aws.api import Api, Clients, TagCalls, Tags
from provisioner.aws.client import Aws, batches
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, CHANGED, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Use, grants, untagging
from provisioner.aws.tagging import observed, tag_map
from provisioner.config.secrets import path
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource

PARAMETER = {"ResourceType": "Parameter"}


def read_tags(aws: Clients, name: str) -> Tags:
    """Return a parameter's tags, by its name."""
    return tag_map(aws.client("ssm").list_tags_for_resource(**PARAMETER, ResourceId=name)["TagList"])


API = Api(
    "ssm",
    "Systems Manager",
    tags=TagCalls(
        "id",
        read_tags,
        lambda aws, name, tags: aws.client("ssm").add_tags_to_resource(
            **PARAMETER, ResourceId=name, Tags=tag_pairs(tags)
        ),
        lambda aws, name, keys: aws.client("ssm").remove_tags_from_resource(
            **PARAMETER, ResourceId=name, TagKeys=keys
        ),
    ),
    transient=(
        Row("not_yet_consistent", "ParameterNotFound", "", 60, "the password has not propagated yet",
            "Systems Manager API"),
        Row("in_use", "ParameterAlreadyExists", "", 60, "the name was deleted less than 30 s ago",
            "Systems Manager API, DeleteParameter"),
        Row("in_use", "TooManyUpdates", "", 60, "another change is in progress", "Systems Manager API"),
        Row("not_found", "InvalidResourceId"),
    ),
)  # fmt: skip

OWN_KEY = "alias/aws/ssm"
"""AWS's own key for Parameter Store, the default key of a SecureString."""


_OVERWRITTEN = (("StringEquals", "ssm:Overwrite", ("true",)),)
"""The condition that the call replaces an existing value.

Source: Systems Manager user guide, parameter-store-policy-conditions.
"""


def version_of(shown: Mapping[str, Any]) -> str:
    """Return a parameter's time of change and its version number; empty if AWS does not show the time yet.

    A parameter that was deleted and created again starts with 1.
    """
    changed = shown.get("LastModifiedDate")
    return f"{changed.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}/{shown.get('Version', 1)}" if changed else ""


@dataclass(frozen=True)
class SecureParameter(Resource):
    """A SecureString whose value is drawn at random at its creation, and never shown or changed here again.

    The value has 32 characters of A-Z a-z 0-9 _ -, which RDS accepts in a password (CreateDBCluster). A change of the
    key makes a new version, for which Parameter Store needs the value again (PutParameter).

    Parameters that users set with `provision secret set` carry the stack's tags without an address, and are theirs:
    they are listed only if they are declared.
    """

    parameter_name: str
    description: str
    key_id: str | None = None

    type_name = "secure_parameter"
    api = API
    arn = "parameter{parameter_name}"
    permissions = (
        *grants("ssm", "DescribeParameters"),
        # this action returns the password
        *grants("ssm", "GetParameter", OWN, reader=False),
        *grants("ssm", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("ssm", "PutParameter", OWN, conditions=ASKED),
        # a change of the key makes a new version: the call cannot have tags, and the parameter's own tags are no
        # condition of this action
        *grants("ssm", "PutParameter", OWN, conditions=_OVERWRITTEN, use=Use.OTHER, why=CHANGED),
        *grants("ssm", "AddTagsToResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("ssm", "RemoveTagsFromResource", OWN),
        *grants("ssm", "DeleteParameter", OWN),
    )
    identity = ("parameter_name",)
    derived = ("id", "arn")
    outputs = ("arn", "version")
    # AWS changes a description only together with the value
    ignore_changes = frozenset({"description"})

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the secrets"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = sorted({fields["parameter_name"] for fields in known})
        searches = [[{"Key": "Name", "Option": "Equals", "Values": some}] for some in batches(names, 50)]
        if aws.include_unrecorded:
            ours = [{"Key": f"tag:{key}", "Option": "Equals", "Values": [value]} for key, value in aws.owner.items()]
            searches.append(ours)
        for filters in searches:
            for parameter in aws.pages("ssm", "describe_parameters", "Parameters", ParameterFilters=filters):
                live = cls._live(aws, parameter)
                if live.id in names or live.address or not live.id.startswith(path(aws.name)):
                    yield live

    @classmethod
    def _live(cls, aws: Aws, parameter: Mapping[str, Any]) -> Observed:
        name = parameter["Name"]
        outputs = {"arn": cls._arn(aws, name)}
        if version := version_of(parameter):
            outputs["version"] = version
        tags = aws.tags_of(outputs["arn"], partial(read_tags, aws, name))
        attributes = {"parameter_name": name}
        if parameter.get("Type", "SecureString") == "SecureString":
            key = parameter.get("KeyId", OWN_KEY)
            attributes["key_id"] = None if key == OWN_KEY else key
        return observed(aws, name, attributes, tags, outputs)

    @staticmethod
    def _arn(aws: Aws, name: str) -> str:
        return f"arn:{aws.partition}:ssm:{aws.region}:{aws.account}:parameter/{name.lstrip('/')}"

    def create(self, aws: Aws, token: str) -> Observed:
        key = {"KeyId": self.key_id} if self.key_id else {}
        aws.client("ssm").put_parameter(
            Name=self.parameter_name,
            Description=self.description,
            Type="SecureString",
            Value=secrets.token_urlsafe(24),
            Tier="Standard",
            Tags=aws.tag_list(self.address),
            **key,
        )
        outputs = {"arn": self._arn(aws, self.parameter_name)}
        attributes = {"parameter_name": self.parameter_name, "key_id": self.key_id}
        return Observed(self.parameter_name, attributes, outputs, address=self.address)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        ssm = aws.client("ssm")
        value = ssm.get_parameter(Name=live.id, WithDecryption=True)["Parameter"]["Value"]
        key = self.key_id or OWN_KEY
        ssm.put_parameter(Name=live.id, Type="SecureString", Value=value, KeyId=key, Overwrite=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        # the answer to PutParameter does not have the time of the change
        return None if "version" in live.outputs else "waiting for AWS to show its version"

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ssm").delete_parameter(Name=live.id)
