"""The token of a cache: a new one beside the former, and later alone; repeated safely after a kill at any point.

ROTATE adds a token and keeps the one before; SET, which ElastiCache takes only after that, leaves the newest alone
(ElastiCache guide, "Authenticating with the Valkey and Redis OSS AUTH command"). What a second ROTATE or SET of the
same token does is not documented. So a tag says beforehand which change comes, and when the token changed last: if
ElastiCache shows a later time for it, the call has been made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from provisioner.aws.errors import not_found
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.parameters import parameter_value
from provisioner.aws.tagging import tag_map

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed

NEWEST = "provisioner:password-version"
"""The tag of a group for the version of the parameter with its newest token."""
FORMER = "provisioner:former-password-version"
"""The tag for the version of the token before, as long as that is valid too."""
BEGUN = "provisioner:password-change"
"""The tag for the change of the token that has begun: its kind, the version, and the time of the change before."""

Strategy = Literal["ROTATE", "SET"]


def changed_at(group: Mapping[str, Any]) -> str:
    """Return the time at which a group's token changed last, in the characters that tags may have."""
    changed = group.get("AuthTokenLastModifiedDate")
    return f"{changed:%Y-%m-%dT%H:%M:%S.%f}" if changed else "never"


def same(aws: Aws, parameter: str, former: str | None, version: str) -> bool:
    """Return whether two versions hold the same token, as after a change of the key that encrypts them."""
    if not former or former.rpartition("/")[2] == version.rpartition("/")[2]:
        return False
    try:
        return parameter_value(aws, parameter, former) == parameter_value(aws, parameter, version)
    except ClientError as error:
        # a parameter keeps 100 versions, and none if it was deleted
        if error.response["Error"]["Code"] == "ParameterVersionNotFound" or not_found(error, "ssm"):
            return False
        raise


def change(aws: Aws, live: Observed, strategy: Strategy, parameter: str, version: str) -> None:
    """Ask for a change of the token, unless an earlier run has done so."""
    cache, arn = aws.client("elasticache"), live.outputs["arn"]
    ahead = f"{strategy} {version} after "
    begun = tag_map(cache.list_tags_for_resource(ResourceName=arn)["TagList"]).get(BEGUN, "")
    if begun.startswith(ahead) and begun != ahead + live.details["token_changed"]:
        return
    cache.add_tags_to_resource(ResourceName=arn, Tags=tag_pairs({BEGUN: ahead + live.details["token_changed"]}))
    cache.modify_replication_group(
        ReplicationGroupId=live.id,
        ApplyImmediately=True,
        AuthToken=parameter_value(aws, parameter, version),
        AuthTokenUpdateStrategy=strategy,
    )
