"""Keys of the user's own: used from the start, changed in place where AWS can, refused where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.declaration import ready
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.prerequisites.references import keys
from provisioner.resources.ecr.repository import Repository
from provisioner.resources.logs import LogGroup
from provisioner.resources.ssm import ConnectionUrl, SecureParameter
from provisioner.steps.stack import Stack
from tests.cloud.project import kms_key
from tests.cloud.resources.test_resources_rds import NAME, cluster
from tests.cloud.resources.test_resources_rds import declared as database
from tests.cloud.rig import Rig
from tests.ways import calls

WEB = {"services": {"web": {"image": "nginx:1", "port": 80}}}
PARAMETER = "/ecs-sample-dev/password"


def test_a_key_is_looked_up_by_alias_or_arn_if_it_is_named(rig: Rig) -> None:
    first, second = kms_key(rig.cloud), kms_key(rig.cloud)
    rig.cloud.client("kms").create_alias(AliasName="alias/example", TargetKeyId=first)
    alias = first.rpartition(":")[0] + ":alias/example"
    aws = rig.aws()
    assert keys(aws, Config.model_validate(WEB)) == {"kms_key": None, "logs.kms_key": None}
    assert calls(aws) == []
    for named in ("alias/example", alias, first):
        config = Config.model_validate({**WEB, "kms_key": named})
        assert keys(aws, config) == {"kms_key": first, "logs.kms_key": first}
    both = Config.model_validate({**WEB, "kms_key": first, "logs": {"kms_key": second}})
    assert keys(aws, both) == {"kms_key": first, "logs.kms_key": second}
    alone = Config.model_validate({**WEB, "logs": {"kms_key": second}})
    assert keys(aws, alone) == {"kms_key": None, "logs.kms_key": second}


def test_a_key_that_cannot_be_used_is_reported_by_its_setting(rig: Rig) -> None:
    kms, aws = rig.cloud.client("kms"), rig.aws()
    off, asymmetric = (
        kms_key(rig.cloud),
        kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"],
    )
    kms.disable_key(KeyId=off.rpartition("/")[2])
    for named, words in (
        ("alias/nothing", 'logs.kms_key is "alias/nothing", but there is no such key in ap-northeast-1'),
        (off, "is Disabled: enable it"),
        (asymmetric, "RSA_2048 for SIGN_VERIFY"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            keys(aws, Config.model_validate({**WEB, "logs": {"kms_key": named}}))


def changeable(stack: Stack, arn: str | None) -> None:
    stack.ensure(LogGroup("web", "/ecs/web", 7, kms_key_id=arn))
    stack.ensure(SecureParameter("password", PARAMETER, "Master password", arn))


def shown(rig: Rig) -> tuple[Any, Any]:
    """The keys of the log group and of the parameter."""
    (group,) = rig.cloud.client("logs").describe_log_groups(logGroupNamePrefix="/ecs/web")["logGroups"]
    (parameter,) = rig.cloud.client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [PARAMETER]}]
    )["Parameters"]
    return group.get("kmsKeyId"), parameter["KeyId"]


def test_logs_and_parameters_change_their_key_and_lose_it(rig: Rig) -> None:
    first, second = kms_key(rig.cloud), kms_key(rig.cloud)
    assert "AssociateKmsKey" not in rig.up(lambda stack: changeable(stack, first)).ok().writes
    assert shown(rig) == (first, first)
    secret = rig.cloud.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"]
    version = rig.state().records["secure_parameter/password"].outputs["version"]
    assert rig.plan(lambda stack: changeable(stack, first)) == []
    for arn, writes in ((second, ["AssociateKmsKey", "PutParameter"]), (None, ["DisassociateKmsKey", "PutParameter"])):

        def declared(stack: Stack, arn: str | None = arn) -> None:
            changeable(stack, arn)

        assert [list(item.changes) for item in rig.plan(declared)] == [["kms_key_id"], ["key_id"]]
        assert sorted(rig.up(declared).ok().writes) == writes
        assert shown(rig) == (arn, arn or "alias/aws/ssm")
        assert rig.plan(declared) == []
        changed = rig.state().records["secure_parameter/password"].outputs["version"]
        assert changed != version
        version = changed
    parameter = rig.cloud.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]
    assert (parameter["Value"], parameter["Version"]) == (secret, 3)
    rig.down().ok()


def test_a_plan_counts_all_that_another_key_changes(rig: Rig) -> None:
    def declared(stack: Stack, arn: str | None = None) -> None:
        password = stack.ensure(SecureParameter("password", PARAMETER, "Master password", arn))
        url = "mysql://dbadmin@db.internal:3306/shop"
        stack.ensure(ConnectionUrl("database", "/web/url", url, password.id, ready(password).version))

    rig.up(declared).ok()
    arn = kms_key(rig.cloud)
    planned = rig.plan(lambda stack: declared(stack, arn))
    assert [(one.address, list(one.changes)) for one in planned] == [
        ("secure_parameter/password", ["key_id"]),
        ("connection_url/database", ["password_version"]),
    ]
    assert rig.up(lambda stack: declared(stack, arn)).ok().writes == ["PutParameter"] * len(planned)
    assert rig.plan(lambda stack: declared(stack, arn)) == []


def repository(stack: Stack, arn: str | None) -> None:
    encryption = {"encryptionType": "KMS", "kmsKey": arn} if arn else None
    stack.ensure(Repository("web", "web", "IMMUTABLE", {"scanOnPush": True}, None, encryption))


def test_a_repository_keeps_the_key_that_it_was_created_with(rig: Rig) -> None:
    first, second = kms_key(rig.cloud), kms_key(rig.cloud)
    assert rig.up(lambda stack: repository(stack, first)).ok().writes == ["CreateRepository"]
    (made,) = rig.cloud.client("ecr").describe_repositories()["repositories"]
    assert made["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": first}
    assert rig.plan(lambda stack: repository(stack, first)) == []
    for arn in (second, None):

        def declared(stack: Stack, arn: str | None = arn) -> None:
            repository(stack, arn)

        (planned,) = rig.plan(declared)
        assert planned.action == "refused"
        assert "encryption_configuration" in planned.why
        assert rig.up(declared).refused().keys() == {"repository/web"}


@pytest.mark.parametrize("before", [True, False], ids=["keyed", "plain"])
def test_a_cluster_keeps_the_key_that_it_was_created_with(rig: Rig, before: bool) -> None:
    arn = kms_key(rig.cloud)
    of = {True: arn, False: None}
    rig.up(lambda stack: database(stack, key=of[before])).ok()
    assert (cluster(rig)["KmsKeyId"] == arn) is before
    assert rig.plan(lambda stack: database(stack, key=of[before])) == []
    (planned,) = rig.plan(lambda stack: database(stack, key=of[not before]))
    assert (planned.address, planned.action) == ("db_cluster/main", "refused")
    assert "kms_key_id" in planned.why
    assert cluster(rig)["DBClusterIdentifier"] == NAME
