"""The permissions boundary of a stack's roles: an administrator creates and updates it; `up` never does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import IgnoreNotFound, explained
from provisioner.aws.ownership import REGION_TAG, tag_pairs
from provisioner.aws.tagging import tag_map
from provisioner.engine.errors import ConfigurationError
from provisioner.permissions.arns import ANY, boundary_arn
from provisioner.resources.policies import normal
from provisioner.resources.rds.database import DbCluster
from provisioner.resources.rds.single import SingleDbInstance

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

VERSIONS = 5
"""The most versions that a managed policy can have (IAM user guide, "IAM and AWS STS quotas")."""


@dataclass(frozen=True)
class Boundary:
    """A boundary as it is in the account.

    Attributes:
        document: the document in force; None if the boundary does not exist.
        ours: whether it is this stack's.
    """

    arn: str
    document: Mapping[str, Any] | None
    ours: bool = True


def database_of(config: Config, records: Mapping[str, Record]) -> str:
    """Return the resource id of the recorded database; `*` if none is recorded, or signing in by IAM is off."""
    types = (DbCluster.type_name, SingleDbInstance.type_name)
    databases = (record for record in records.values() if record.type in types)
    known = (str(record.outputs.get("resource_id") or ANY) for record in databases if record.phase != "deleting")
    signs_in = config.own_database is not None and config.own_database.iam_authentication
    return next(known, ANY) if signs_in else ANY


def wanted(config: Config, account: str | None, database: str = ANY) -> Mapping[str, Any]:
    """Return the boundary's document as it should be."""
    from provisioner.permissions.printed import printed

    found = printed(config, read_only=False, boundary=True, account=account, database=database)
    return next(iter(found.values()))


def live(aws: Aws, config: Config) -> Boundary:
    """Return the boundary as it is in the account; only reads are made.

    Raises:
        ApiError: a read was refused.
    """
    arn = boundary_arn(config, aws.account)
    try:
        if (policy := policy_at(aws, arn)) is None:
            return Boundary(arn, None)
        return Boundary(arn, document_of(aws, policy), aws.owns(tag_map(policy.get("Tags"))))
    except ClientError as error:
        raise explained(error) from error


def policy_at(aws: Aws, arn: str) -> Mapping[str, Any] | None:
    """Return a managed policy as GetPolicy shows it; None if it does not exist."""
    with IgnoreNotFound():
        policy: Mapping[str, Any] = aws.client("iam").get_policy(PolicyArn=arn)["Policy"]
        return policy
    return None


def document_of(aws: Aws, policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document in force of a policy as `policy_at` returns it."""
    of = {"PolicyArn": policy["Arn"], "VersionId": policy["DefaultVersionId"]}
    version: Mapping[str, Any] = aws.client("iam").get_policy_version(**of)["PolicyVersion"]
    return dict(version["Document"])


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two documents have the same meaning, in any spelling."""
    return json.dumps(normal(one), sort_keys=True) == json.dumps(normal(other), sort_keys=True)


def up_to_date(config: Config, document: Mapping[str, Any], account: str) -> bool:
    """Return whether a boundary is up to date, whether or not it names the account or a database."""
    database = database_in(document)
    return any(same(document, wanted(config, place, database)) for place in (account, None))


def database_in(document: Mapping[str, Any]) -> str:
    """Return the resource id of the database that a boundary names; `*` if it names none."""
    found = re.search(r":dbuser:((?:cluster|db)-[A-Za-z0-9]+)/", json.dumps(document))
    return found[1] if found else ANY


def change(aws: Aws, config: Config, document: Mapping[str, Any]) -> tuple[Boundary, str]:
    """Return the boundary, and the action that gives it this document: `create`, `update` or empty.

    Raises:
        ConfigurationError: the boundary is not this stack's.
        ApiError: a read was refused.
    """
    if named := config.account.boundary:
        raise ConfigurationError(
            f'account.boundary is "{named}", which others make: remove the key to use the boundary of this stack'
        )
    found = live(aws, config)
    if not found.ours:
        tags = ", ".join(f"{key}={value}" for key, value in aws.owner.items())
        raise ConfigurationError(
            f"{found.arn} exists, but not with the tags of this stack, so it is not changed: delete it, or put the "
            f"tags on it ({tags})"
        )
    if found.document is None:
        return found, "create"
    return found, "" if same(found.document, document) else "update"


def make(aws: Aws, found: Boundary, document: Mapping[str, Any]) -> None:
    """Create the boundary, or give it a new version; at `VERSIONS` versions the oldest is deleted first.

    Raises:
        ApiError: a call was refused.
    """
    try:
        if found.document is None:
            what = "The most that the roles of this stack can ever do"
            name = found.arn.rpartition("/")[2]
            tags = tag_pairs({**aws.owner, REGION_TAG: aws.region})
            text = json.dumps(document)
            aws.client("iam").create_policy(PolicyName=name, PolicyDocument=text, Description=what, Tags=tags)
        else:
            renew(aws, found.arn, document)
    except ClientError as error:
        raise explained(error) from error


def renew(aws: Aws, arn: str, document: Mapping[str, Any]) -> None:
    """Give a managed policy a new version; raises `ClientError` as AWS refuses."""
    iam = aws.client("iam")
    versions = [*aws.pages("iam", "list_policy_versions", "Versions", PolicyArn=arn)]
    spare = sorted((it for it in versions if not it["IsDefaultVersion"]), key=lambda it: str(it["CreateDate"]))
    if len(versions) >= VERSIONS:
        iam.delete_policy_version(PolicyArn=arn, VersionId=spare[0]["VersionId"])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
