"""Permissions for the options that are off by default: keys, flow logs, exported logs, access logs, web ACLs.

Each is wanted by a configuration that sets its option. One that is switched off again is taken away with the policy of
before, as everything that leaves a configuration is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provisioner.config.models import Config
from provisioner.permissions.containers import LOGS, log_groups
from provisioner.permissions.model import ASKED, OURS, TAGS_AT_ONCE, Conditions, Permission, Use, creating, grants

_KEY, _LOGS_KEY = "`kms_key`", "`[logs] kms_key`"
_FLOW, _EXPORTED = "`[network] flow_logs`", "`[database] logs`"
_ACCESS, _ACL = "`[load_balancer] access_logs`", "`[load_balancer] waf_acl`"
_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/"
_ECR_KEYS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html"
_SSM_KEYS = "https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html"
_FLOW_ROLE = "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"
_WAF = "https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_service-with-iam.html"
_FLOW_GROUP, _EXPORTED_GROUPS = "log-group:/vpc/{stack}/*", "log-group:/aws/rds/cluster/{stack}/*"
_GROUPS = (*LOGS, _FLOW_GROUP, _EXPORTED_GROUPS)
_BUCKET = "{stack}-{account}-{region}-logs"
_BALANCER = "loadbalancer/app/{stack}/*"
_BALANCER_ARN = "arn:{partition}:elasticloadbalancing:{region}:{account}:" + _BALANCER
_LOG_MADE = creating("ec2:CreateAction", "CreateFlowLogs")
OF_PARAMETERS: Conditions = (
    (
        "StringLike",
        "kms:EncryptionContext:PARAMETER_ARN",
        ("arn:{partition}:ssm:{region}:{account}:parameter/{stack}/*",),
    ),
)
"""For this stack's parameters only, whose ARN Parameter Store gives KMS as the encryption context."""


def flow_logs(config: Config) -> bool:
    """The VPC has a flow log."""
    return config.network.flow_logs


def main_key(config: Config) -> str | None:
    """The key of all that is kept."""
    return config.kms_key


def _logs_keyed(config: Config) -> bool:
    return (config.logs.kms_key or config.kms_key) is not None


def _logs_key(config: Config) -> str | None:
    """The key of the logs, if it is one by itself."""
    return config.logs.kms_key if config.logs.kms_key != config.kms_key else None


def _exported(config: Config) -> bool:
    return bool(config.database.logs)


def _access_logs(config: Config) -> bool:
    return config.load_balancer.access_logs


def _acl(config: Config) -> bool:
    return config.load_balancer.waf_acl is not None


def _via(*services: str) -> Conditions:
    """A service does it for the caller (KMS developer guide, kms:ViaService), whatever the domain ends with."""
    return (("StringLike", "kms:ViaService", tuple(f"{name}.{{region}}.amazonaws.com*" for name in services)),)


def on_key(
    setting: Callable[[Config], str | None],
    name: str,
    actions: str,
    *,
    conditions: Conditions = (),
    use: Use = Use.OPTION,
    why: str,
    source: str = "",
) -> Iterator[Permission]:
    """Yield rows on the key of a setting: by its ARN, or where that is an alias, on the key that has the alias.

    No policy can name an alias as the resource of what is done with a key (KMS developer guide, alias-authorization).
    """
    of_alias = ("ForAnyValue:StringEquals", "kms:ResourceAliases", (f"{{{name}_alias}}",))
    for more, by_alias in (((), False), ((of_alias,), True)):

        def wanted(config: Config, by_alias: bool = by_alias) -> bool:
            named = setting(config)
            return named is not None and ("alias/" in named) is by_alias

        yield from grants(
            "kms",
            actions,
            f"{{{name}}}",
            conditions=(*conditions, *more),
            use=use,
            why=why,
            source=source,
            wanted=wanted,
        )


KEYS: tuple[Permission, ...] = (
    *on_key(main_key, "key", "DescribeKey", why=_KEY),
    *on_key(_logs_key, "logs_key", "DescribeKey", why=_LOGS_KEY),
    *grants(
        "logs",
        "AssociateKmsKey DisassociateKmsKey",
        *_GROUPS,
        use=Use.OPTION,
        why=f"{_KEY}, {_LOGS_KEY}",
        wanted=_logs_keyed,
    ),
    *on_key(
        main_key,
        "key",
        "CreateGrant RetireGrant",
        conditions=_via("ecr"),
        use=Use.IMPLIED,
        why="CreateRepository and DeleteRepository with a key",
        source=_ECR_KEYS,
    ),
    *on_key(
        main_key,
        "key",
        "CreateGrant Decrypt GenerateDataKey",
        conditions=_via("rds"),
        use=Use.IMPLIED,
        why="CreateDBCluster with a key",
        source=_REFERENCE + "list_amazonrds.html",
    ),
    *on_key(
        main_key,
        "key",
        "Encrypt Decrypt",
        conditions=(*_via("ssm"), *OF_PARAMETERS),
        use=Use.IMPLIED,
        why="PutParameter and GetParameter with a key",
        source=_SSM_KEYS,
    ),
)

FLOW_LOGS: tuple[Permission, ...] = (
    *grants("ec2", "DescribeFlowLogs", use=Use.OPTION, why=_FLOW, wanted=flow_logs),
    *grants("ec2", "CreateFlowLogs", "vpc-flow-log/*", conditions=ASKED, use=Use.OPTION, why=_FLOW, wanted=flow_logs),
    *grants("ec2", "CreateFlowLogs", "vpc/*", conditions=OURS, use=Use.OPTION, why=_FLOW, wanted=flow_logs),
    *grants("ec2", "CreateTags", "vpc-flow-log/*", conditions=_LOG_MADE, use=Use.OPTION, why=_FLOW, wanted=flow_logs),
    *grants("ec2", "DeleteFlowLogs", "vpc-flow-log/*", conditions=OURS, use=Use.OPTION, why=_FLOW, wanted=flow_logs),
    *grants(
        "iam",
        "PassRole",
        "role{role_path}{stack}-flow-logs",
        conditions=(("StringEquals", "iam:PassedToService", ("vpc-flow-logs.amazonaws.com",)),),
        use=Use.IMPLIED,
        why="CreateFlowLogs",
        source=_FLOW_ROLE,
        wanted=flow_logs,
    ),
)


LOG_GROUPS: tuple[Permission, ...] = (
    *log_groups(_FLOW_GROUP, use=Use.OPTION, why=_FLOW, wanted=flow_logs),
    *log_groups(_EXPORTED_GROUPS, use=Use.OPTION, why=_EXPORTED, wanted=_exported),
)

ACCESS_LOGS: tuple[Permission, ...] = (
    *grants(
        "s3",
        "GetBucketTagging GetBucketPolicy GetLifecycleConfiguration GetEncryptionConfiguration "
        "GetBucketPublicAccessBlock",
        _BUCKET,
        use=Use.OPTION,
        why=_ACCESS,
        wanted=_access_logs,
    ),
    # only `down` lists what is in it
    *grants("s3", "ListBucketVersions", _BUCKET, use=Use.OPTION, why=_ACCESS, wanted=_access_logs, reader=False),
    *grants("s3", "CreateBucket", _BUCKET, conditions=ASKED, use=Use.OPTION, why=_ACCESS, wanted=_access_logs),
    *grants("s3", "TagResource", _BUCKET, conditions=ASKED, **TAGS_AT_ONCE, wanted=_access_logs),
    *grants(
        "s3",
        "PutBucketOwnershipControls",
        _BUCKET,
        use=Use.IMPLIED,
        why="CreateBucket that switches access lists off",
        source="https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html",
        wanted=_access_logs,
    ),
    *grants(
        "s3",
        "PutBucketPolicy PutLifecycleConfiguration PutEncryptionConfiguration PutBucketPublicAccessBlock DeleteBucket",
        _BUCKET,
        use=Use.OPTION,
        why=_ACCESS,
        wanted=_access_logs,
    ),
    *grants("s3", "PutBucketTagging", _BUCKET, use=Use.OTHER, why="import", wanted=_access_logs),
    *grants("s3", "DeleteObject DeleteObjectVersion", f"{_BUCKET}/*", use=Use.OPTION, why=_ACCESS, wanted=_access_logs),
)

WEB_ACL: tuple[Permission, ...] = (
    # also of one that somebody else has put in the place of ours
    *grants("wafv2", "GetWebACL", "regional/webacl/*", use=Use.OPTION, why=_ACL, wanted=_acl),
    *grants(
        "wafv2",
        "GetWebACLForResource",
        *("regional/webacl/*", _BALANCER_ARN),
        use=Use.OPTION,
        why=_ACL,
        wanted=_acl,
    ),
    *grants("wafv2", "AssociateWebACL", "{acl}", _BALANCER_ARN, use=Use.OPTION, why=_ACL, wanted=_acl),
    # the reference has it on the load balancer, AWS's managed policies on web ACLs
    *grants(
        "wafv2",
        "DisassociateWebACL",
        *("regional/webacl/*", _BALANCER_ARN),
        use=Use.OPTION,
        why=_ACL,
        wanted=_acl,
    ),
    *grants(
        "elasticloadbalancing",
        "GetLoadBalancerWebACL",
        _BALANCER,
        use=Use.IMPLIED,
        why="GetWebACLForResource",
        source=_WAF,
        wanted=_acl,
    ),
    *grants(
        "elasticloadbalancing",
        "CreateWebACLAssociation DeleteWebACLAssociation SetWebAcl",
        _BALANCER,
        use=Use.IMPLIED,
        why="AssociateWebACL, DisassociateWebACL",
        source=_WAF,
        wanted=_acl,
    ),
)

OPTIONS = (*KEYS, *FLOW_LOGS, *LOG_GROUPS, *ACCESS_LOGS, *WEB_ACL)
