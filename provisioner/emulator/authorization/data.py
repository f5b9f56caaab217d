"""What RDS, CloudWatch Logs, Parameter Store and scaling ask for at their calls (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.ssm.models import ssm_backends

from provisioner.emulator.authorization.asked import Asked, requested
from provisioner.emulator.authorization.keys import used
from provisioner.emulator.authorization.policy import Check

# -- RDS ---------------------------------------------------------------------------------------------------------------

_RDS: Mapping[str, str] = {
    "DBClusterIdentifier": "cluster",
    "DBClusterParameterGroupName": "cluster-pg",
    "DBInstanceIdentifier": "db",
    "DBSubnetGroupName": "subgrp",
    "FinalDBSnapshotIdentifier": "cluster-snapshot",
}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "DescribeDBClusterParameterGroups": ("cluster-pg",),
    "DescribeDBClusterSnapshots": ("cluster", "cluster-snapshot"),
    "DescribeDBClusters": ("cluster",),
    "DescribeDBInstances": ("db",),
    "DescribeDBSubnetGroups": ("subgrp",),
}
_CREATED: Mapping[str, str] = {
    "CreateDBCluster": "DBClusterIdentifier",
    "CreateDBClusterParameterGroup": "DBClusterParameterGroupName",
    "CreateDBInstance": "DBInstanceIdentifier",
    "CreateDBSubnetGroup": "DBSubnetGroupName",
}
_KEY = ("DescribeKey", "CreateGrant", "Decrypt", "GenerateDataKey")
"""What CreateDBCluster asks for of a key (Service Authorization Reference, dependent actions)."""


def rds(asked: Asked) -> Iterator[Check]:
    """Yield what RDS asks for at one call."""
    operation, brought = asked.operation, asked.tags()
    named = {name: asked.arn(f"{sort}:{asked.text(name)}") for name, sort in _RDS.items() if asked.text(name)}
    if operation in _CREATED:
        for name, arn in named.items():
            new = name == _CREATED[operation]
            yield asked.check(arn, requested(brought)) if new else asked.existing(arn, requested(brought))
        yield from _defaults(asked)
        if brought:
            yield asked.check(named.get(_CREATED[operation], "*"), requested(brought), "rds:AddTagsToResource")
        if operation == "CreateDBCluster":
            yield from used(asked, asked.text("KmsKeyId"), "rds", _KEY, {})
    elif arn := asked.text("ResourceName"):
        yield asked.existing(arn, requested(brought))
    elif operation in _LISTS:
        whole = dict.fromkeys(_LISTS[operation], "*") | {_RDS[name]: asked.text(name) for name in named}
        for sort in _LISTS[operation]:
            yield asked.check(asked.arn(f"{sort}:{whole[sort]}"))
    else:
        final = ("rds:CreateDBClusterSnapshot",) if "FinalDBSnapshotIdentifier" in named else ()
        for arn in named.values() or ("*",):
            for action in ("", *final):
                yield asked.existing(arn, action=action) if named else asked.check()


def _defaults(asked: Asked) -> Iterator[Check]:
    """The groups that are taken when none is named."""
    engine = asked.text("Engine")
    if asked.operation in ("CreateDBCluster", "CreateDBInstance"):
        yield asked.check(asked.arn(f"og:default:{engine}-8-0"), requested(asked.tags()))
    if asked.operation == "CreateDBInstance":
        yield asked.check(asked.arn(f"pg:default.{engine}8.0"), requested(asked.tags()))


# -- CloudWatch Logs ---------------------------------------------------------------------------------------------------


def logs(asked: Asked) -> Iterator[Check]:
    """Yield what CloudWatch Logs asks for at one call. A group's own ARN goes on with its streams."""
    name = asked.text("logGroupName")
    if asked.operation == "CreateLogGroup":
        arn, brought = asked.arn(f"log-group:{name}:log-stream:"), asked.tags("tags")
        yield asked.check(arn, requested(brought))
        if brought:
            # API reference, CreateLogGroup: with tags
            yield asked.check(asked.arn(f"log-group:{name}"), requested(brought), "logs:TagResource")
    elif arn := asked.text("resourceArn"):
        yield asked.existing(arn, requested(asked.tags("tags")))
    elif name:
        yield asked.existing(asked.arn(f"log-group:{name}:log-stream:{asked.text('logStreamName')}"))
    else:
        yield asked.check()


# -- Parameter Store ---------------------------------------------------------------------------------------------------


def ssm(asked: Asked) -> Iterator[Check]:
    """Yield what Systems Manager asks for at one call about parameters."""
    names = asked.many("Names") or [name for name in [asked.text("Name") or asked.text("ResourceId")] if name]
    if asked.operation == "DescribeParameters" or not names:
        yield asked.check()
        return
    brought = requested(asked.tags("Tags"))
    for name in names:
        if name.startswith("/aws/"):
            # public parameters are of no account
            yield asked.check(f"arn:{asked.partition}:ssm:{asked.region}::parameter{name}")
            continue
        arn = asked.arn(f"parameter/{name.removeprefix('/')}")
        yield asked.existing(arn, brought)
        if asked.operation == "PutParameter" and asked.tags("Tags"):
            # API reference, PutParameter, Tags
            yield asked.check(arn, brought, "ssm:AddTagsToResource")
        yield from _encrypted(asked, name, arn)


def _encrypted(asked: Asked, name: str, arn: str) -> Iterator[Check]:
    """What is asked for of the key of a SecureString (KMS developer guide, services-parameter-store)."""
    key, action = "", "Encrypt"
    if asked.operation == "PutParameter" and asked.text("Type") == "SecureString":
        key = asked.text("KeyId")
    elif asked.body.get("WithDecryption"):
        there = ssm_backends[asked.account][asked.region].get_parameter(name)
        key, action = (there.keyid or "") if there else "", "Decrypt"
    yield from used(asked, key, "ssm", (action,), {"kms:EncryptionContext:PARAMETER_ARN": (arn,)})


# -- Application Auto Scaling ------------------------------------------------------------------------------------------

_ALARMS: Mapping[str, tuple[str, ...]] = {
    "PutScalingPolicy": ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"),
    "DeleteScalingPolicy": ("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"),
}
"""ECS developer guide, "IAM permissions required for Amazon ECS service auto scaling"."""


def scaling(asked: Asked) -> Iterator[Check]:
    """Yield what Application Auto Scaling asks for at one call, also of CloudWatch and of ECS."""
    if asked.operation.startswith("Describe"):
        yield asked.check()
        return
    context = {
        "application-autoscaling:service-namespace": (asked.text("ServiceNamespace"),),
        "application-autoscaling:scalable-dimension": (asked.text("ScalableDimension"),),
    }
    yield asked.check(asked.arn("scalable-target/*"), context)
    of = asked.text("ResourceId")
    alarm = asked.arn(f"alarm:TargetTracking-{of}-*", "cloudwatch")
    for action in _ALARMS.get(asked.operation, ()):
        yield asked.check(alarm, action=action)
    if asked.operation == "RegisterScalableTarget" and of.startswith("service/"):
        for action in ("ecs:DescribeServices", "ecs:UpdateService"):
            yield asked.check(asked.arn(of, "ecs"), action=action)
