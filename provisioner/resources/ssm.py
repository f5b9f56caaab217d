"""Systems Manager Parameter Store: secrets that are drawn once and stored in AWS only, and URLs that contain them."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any
from urllib.parse import quote

from provisioner.aws.api import Api, Clients, TagCalls, Tags
from provisioner.aws.client import Aws, batches
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.parameters import parameter_value
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


_CHARACTERS, _LENGTH = string.ascii_letters + string.digits, 33
"""The characters of a secret that is drawn here, and their number: 196 random bits."""


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


def _arn(aws: Aws, name: str) -> str:
    return f"arn:{aws.partition}:ssm:{aws.region}:{aws.account}:parameter/{name.lstrip('/')}"


def _parameters(aws: Aws, own: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Yield a type's known parameters, and all that carry the stack's tags if the list is to be exhaustive.

    All types ask for the parameters of all, so that those that are read at once share one answer.

    Args:
        own: the names of the type's known parameters.
    """
    known = (fields for one in (SecureParameter, ConnectionUrl) for fields in aws.known(one))
    names = sorted({*own, *(fields["parameter_name"] for fields in known)})
    searches = [[{"Key": "Name", "Option": "Equals", "Values": some}] for some in batches(names, 50)]
    if aws.include_unrecorded:
        searches.append(
            [{"Key": f"tag:{key}", "Option": "Equals", "Values": [value]} for key, value in aws.owner.items()]
        )
    for filters in searches:
        for parameter in aws.pages("ssm", "describe_parameters", "Parameters", ParameterFilters=filters):
            if parameter["Name"] in own or parameter["Name"] not in names:
                yield parameter


def _shown_key(parameter: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the key of a SecureString as a setting: None for AWS's own."""
    if parameter.get("Type", "SecureString") != "SecureString":
        return {}
    key = parameter.get("KeyId", OWN_KEY)
    return {"key_id": None if key == OWN_KEY else key}


def _waits_for_version(live: Observed) -> str | None:
    # the answer to PutParameter does not have the time of the change
    return None if "version" in live.outputs else "waiting for AWS to show its version"


@dataclass(frozen=True)
class SecureParameter(Resource):
    """A SecureString whose value is drawn at random at its creation, and never shown or changed here again.

    The value has 33 letters and digits, which RDS takes as a password (CreateDBCluster, at most 41 characters), and
    ElastiCache as a token (CreateReplicationGroup, AuthToken, without an underscore). A change of the key makes a new
    version, for which Parameter Store needs the value again (PutParameter).

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
        # a change makes a new version: the call cannot have tags, and the parameter's own tags are no condition of this
        # action
        *grants("ssm", "PutParameter", OWN, conditions=_OVERWRITTEN, use=Use.OTHER, why=CHANGED),
        *grants("ssm", "AddTagsToResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("ssm", "RemoveTagsFromResource", OWN),
        *grants("ssm", "DeleteParameter", OWN),
    )
    identity = ("parameter_name",)
    derived = ("id", "arn")
    outputs = ("arn", "version")
    renewed = ("version",)
    # AWS changes a description only together with the value
    ignore_changes = frozenset({"description"})

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the secrets"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["parameter_name"] for fields in known}
        for parameter in _parameters(aws, names):
            live = cls._live(aws, parameter)
            # parameters that users set below the stack's path have its tags without an address
            if live.id in names or _is(cls, live.address) or not (live.address or live.id.startswith(path(aws.name))):
                yield live

    @classmethod
    def _live(cls, aws: Aws, parameter: Mapping[str, Any]) -> Observed:
        name = parameter["Name"]
        outputs = {"arn": _arn(aws, name)}
        if version := version_of(parameter):
            outputs["version"] = version
        tags = aws.tags_of(outputs["arn"], partial(read_tags, aws, name))
        return observed(aws, name, {"parameter_name": name, **_shown_key(parameter)}, tags, outputs)

    def create(self, aws: Aws, token: str) -> Observed:
        key = {"KeyId": self.key_id} if self.key_id else {}
        aws.client("ssm").put_parameter(
            Name=self.parameter_name,
            Description=self.description,
            Type="SecureString",
            Value="".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTH)),
            Tier="Standard",
            Tags=aws.tag_list(self.address),
            **key,
        )
        outputs = {"arn": _arn(aws, self.parameter_name)}
        attributes = {"parameter_name": self.parameter_name, "key_id": self.key_id}
        return Observed(self.parameter_name, attributes, outputs, address=self.address)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        ssm = aws.client("ssm")
        value = parameter_value(aws, live.id)
        key = self.key_id or OWN_KEY
        ssm.put_parameter(Name=live.id, Type="SecureString", Value=value, KeyId=key, Overwrite=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return _waits_for_version(live)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ssm").delete_parameter(Name=live.id)


_MADE_OF = re.compile(r"URL for tasks: (\S+) with the password (\S+) as version (\d+)")


@dataclass(frozen=True)
class ConnectionUrl(Resource):
    """A SecureString with a URL that contains a password: ECS gives a variable one secret, and joins nothing to it.

    `url` has a user and no password, such as `mysql://dbadmin@host:3306/shop`. The value has the password too, which
    is read from `password_parameter` in `password_version` and percent-encoded (RFC 3986, 3.2.1).

    Its description says which URL, password and version it was made of. PutParameter writes it together with the value,
    so that drift is seen without reading the value: a version that somebody wrote by hand has another number.
    """

    parameter_name: str
    url: str
    password_parameter: str
    password_version: str
    key_id: str | None = None

    type_name = "connection_url"
    api = API
    arn = "parameter{parameter_name}"
    # its calls are permitted by the rows of `SecureParameter`: the password of each URL is one
    identity = ("parameter_name",)
    derived = ("id", "arn")
    outputs = ("arn", "version")
    renewed = ("version",)
    ignore_changes = frozenset({"password_parameter"})
    # a change needs the number of the present version
    update_when_ready = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["parameter_name"] for fields in known}
        for parameter in _parameters(aws, names):
            live = cls._live(aws, parameter)
            if live.id in names or _is(cls, live.address):
                yield live

    @classmethod
    def _live(cls, aws: Aws, parameter: Mapping[str, Any]) -> Observed:
        name = parameter["Name"]
        outputs = {"arn": _arn(aws, name)}
        if version := version_of(parameter):
            outputs["version"] = version
        made_of = _MADE_OF.fullmatch(parameter.get("Description", ""))
        current = made_of if made_of and made_of[3] == str(parameter.get("Version", 1)) else None
        attributes = {
            "parameter_name": name,
            "url": current and current[1],
            "password_version": current and current[2],
            **_shown_key(parameter),
        }
        tags = aws.tags_of(outputs["arn"], partial(read_tags, aws, name))
        return observed(aws, name, attributes, tags, outputs)

    def _content(self, aws: Aws, version: int) -> dict[str, str]:
        """Return value and description of a version, by the names of PutParameter.

        A version of a parameter can be read by its number (Systems Manager API, GetParameter, Name).
        """
        password = quote(parameter_value(aws, self.password_parameter, self.password_version), safe="")
        return {
            "Value": self.url.replace("@", f":{password}@", 1),
            "Description": f"URL for tasks: {self.url} with the password {self.password_version} as version {version}",
        }

    def create(self, aws: Aws, token: str) -> Observed:
        key = {"KeyId": self.key_id} if self.key_id else {}
        aws.client("ssm").put_parameter(
            Name=self.parameter_name,
            Type="SecureString",
            Tier="Standard",
            Tags=aws.tag_list(self.address),
            **self._content(aws, 1),
            **key,
        )
        outputs = {"arn": _arn(aws, self.parameter_name)}
        return Observed(self.parameter_name, self.fields(), outputs, address=self.address)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        number = int(live.outputs["version"].rpartition("/")[2])
        aws.client("ssm").put_parameter(
            Name=live.id,
            Type="SecureString",
            KeyId=self.key_id or OWN_KEY,
            Overwrite=True,
            **self._content(aws, number + 1),
        )

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return _waits_for_version(live)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ssm").delete_parameter(Name=live.id)


def _is(resource_type: type[Resource], address: str | None) -> bool:
    """Return whether a parameter's address is one of this type."""
    return (address or "").startswith(f"{resource_type.type_name}/")
