"""Check that the existing resources which the configuration names are there: web ACL, topic, keys, boundary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.config.loader import suggestion
from provisioner.config.tables import TLS_POLICY
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.prerequisites import cache_snapshot, database_snapshot, existing_database, other_stacks
from provisioner.operations.prerequisites import permissions_boundary as limits
from provisioner.permissions.arns import boundary_arn
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.iam import Role, boundary_of
from provisioner.resources.sns import attributes_of, may_publish

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from provisioner.aws.client import Aws
    from provisioner.config.facts import ExistingDatabase
    from provisioner.config.models import Config
    from provisioner.config.redis import CacheSnapshot
    from provisioner.state.model import Record


def check_web_acl(aws: Aws, config: Config) -> None:
    """Check that the web ACL of the load balancer or of CloudFront exists; without a web ACL no call is made.

    Raises:
        ConfigurationError: there is no such web ACL.
    """
    key, scope, region = "load_balancer.waf_acl", "REGIONAL", None
    arn = config.load_balancer.waf_acl
    if config.cloudfront:
        key, scope, region, arn = "cloudfront.waf_acl", "CLOUDFRONT", "us-east-1", config.cloudfront.waf_acl
    if not arn or not config.public:
        return
    _, _, name, number = arn.split("/")
    try:
        aws.client("wafv2", region).get_web_acl(Name=name, Scope=scope, Id=number)
    except ClientError as error:
        if error.response["Error"]["Code"] != "WAFNonexistentItemException":
            raise
        raise ConfigurationError(
            f'{key} is "{arn}", but there is no such web ACL: create it first, or use another'
        ) from None


def check_tls_policy(aws: Aws, config: Config) -> None:
    """Check that Elastic Load Balancing has the TLS policy; of the default one, or without HTTPS, no call is made.

    Raises:
        ConfigurationError: it has no such policy for Application Load Balancers in this Region.
    """
    wanted = config.load_balancer.tls_policy
    if wanted == TLS_POLICY or not config.https:
        return
    pages = aws.pages("elbv2", "describe_ssl_policies", "SslPolicies", LoadBalancerType="application")
    known = [policy["Name"] for policy in pages]
    if wanted not in known:
        raise ConfigurationError(
            f'load_balancer.tls_policy is "{wanted}", but Elastic Load Balancing has no such policy in '
            f"{config.region}{suggestion(wanted, known)}"
        )


def check_other_stacks(aws: Aws, config: Config, records: Collection[Record]) -> None:
    """Check that a new stack has no names of another stack; for a stack with records no call is made.

    Raises:
        ConfigurationError: another stack has one of its names.
    """
    if not records:
        other_stacks.check(aws, config)


def check_topic(aws: Aws, config: Config) -> None:
    """Check that the alarms' topic exists and that CloudWatch may publish to it; without a topic no call is made.

    AWS reports it nowhere when an alarm fails to publish, so this is checked beforehand.

    Raises:
        ConfigurationError: there is no such topic, or CloudWatch cannot publish to it.
    """
    if config.alarms is None or not (arn := config.alarms.topic):
        return
    if (topic := attributes_of(aws, arn)) is None:
        raise ConfigurationError(
            f'alarms.topic is "{arn}", but there is no such topic: create it first, or use another'
        )
    # its policy cannot be changed (SNS developer guide, "Enable compatibility between event sources from AWS services
    # and encrypted topics")
    if topic.get("KmsMasterKeyId", "").endswith("alias/aws/sns"):
        raise ConfigurationError(
            f'alarms.topic is "{arn}", which is encrypted with alias/aws/sns, a key that CloudWatch may not use. Use '
            "none, or a key of your own that lets cloudwatch.amazonaws.com call kms:Decrypt and kms:GenerateDataKey*"
        )
    if not may_publish("cloudwatch.amazonaws.com", json.loads(topic.get("Policy") or "{}"), aws.account):
        raise ConfigurationError(
            f'alarms.topic is "{arn}", whose policy does not let CloudWatch publish to it: allow sns:Publish to the '
            f"service cloudwatch.amazonaws.com where aws:SourceAccount is {aws.account}"
        )


def check_security_groups(aws: Aws, config: Config) -> None:
    """Check the tasks' additional security groups; without any no call is made.

    Raises:
        ConfigurationError: there is no such group, or it is in another VPC than the stack, so that tasks cannot use it.
    """
    wanted = {group: config.key(name) for name, one in config.workloads.items() for group in one.security_groups}
    if not wanted:
        return
    found: dict[str, str] = {}
    for group in aws.pages(
        "ec2", "describe_security_groups", "SecurityGroups", Filters=[{"Name": "group-id", "Values": sorted(wanted)}]
    ):
        found[group["GroupId"]] = group.get("VpcId", "")
    made = (live.id for live in aws.live(Vpc) if live.owned and not live.deleting)
    own = config.network.vpc or next(made, "")
    for group_id, key in wanted.items():
        if group_id not in found:
            raise ConfigurationError(
                f"{key}.security_groups has {group_id}, but there is no such group in {aws.region}: create it first, "
                f"or use another"
            )
        if found[group_id] != own:
            where = f"the stack is in {own}" if own else "the stack will be in a VPC of its own"
            raise ConfigurationError(
                f"{key}.security_groups has {group_id}, which is in {found[group_id]}, but {where}: use a group of "
                "that VPC"
            )


def snapshot(aws: Aws, config: Config, records: Iterable[Record]) -> str | None:
    """Return the snapshot that a new database is made of, None without one; without a setting no call is made.

    Raises:
        ConfigurationError: there is no such snapshot, or a database of these settings cannot be made of it.
    """
    if config.own_database is None or config.own_database.from_snapshot is None:
        return None
    return database_snapshot.chosen(aws, config, records)


def redis_snapshot(aws: Aws, config: Config, records: Iterable[Record]) -> CacheSnapshot | None:
    """Return the snapshot that a new Valkey is made of, None without one; without a setting no call is made.

    Raises:
        ConfigurationError: there is no such snapshot, or no Valkey can be made of it.
    """
    return cache_snapshot.chosen(aws, config, records)


def keys(aws: Aws, config: Config) -> dict[str, str | None]:
    """Return the ARN of each setting's key, None where AWS's own key is used; without a setting no call is made.

    Services show a key by its ARN even if it was set by an alias or id, and CloudWatch Logs accepts only the ARN.

    Raises:
        ConfigurationError: there is no such key, or it cannot be used for symmetric encryption now.
    """
    wanted = {"kms_key": config.kms_key, "logs.kms_key": config.logs.kms_key or config.kms_key}
    named = {value: setting for setting, value in reversed(wanted.items()) if value}
    arns = {value: _arn(aws, setting, value) for value, setting in named.items()}
    return {setting: arns[value] if value else None for setting, value in wanted.items()}


def database(aws: Aws, config: Config, records: Iterable[Record] = ()) -> ExistingDatabase | None:
    """Return the database of somebody else that `[database]` names; None if it names none.

    Raises:
        ConfigurationError: there is no such database, or tasks could not use it.
    """
    return existing_database.read(aws, config, records)


def assumed_database(config: Config) -> ExistingDatabase | None:
    """Return a placeholder for the database of somebody else, for commands that only read."""
    # it imports all steps, which a command on secrets does not need
    from provisioner.steps import offline

    return offline.existing_database(config)


def boundary(aws: Aws, config: Config, records: Iterable[Record] = ()) -> str | None:
    """Return the ARN of the permissions boundary of all roles; None if none is configured and none exists.

    An existing boundary is used without a setting, since callers with only the permissions of `provision policy` can
    neither create, change nor delete it.

    Raises:
        ConfigurationError: there is no such policy, or it could take permissions away from running tasks.
    """
    named, arn = config.account.boundary, boundary_arn(config, aws.account)
    if (policy := limits.policy_at(aws, arn)) is None:
        if named is None:
            return None
        raise ConfigurationError(
            f'account.boundary is "{named}", but account {aws.account} has no such policy: let an administrator make '
            "it, or use another; without the key it is the one of `provision policy --create-boundary`"
        )
    roles = (record for record in records if record.type == Role.type_name and record.id)
    without = [str(record.id) for record in roles if record.arguments.get("permissions_boundary") != arn]
    if named is None and any(boundary_of(aws, name) not in (None, arn) for name in without):
        _check_boundary(aws, config, policy)
    return arn


def _check_boundary(aws: Aws, config: Config, policy: Mapping[str, Any]) -> None:
    """Refuse a boundary that does not fit the configuration: it could take permissions from running tasks."""
    if not limits.up_to_date(config, limits.document_of(aws, policy), aws.account):
        raise ConfigurationError(
            f"{policy['Arn']} does not fit this configuration, and roles of running tasks are to have it: let an "
            "administrator run `provision policy --create-boundary`"
        )


def _arn(aws: Aws, setting: str, value: str) -> str:
    try:
        key = aws.client("kms").describe_key(KeyId=value)["KeyMetadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        raise ConfigurationError(
            f'{setting} is "{value}", but there is no such key in {aws.region}: create it first, or use another'
        ) from None
    if (state := key.get("KeyState")) != "Enabled":
        raise ConfigurationError(f'{setting} is "{value}", but that key is {state}: enable it, or use another')
    # only a key of this spec and usage encrypts for AWS's services (KMS API, CreateKey: KeySpec, KeyUsage)
    if (spec := key.get("KeySpec")) != "SYMMETRIC_DEFAULT" or key.get("KeyUsage") != "ENCRYPT_DECRYPT":
        raise ConfigurationError(
            f'{setting} is "{value}", but that key is {spec} for {key.get("KeyUsage")}: use a symmetric encryption '
            "key (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT)"
        )
    return str(key["Arn"])
