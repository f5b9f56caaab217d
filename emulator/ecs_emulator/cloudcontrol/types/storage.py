"""Types that store data: DynamoDB tables, S3 buckets, secrets, SSM parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecs_emulator.cloudcontrol.on_behalf import Api
from ecs_emulator.cloudcontrol.schemas import Model
from ecs_emulator.cloudcontrol.types.handlers import (
    Handlers,
    changed,
    new_name,
    pairs,
    retag,
    some,
    tag_map,
    unless_gone,
)

# -- tables ------------------------------------------------------------------------------------------------------------

_TABLE = (
    "KeySchema", "AttributeDefinitions", "BillingMode", "ProvisionedThroughput", "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes", "DeletionProtectionEnabled", "StreamSpecification", "TableClass", "Tags",
)  # fmt: skip
_BACKUPS = "PointInTimeRecoverySpecification"


def _read_table(api: Api, name: str) -> Model | None:
    shown = unless_gone(lambda: api("dynamodb").describe_table(TableName=name))
    if shown is None:
        return None
    table = shown["Table"]
    backups = api("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    throughput = some(table.get("ProvisionedThroughput", {}), ("ReadCapacityUnits", "WriteCapacityUnits"))
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    tags = api("dynamodb").list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    return {
        "TableName": name,
        "Arn": table["TableArn"],
        **some(table, ("KeySchema", "AttributeDefinitions", "StreamSpecification")),
        "StreamArn": table.get("LatestStreamArn"),
        "BillingMode": mode,
        "ProvisionedThroughput": throughput if mode == "PROVISIONED" else None,
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        _BACKUPS: {"PointInTimeRecoveryEnabled": status == "ENABLED"},
        "Tags": tags or None,
    }


def _create_table(api: Api, model: Model) -> str:
    name = new_name(model, "TableName")
    api("dynamodb").create_table(TableName=name, **_streams(some(model, _TABLE)))
    if _BACKUPS in model:
        api("dynamodb").update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=model[_BACKUPS])
    return name


def _streams(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table's settings for the API, which needs StreamEnabled in a StreamSpecification."""
    if "StreamSpecification" not in settings:
        return dict(settings)
    return {**settings, "StreamSpecification": {"StreamEnabled": True, **settings["StreamSpecification"]}}


def _update_table(api: Api, name: str, before: Model, after: Model) -> None:
    names = ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled", "StreamSpecification")
    if settings := _streams(changed(before, after, names)):
        api("dynamodb").update_table(TableName=name, **settings)
    if backups := changed(before, after, [_BACKUPS]):
        api("dynamodb").update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=backups[_BACKUPS])
    retag(
        before,
        after,
        lambda tags: api("dynamodb").tag_resource(ResourceArn=before["Arn"], Tags=pairs(tags)),
        lambda keys: api("dynamodb").untag_resource(ResourceArn=before["Arn"], TagKeys=keys),
    )


# -- buckets -----------------------------------------------------------------------------------------------------------

_VERSIONING, _BLOCK, _ENCRYPTION = "VersioningConfiguration", "PublicAccessBlockConfiguration", "BucketEncryption"


def _read_bucket(api: Api, name: str) -> Model | None:
    s3 = api("s3")
    if unless_gone(lambda: s3.head_bucket(Bucket=name)) is None:
        return None
    versioning = s3.get_bucket_versioning(Bucket=name).get("Status")
    block = unless_gone(lambda: s3.get_public_access_block(Bucket=name)) or {}
    tags = unless_gone(lambda: s3.get_bucket_tagging(Bucket=name)) or {}
    region = s3.meta.region_name
    return {
        "BucketName": name,
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        _VERSIONING: {"Status": versioning} if versioning else None,
        _BLOCK: block.get(_BLOCK),
        _ENCRYPTION: _read_encryption(api, name),
        "Tags": tags.get("TagSet") or None,
    }


def _read_encryption(api: Api, name: str) -> dict[str, Any] | None:
    shown = unless_gone(lambda: api("s3").get_bucket_encryption(Bucket=name))
    if shown is None:
        return None
    renamed = {"ApplyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault"}
    rules = shown["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "ServerSideEncryptionConfiguration": [{renamed.get(key, key): it for key, it in rule.items()} for rule in rules]
    }


def _create_bucket(api: Api, model: Model) -> str:
    name, region = new_name(model, "BucketName"), api("s3").meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    api("s3").create_bucket(Bucket=name, **where)
    _update_bucket(api, name, {}, model)
    return name


def _update_bucket(api: Api, name: str, before: Model, after: Model) -> None:
    s3 = api("s3")
    if one := changed(before, after, [_VERSIONING]):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=one[_VERSIONING])
    elif _VERSIONING in before and _VERSIONING not in after:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    if one := changed(before, after, [_BLOCK]):
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=one[_BLOCK])
    elif _BLOCK in before and _BLOCK not in after:
        s3.delete_public_access_block(Bucket=name)
    if one := changed(before, after, [_ENCRYPTION]):
        renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
        rules = one[_ENCRYPTION]["ServerSideEncryptionConfiguration"]
        content = {"Rules": [{renamed.get(key, key): it for key, it in rule.items()} for rule in rules]}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=content)
    if tag_map(before.get("Tags")) != tag_map(after.get("Tags")):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": after.get("Tags") or []})


# -- secrets -----------------------------------------------------------------------------------------------------------


def _read_secret(api: Api, arn: str) -> Model | None:
    found = unless_gone(lambda: api("secretsmanager").describe_secret(SecretId=arn))
    if found is None or found.get("DeletedDate"):
        return None
    settings = some(found, ("Name", "Description", "KmsKeyId"))
    return {"Id": found["ARN"], **settings, "Tags": found.get("Tags") or None}


def _generated(api: Api, how: Mapping[str, Any]) -> str:
    key, template = how.get("GenerateStringKey"), how.get("SecretStringTemplate")
    options = {name: value for name, value in how.items() if name not in ("GenerateStringKey", "SecretStringTemplate")}
    drawn = str(api("secretsmanager").get_random_password(**options)["RandomPassword"])
    return json.dumps({**json.loads(template or "{}"), key: drawn}) if key else drawn


def _value(api: Api, model: Model) -> dict[str, str]:
    """Return a secret's value from its model, given or generated; empty if the model has neither."""
    if "SecretString" in model:
        return {"SecretString": model["SecretString"]}
    return {"SecretString": _generated(api, model["GenerateSecretString"])} if "GenerateSecretString" in model else {}


def _create_secret(api: Api, model: Model) -> str:
    settings = some(model, ("Description", "KmsKeyId", "Tags"))
    name = new_name(model, "Name")
    return str(api("secretsmanager").create_secret(Name=name, **settings, **_value(api, model))["ARN"])


def _update_secret(api: Api, arn: str, before: Model, after: Model) -> None:
    settings = {"Description": after.get("Description", "")} if _otherwise(before, after, "Description") else {}
    settings |= changed(before, after, ["KmsKeyId"]) | _value(api, after)
    if settings:
        api("secretsmanager").update_secret(SecretId=arn, **settings)
    retag(
        before,
        after,
        lambda tags: api("secretsmanager").tag_resource(SecretId=arn, Tags=pairs(tags)),
        lambda keys: api("secretsmanager").untag_resource(SecretId=arn, TagKeys=keys),
    )


def _otherwise(before: Model, after: Model, name: str) -> bool:
    return bool(before.get(name) != after.get(name))


# -- parameters --------------------------------------------------------------------------------------------------------

_PARAMETER = {"ResourceType": "Parameter"}


def _read_parameter(api: Api, name: str) -> Model | None:
    shown = unless_gone(lambda: api("ssm").get_parameters(Names=[name])["Parameters"])
    if not shown:
        return None
    found = shown[0]
    tags = api("ssm").list_tags_for_resource(**_PARAMETER, ResourceId=name)["TagList"]
    settings = {"Type": found["Type"], "Value": found["Value"], "DataType": found.get("DataType", "text")}
    return {"Name": found["Name"], **settings, "Tags": tag_map(tags) or None}


def _create_parameter(api: Api, model: Model) -> str:
    name = new_name(model, "Name")
    settings = some(model, ("Value", "Type", "Description", "Tier", "AllowedPattern", "DataType", "Policies"))
    api("ssm").put_parameter(Name=name, **settings, Tags=pairs(model.get("Tags") or {}))
    return name


def _update_parameter(api: Api, name: str, before: Model, after: Model) -> None:
    hidden = some(after, ("Description", "Tier", "AllowedPattern", "Policies"))
    if hidden or changed(before, after, ("Value", "Type", "DataType")):
        settings = some(after, ("Value", "Type", "DataType")) | hidden
        api("ssm").put_parameter(Name=name, Overwrite=True, **settings)
    retag(
        before,
        after,
        lambda tags: api("ssm").add_tags_to_resource(**_PARAMETER, ResourceId=name, Tags=pairs(tags)),
        lambda keys: api("ssm").remove_tags_from_resource(**_PARAMETER, ResourceId=name, TagKeys=keys),
    )


def _parameters(api: Api) -> list[str]:
    pages = api("ssm").get_paginator("describe_parameters").paginate()
    return [one["Name"] for page in pages for one in page["Parameters"]]


TYPES: Mapping[str, Handlers] = {
    "AWS::DynamoDB::Table": Handlers(
        _create_table,
        _read_table,
        _update_table,
        lambda api, name, model: api("dynamodb").delete_table(TableName=name),
        lambda api: api("dynamodb").list_tables()["TableNames"],
        # find an existing table: CreateTable would report it as in use, not as AlreadyExists
        lambda api, model: str(model.get("TableName", "")),
    ),
    "AWS::S3::Bucket": Handlers(
        _create_bucket,
        _read_bucket,
        _update_bucket,
        lambda api, name, model: api("s3").delete_bucket(Bucket=name),
        lambda api: [one["Name"] for one in api("s3").list_buckets()["Buckets"]],
        # find an existing bucket: in us-east-1, CreateBucket of the account's own bucket succeeds without effect
        lambda api, model: str(model.get("BucketName", "")),
    ),
    "AWS::SecretsManager::Secret": Handlers(
        _create_secret,
        _read_secret,
        _update_secret,
        # assumption: no recovery window; no document of the type says how its handler deletes
        lambda api, arn, model: api("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True),
        lambda api: [one["ARN"] for one in api("secretsmanager").list_secrets()["SecretList"]],
    ),
    "AWS::SSM::Parameter": Handlers(
        _create_parameter,
        _read_parameter,
        _update_parameter,
        lambda api, name, model: api("ssm").delete_parameter(Name=name),
        _parameters,
    ),
}
