"""The table of permissions: complete for the source's calls; policies within IAM's limits; documents up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from pydantic import ValidationError

from ecs_emulator.authorization.policy import Check, Decision, Statement, decide, read
from provisioner.aws.permissions import Part, Use
from provisioner.config.buckets import READING, READING_VERSIONS, WRITING
from provisioner.config.models import Config
from provisioner.config.queues import RECEIVING, SENDING
from provisioner.config.topics import PUBLISHING
from provisioner.config.volumes import MOUNT, WRITE
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.planning import step_run
from provisioner.permissions.boundary import MAKING, boundary
from provisioner.permissions.document import DOCUMENT, named, written
from provisioner.permissions.policy import LARGEST, document, size, statements
from provisioner.permissions.printed import part_of, printed
from provisioner.permissions.table import FREE, TABLE, needed
from provisioner.resources.iam import Role
from tests.unit.steps.test_capacity_steps import FACTS

ROOT = Path(__file__).parents[3]
CALLED, NAMED = re.compile(r"\.([a-z]\w+)\("), re.compile(r'"([a-z]\w+_\w+)"')
"""A method that is called, or is named for a paginator or a shared read."""
SERVICES = {
    "acm": "acm", "application-autoscaling": "application-autoscaling", "autoscaling": "autoscaling",
    "cloudformation": "cloudformation", "cloudfront": "cloudfront",
    "cloudwatch": "cloudwatch", "ec2": "ec2", "ecr": "ecr", "ecs": "ecs", "efs": "elasticfilesystem",
    "elasticache": "elasticache",
    "events": "events", "elbv2": "elasticloadbalancing", "iam": "iam", "kms": "kms", "logs": "logs",
    "organizations": "organizations", "pricing": "pricing",
    "rds": "rds", "resourcegroupstaggingapi": "tag", "route53": "route53", "scheduler": "scheduler",
    "secretsmanager": "secretsmanager", "servicediscovery": "servicediscovery", "sns": "sns", "sqs": "sqs",
    "ssm": "ssm",
    "stepfunctions": "states",
    "service-quotas": "servicequotas", "sts": "sts", "wafv2": "wafv2",
}  # fmt: skip
"""boto3's names of the services, and the prefixes of their actions. S3's actions are named otherwise than its calls."""


Called = tuple[str, str, set[str]]
PUSHES = {
    "ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:GetAuthorizationToken",
    "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
}  # fmt: skip
OWN = "1" * 12 + ".dkr.ecr.ap-northeast-1.amazonaws.com/web:1"


def configured(**more: Any) -> Config:
    return Config.model_validate({"services": {"web": {"image": OWN, "port": 80}}, **more})


def actions(config: Config, **more: Any) -> set[str]:
    return {it.name for it in needed(config, **more)}


@cache
def _operations(service: str) -> dict[str, str]:
    """Return a service's operations by boto3's names."""
    model = botocore.session.Session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


def _called(
    room: Path = ROOT / "provisioner", apart: Collection[str] = ("permissions", "migration", "ci")
) -> Iterator[Called]:
    """Yield each called operation that the source names, with its file and the actions that it may mean.

    The reads of `init --from` are in no policy of a stack, but in docs/moving.md. An administrator creates a pipeline's
    roles (docs/ci.md).
    """
    for path in room.rglob("*.py"):
        if not set(apart).isdisjoint(path.relative_to(room).parts):
            continue
        whole = path.read_text()
        # rules of a security group are changed by calls that are named for their direction
        text = "".join(whole.replace("{direction}", way) for way in ("ingress", "egress"))
        services = [name for name in SERVICES if f'"{name}"' in text]
        for word in {*CALLED.findall(text), *NAMED.findall(text)}:
            found = {f"{SERVICES[it]}:{_operations(it)[word]}" for it in services if word in _operations(it)}
            found = {it.removesuffix("WithTags") for it in found}  # CreateDistributionWithTags has no action of its own
            if found:
                yield f"{path.name}: {word}", word, found


def test_every_call_of_the_source_is_in_the_table() -> None:
    # resources with tags are tagged by calls of their own API, except types that are not the tool's
    known = {it.name for it in (*TABLE, *MAKING)} | FREE | {"tag:TagResources", "tag:UntagResources"}
    calls = list(_called())
    assert len(calls) > 150
    assert [where for where, _, found in calls if not found & known] == []


def test_what_init_reads_is_in_the_policy_of_its_document() -> None:
    text = (ROOT / "docs" / "moving.md").read_text(encoding="utf-8")
    (policy,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (statement,) = json.loads(policy)["Statement"]
    for_copilot = re.findall(r"`(\w+:\w+)`", text.partition("For `--from copilot` also")[2].partition("\n")[0])
    called = {name for _, _, found in _called(ROOT / "provisioner" / "migration") for name in found}
    # by the room that reads a VPC for other commands as well
    assert {*statement["Action"], *for_copilot} == {*called, "ec2:DescribeRouteTables"}


def test_every_action_of_the_table_is_called_in_the_source() -> None:
    called = {name for _, _, found in _called() for name in found}
    said = {it.name for it in TABLE if it.use is not Use.IMPLIED and it.service != "s3"} | FREE
    assert said - called == set()


def test_nobody_is_allowed_to_change_the_boundary() -> None:
    assert {it.name for it in TABLE} & {it.name for it in MAKING} == set()
    assert {it.name for it in TABLE if "PermissionsBoundary" in it.name} == {"iam:PutRolePermissionsBoundary"}


def test_every_implied_action_says_why_and_names_its_source() -> None:
    implied = [it for it in TABLE if it.use is Use.IMPLIED]
    assert len(implied) > 20
    assert [it.name for it in implied if not it.why or not it.source.startswith("https://docs.aws.amazon.com/")] == []
    assert [it.name for it in TABLE if it.use in (Use.OPTION, Use.OTHER) and not it.why] == []


def test_no_row_is_there_twice() -> None:
    rows = [(it.name, it.resources, it.conditions, it.reader, it.parts) for it in TABLE]
    assert len(rows) == len(set(rows))


def test_the_documents_tables_are_what_the_table_says() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert written(text) == text, "run `python -m provisioner.permissions.document`"
    assert named(Use.LIFE) & (named(Use.OTHER) | named(Use.OPTION)) == set()
    with pytest.raises(ValueError, match="marks are missing"):
        written("no tables")


ACL = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/example/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALL_ON: dict[str, Any] = {
    "kms_key": KEY,
    "logs": {"kms_key": "alias/logs"},
    "network": {"flow_logs": True},
    "database": {"readers": 2, "iam_authentication": True, "logs": ["error"]},
    "load_balancer": {"access_logs": True, "waf_acl": ACL},
    "buckets": {"uploads": {"versions": True}},
    "queues": {"work": {}},
    "topics": {"orders": {"queues": ["work"]}},
    "volumes": {"media": {}},
}
FLOW_GROUP = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/vpc/ecs-sample-dev/flow-logs"
FILE_SYSTEM = "arn:aws:elasticfilesystem:ap-northeast-1:123456789012:file-system/fs-0123456789abcdef0"
TAGS = {
    f"aws:ResourceTag/{key}": (value,)
    for key, value in {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner"}.items()
}
LONG = {"project": "a" * 20, "env": "b" * 7, "dns": {"domain": "x" * 48 + ".example.com"}}


@pytest.mark.parametrize("more", [{}, LONG, ALL_ON, LONG | ALL_ON])
@pytest.mark.parametrize("read_only", [False, True])
def test_policies_fit_into_what_iam_takes(more: Any, read_only: bool) -> None:
    config = configured(state={"bucket": "some-states"}, protect=True, **more)
    found = printed(config, read_only=read_only, boundary=False, account="123456789012")
    assert 1 <= len(found) <= 10, "IAM attaches 10 to a role"
    assert all(size(it) <= LARGEST for it in found.values())
    said = {action for it in found.values() for one in it["Statement"] for action in _list(one["Action"])}
    assert said == actions(config, read_only=read_only)


@pytest.mark.parametrize("more", [{}, ALL_ON])
def test_the_boundary_is_one_policy(more: Any) -> None:
    found = printed(configured(**more), read_only=False, boundary=True, account=None)
    assert list(found) == ["ecs-sample-dev-boundary"]
    assert size(found["ecs-sample-dev-boundary"]) <= LARGEST
    assert not any(it.name.startswith("iam:") for it in boundary(configured(**more)))


@pytest.mark.parametrize("key", [KEY, "alias/example"])
def test_the_boundary_lets_roles_do_what_their_policies_say(key: str) -> None:
    services = {"web": {"image": OWN, "port": 80, "database": True, "exec": True, "launch": "ec2"}}
    using = {
        "web": {
            **services["web"],
            "buckets": ["uploads"],
            "queues": ["work"],
            "topics": ["orders"],
            "volumes": {"media": "/srv/media"},
        }
    }
    config = configured(services=using, **ALL_ON | {"kms_key": key})
    facts = replace(FACTS, account="123456789012", region=config.region, kms_key=KEY, logs_key=KEY)
    declared = [
        it.resource for it in step_run.declare(config, facts).declared.values() if isinstance(it.resource, Role)
    ]
    said = [one for role in declared for policy in role.inline_policies.values() for one in policy["Statement"]]
    assert {role.role_name.removeprefix("ecs-sample-dev-") for role in declared} == {
        "instance", "execution-web", "task-web", "flow-logs"
    }  # fmt: skip
    checks = [check for one in said for check in _checks(one, key)]
    in_stores = {*READING, *READING_VERSIONS, *WRITING, *SENDING, *RECEIVING, *PUBLISHING, MOUNT, WRITE}
    in_stores |= {"kms:Decrypt", "kms:GenerateDataKey"}
    assert in_stores | {"rds-db:connect", "ssm:GetParameters", "logs:PutLogEvents"} < {it.action for it in checks}
    most = _read(boundary(config, "123456789012"))
    assert [it for it in checks if decide(most, it) is not Decision.ALLOWED] == []
    off = _read(boundary(configured(services=services, database={}), "123456789012"))
    assert {it.action for it in checks if decide(off, it) is not Decision.ALLOWED} == {
        "kms:Decrypt", "rds-db:connect", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
        "logs:PutLogEvents", *in_stores,
    }  # fmt: skip


def _checks(said: dict[str, Any], alias: str) -> Iterator[Check]:
    """Yield the checks that a statement allows at most, for a key with an alias."""
    conditions = {name: value for one in said.get("Condition", {}).values() for name, value in one.items()}
    contexts = [
        {name: (value,) for name, value in zip(conditions, values, strict=True)}
        for values in product(*map(_list, conditions.values()))
    ]
    for action in _list(said["Action"]):
        for resource, context in product(_list(said["Resource"]), contexts):
            arn = str(resource).replace("${log_group/flow-logs:arn}", FLOW_GROUP)
            arn = arn.replace("${file_system/media:arn}", FILE_SYSTEM)
            yield Check(action, arn, {**context, **TAGS, "kms:ResourceAliases": (alias,)})


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_first_policy_only_reads() -> None:
    config = configured()
    reads, first = (
        next(iter(printed(config, read_only=it, boundary=False, account=None).values())) for it in (True, False)
    )
    assert reads["Statement"] == first["Statement"][: len(reads["Statement"])]
    assert not [it.name for it in needed(config, read_only=True) if it.writes]


def test_reading_alone_gives_no_password_and_no_registry_key() -> None:
    config = configured(services={"web": {"build": "app", "port": 80}})
    statements_ = _read(needed(config, account="1" * 12, read_only=True))
    password = Check(
        "ssm:GetParameter", f"arn:aws:ssm:ap-northeast-1:{'1' * 12}:parameter/ecs-sample-dev/database/password"
    )
    image = Check("ssm:GetParameter", "arn:aws:ssm:ap-northeast-1::parameter/aws/service/ecs/optimized-ami/x")
    assert decide(statements_, password) is Decision.NOT_ALLOWED
    assert decide(statements_, image) is Decision.ALLOWED
    assert decide(_read(needed(config, account="1" * 12)), password) is Decision.ALLOWED
    assert "ecr:GetAuthorizationToken" not in actions(config, read_only=True)
    assert "ecr:GetAuthorizationToken" in actions(config)


def _read(permissions: Any) -> list[Statement]:
    return read("policy", json.dumps(document(statements(permissions))))


@pytest.mark.parametrize(
    ("more", "only"),
    [
        ({"account": {"trunking": True}}, {"ecs:PutAccountSettingDefault", "ec2:DeleteTags"}),
        ({"account": {"trunking": False, "bulk_roles": True}}, {"iam:GetAccountAuthorizationDetails"}),
        (
            {"services": {"web": {"image": "1" * 12 + ".dkr.ecr.us-east-1.amazonaws.com/web:1", "port": 80}}},
            {*PUSHES, "ecr:GetDownloadUrlForLayer"},
        ),
        ({"services": {"web": {"image": "nginx:1", "port": 80}}}, PUSHES),
        (
            {"state": {"bucket": "some-states"}},
            {"s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"}
            | {f"s3:GetBucket{it}" for it in ("OwnershipControls", "Policy", "PublicAccessBlock", "Tagging")}
            | {"s3:GetBucketVersioning", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration"},
        ),
        (
            {"services": {"web": {"build": "app", "port": 80}}},
            PUSHES,
        ),
        (
            {"kms_key": KEY},
            {f"kms:{it}" for it in ("CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey")}
            | {"kms:RetireGrant", "logs:AssociateKmsKey", "logs:DisassociateKmsKey"},
        ),
        (
            {"logs": {"kms_key": "alias/logs"}},
            {"kms:DescribeKey", "logs:AssociateKmsKey", "logs:DisassociateKmsKey"},
        ),
        ({"network": {"flow_logs": True}}, {f"ec2:{it}FlowLogs" for it in ("Create", "Delete", "Describe")}),
        ({"database": {"readers": 2, "backup_days": 9, "iam_authentication": True, "logs": ["error"]}}, set()),
        (
            {"load_balancer": {"waf_acl": ACL}},
            {f"wafv2:{it}" for it in ("AssociateWebACL", "DisassociateWebACL", "GetWebACL", "GetWebACLForResource")}
            | {f"elasticloadbalancing:{it}WebACLAssociation" for it in ("Create", "Delete")}
            | {"elasticloadbalancing:GetLoadBalancerWebACL", "elasticloadbalancing:SetWebAcl"},
        ),
    ],
)  # fmt: skip
def test_what_the_configuration_does_not_want_is_not_asked_for(more: dict[str, Any], only: set[str]) -> None:
    least = {"account": {"trunking": False}, "protect": False}
    assert actions(configured(**least | more)) - actions(configured(**least)) == only


@pytest.mark.slow
def test_what_an_option_takes_is_limited_to_what_is_the_stacks() -> None:
    config = configured(**ALL_ON)
    more = [it for it in needed(config, account="1" * 12) if it not in needed(configured(), account="1" * 12)]
    everywhere = {it.name for it in more if it.resources == ("*",)}
    assert len(more) > 40
    of_subscriptions = {f"sns:{it}" for it in ("GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe")}
    assert everywhere == {
        *("ec2:DescribeFlowLogs", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
        *("elasticfilesystem:CreateFileSystem", "elasticfilesystem:DescribeFileSystems"),
        *of_subscriptions,
    }
    bucket = f"arn:aws:s3:::ecs-sample-dev-{'1' * 12}-ap-northeast-1-*"
    assert {arn for it in more if it.service == "s3" for arn in it.resources} == {bucket, f"{bucket}/*"}
    (any_key,) = [it for it in more if it.service == "kms" and it.resources != (KEY,)]
    assert any_key.resources == (f"arn:aws:kms:ap-northeast-1:{'1' * 12}:key/*",)
    assert any_key.conditions == (("ForAnyValue:StringEquals", "kms:ResourceAliases", ("alias/logs",)),)


def test_an_alias_of_another_account_is_one_of_its_keys() -> None:
    alias = KEY.rpartition(":")[0].replace("123456789012", "2" * 12) + ":alias/shared/key"
    (row,) = [it for it in needed(configured(kms_key=alias), account="1" * 12) if it.name == "kms:DescribeKey"]
    assert row.resources == (f"arn:aws:kms:ap-northeast-1:{'2' * 12}:key/*",)
    assert row.conditions == (("ForAnyValue:StringEquals", "kms:ResourceAliases", ("alias/shared/key",)),)


def test_spot_takes_a_role_and_requests_of_its_own() -> None:
    spot, on_demand = (needed(configured(capacity={"spot": it})) for it in (True, False))
    more = {(it.name, it.resources) for it in spot} - {(it.name, it.resources) for it in on_demand}
    assert more == {("ec2:RunInstances", ("arn:aws:ec2:ap-northeast-1:*:spot-instances-request/*",))}
    services = [it.conditions for it in spot if it.name == "iam:CreateServiceLinkedRole"]
    assert len(services) == 2
    assert "spot.amazonaws.com" in str(services)


# of the Service Authorization Reference; the life under the policy has neither a bucket nor protection
BUCKET = "arn:aws:s3:::some-states"
SNAPSHOT = "arn:aws:rds:ap-northeast-1:123456789012:cluster"
NOT_IN_THE_LIFE = [
    Check("s3:ListBucket", BUCKET),
    Check("s3:GetObject", f"{BUCKET}/ecs-sample-dev/state.json"),
    Check("s3:PutObject", f"{BUCKET}/ecs-sample-dev/journal/1/1.json"),
    Check("s3:DeleteObject", f"{BUCKET}/ecs-sample-dev/lock.json"),
    Check("rds:CreateDBClusterSnapshot", f"{SNAPSHOT}:ecs-sample-dev"),
    Check("rds:CreateDBClusterSnapshot", f"{SNAPSHOT}-snapshot:ecs-sample-dev-final-20261126-120000"),
    Check("rds:AddTagsToResource", f"{SNAPSHOT}-snapshot:ecs-sample-dev-final-20261126-120000"),
]


@pytest.mark.parametrize("check", NOT_IN_THE_LIFE, ids=lambda check: check.action)
def test_a_bucket_and_protection_take_what_aws_asks_for(check: Check) -> None:
    with_both = needed(configured(protect=True, state={"bucket": "some-states"}))
    assert decide(_read(with_both), check) is Decision.ALLOWED
    if check.resource.startswith(BUCKET):
        assert decide(_read(needed(configured())), check) is Decision.NOT_ALLOWED
    foreign = Check(check.action, check.resource.replace("ecs-sample-dev", "another").replace("some-", "other-"))
    assert decide(_read(with_both), foreign) is Decision.NOT_ALLOWED


ELSEWHERE = f"arn:aws:ecr:us-east-1:{'1' * 12}:repository/web"
WITHIN = "arn:aws:ecr:ap-northeast-1:123456789012:repository/ecs-sample-dev/web"
PULLED = [
    Check("ecr:GetAuthorizationToken"),
    Check("ecr:BatchGetImage", ELSEWHERE),
    Check("ecr:GetDownloadUrlForLayer", ELSEWHERE),
]
PUSHED = [Check("ecr:GetAuthorizationToken"), *(Check(name, WITHIN) for name in sorted(PUSHES - {PULLED[0].action}))]
"""The permissions for copying (ECR user guide, repository-policy-examples and image-push-iam)."""


def test_copies_take_a_pull_where_the_image_is_and_a_push_here() -> None:
    from_ecr, from_hub, own = (
        configured(services={"web": {"image": image, "port": 80}})
        for image in (f"{'1' * 12}.dkr.ecr.us-east-1.amazonaws.com/web:1", "nginx:1", OWN)
    )
    for config, read_only, allowed in (
        (from_ecr, False, [*PULLED, *PUSHED]),
        (from_ecr, True, PULLED),
        (from_hub, False, PUSHED),
        (from_hub, True, []),
        (own, False, []),
    ):
        rows = needed(config, read_only=read_only)
        for check in (*PULLED, *PUSHED):
            expected = Decision.ALLOWED if check in allowed else Decision.NOT_ALLOWED
            assert decide(_read(rows), check) is expected, (check, read_only)
        # each row that the copies bring is needed for one of them
        for row in rows if allowed else ():
            if row.why in ("images that are copied from ECR elsewhere", "images that are pushed to the registry"):
                rest = _read([it for it in rows if it.name != row.name])
                assert any(decide(rest, check) is Decision.NOT_ALLOWED for check in allowed), row.name


def test_china_has_its_own_ec2_principal_and_arn_partition() -> None:
    rows = needed(configured(region="cn-north-1"))
    passed = {services for it in rows if it.name == "iam:PassRole" for _, _, services in it.conditions}
    assert passed == {("ec2.amazonaws.com.cn",), ("ecs.amazonaws.com",), ("ecs-tasks.amazonaws.com",)}
    assert all(arn == "*" or arn.startswith("arn:aws-cn:") for it in rows for arn in it.resources)


def test_the_role_path_is_in_every_permission_on_roles() -> None:
    config = configured(account={"role_path": "/{project}/{env}/"}, network={"flow_logs": True})
    assert config.role_path == "/ecs-sample/dev/"
    writes = [it for it in needed(config, account="1" * 12) if it.service == "iam" and it.writes]
    roles = {arn for it in writes for arn in it.resources if ":role/" in arn and "aws-service-role" not in arn}
    assert len(roles) > 4
    assert {arn.rpartition("/")[0] for arn in roles} == {f"arn:aws:iam::{'1' * 12}:role/ecs-sample/dev"}
    with pytest.raises(ValidationError, match=r"the words \{project\} and \{env\}"):
        configured(account={"role_path": "/{stack}/"})


def test_wrong_options_are_reported() -> None:
    config = configured(dns={"domain": "example.com"})
    with pytest.raises(ConfigurationError, match="its 12 digits"):
        printed(config, read_only=False, boundary=False, account="12")
    with pytest.raises(ConfigurationError, match="use one of them"):
        printed(config, read_only=True, boundary=True, account=None)
    found = printed(config, read_only=False, boundary=False, account=None)
    assert list(part_of(found, 2)) == ["ecs-sample-dev-2"]
    with pytest.raises(ConfigurationError, match="there are 6 policies, so use 1 to 6"):
        part_of(found, 7)
    with pytest.raises(ConfigurationError, match="use one of them"):
        printed(config, read_only=True, parts=[Part.DOCTOR], account=None)
    with pytest.raises(ConfigurationError, match=r'write bucket = "…" under \[state\]'):
        printed(config, parts=[Part.STATE], account=None)


@pytest.mark.parametrize("more", [{}, LONG | ALL_ON])
@pytest.mark.parametrize("part", [Part.IMPORT, Part.RUN, Part.SHELL, Part.STATE, Part.DOCTOR])
def test_what_few_need_is_one_policy_of_its_own(more: Any, part: Part) -> None:
    config = configured(state={"bucket": "some-states"}, **more)
    found = printed(config, parts=[part], account="123456789012")
    assert list(found) == [f"{config.name}-{part.name.lower()}"]
    assert size(found[f"{config.name}-{part.name.lower()}"]) <= LARGEST
    # `doctor` needs nothing beyond the other policies; `import` and `state init` need more
    others = {(it.name, it.resources, it.conditions) for it in needed(config)}
    here = {(it.name, it.resources, it.conditions) for it in needed(config, part=part)}
    assert (here <= others) is (part is Part.DOCTOR)


def test_a_statement_says_no_more_than_its_permissions_did() -> None:
    """Additional resources in it are of types that the action's own permissions do not have."""
    config = configured(state={"bucket": "some-states"}, **ALL_ON)
    known: dict[tuple[str, frozenset[str]], set[str]] = {}
    for row in needed(config, account="1" * 12):
        known.setdefault((row.name, frozenset(key for _, key, _ in row.conditions)), set()).update(row.resources)
    statements_ = [one for it in printed(config, account="1" * 12).values() for one in it["Statement"]]
    more = []
    for one in statements_:
        keys = frozenset(key for several in one.get("Condition", {}).values() for key in several)
        for action in _list(one["Action"]):
            own = known[action, keys]
            more += [
                (action, arn) for arn in _list(one["Resource"]) if arn not in own and _sort(arn) in map(_sort, own)
            ]
    assert len(statements_) > 90
    assert more == []


def _sort(arn: str) -> str:
    name = arn.split(":", 5)[-1]
    return str("/" in name) if ":s3:" in arn else re.split("[/:]", name)[0]
