"""Declarations by the options that are off by default; without them nothing more is declared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from provisioner.config.models import Config
from provisioner.operations.planning import step_run
from provisioner.resources.iam import Role
from provisioner.resources.logs import LogGroup
from provisioner.resources.rds.database import DbInstance
from provisioner.resources.rds.groups import DbClusterParameterGroup
from provisioner.steps.stack import Stack
from tests.unit.steps.test_capacity_steps import FACTS, needed, stack_of

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
WEB = {
    "services": {
        "web": {"image": "nginx:1", "port": 80, "database": True},
        "job": {"image": "i:1", "port": 81, "launch": "ec2"},
    },
    "database": {},
}


def more(**tables: Any) -> tuple[Stack, set[str]]:
    """Return a stack, and its addresses beyond a stack without these tables."""
    stack = stack_of(**tables)
    return stack, stack.declared.keys() - stack_of().declared.keys()


def desired(stack: Stack, address: str) -> Any:
    return cast("Any", stack.declared[address].resource)


def test_a_key_encrypts_all_that_is_kept_and_the_logs_key_logs() -> None:
    config = Config.model_validate(WEB)
    stack = step_run.declare(config, replace(FACTS, kms_key=KEY, logs_key=f"{KEY}-logs"))
    assert stack.declared.keys() == step_run.declare(config, FACTS).declared.keys()
    groups = [item.resource for item in stack.declared.values() if isinstance(item.resource, LogGroup)]
    assert {group.kms_key_id for group in groups} == {f"{KEY}-logs"}
    assert desired(stack, "repository/web").encryption_configuration == {"encryptionType": "KMS", "kmsKey": KEY}
    assert desired(stack, "db_cluster/main").kms_key_id == KEY
    assert desired(stack, "secure_parameter/database-password").key_id == KEY
    (disk,) = desired(stack, "launch_template/main").launch_template_data["BlockDeviceMappings"]
    assert disk["Ebs"]["KmsKeyId"] == KEY
    decrypt = desired(stack, "role/execution-web").inline_policies["parameters"]["Statement"][1]
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", KEY)
    context, url = decrypt["Condition"]["StringEquals"]["kms:EncryptionContext:PARAMETER_ARN"]
    assert context.endswith(":parameter/ecs-sample-dev/database/password")
    assert url.endswith(":parameter/ecs-sample-dev/database/url")


def test_without_a_key_nothing_names_one() -> None:
    stack = stack_of()
    assert "KmsKeyId" not in str(desired(stack, "launch_template/main").fields())
    assert "kms:" not in str(
        [item.resource.fields() for item in stack.declared.values() if isinstance(item.resource, Role)]
    )


def test_readers_follow_the_writer_with_tiers_and_zones() -> None:
    stack, found = more(database={"readers": 3})
    assert found == {f"db_instance/reader-{number}" for number in (1, 2, 3)}
    readers = [cast("DbInstance", desired(stack, f"db_instance/reader-{number}")) for number in (1, 2, 3)]
    assert [reader.db_instance_identifier for reader in readers] == [f"ecs-sample-dev-{number}" for number in (2, 3, 4)]
    assert [reader.promotion_tier for reader in readers] == [1, 2, 3]
    assert [reader.zones[0][-1] for reader in readers] == ["b", "c", "a"]
    assert desired(stack, "db_instance/main").zones[0][-1] == "a"
    assert all(sorted(reader.zones) == sorted(FACTS.zones) for reader in readers)
    assert "db_instance/main" in needed(stack, "db_instance/reader-1")
    assert desired(stack_of(), "db_instance/main").zones == ()


def test_each_log_of_the_database_has_its_group_beforehand() -> None:
    stack, found = more(database={"logs": ["error", "slowquery", "audit", "general"]}, logs={"retention_days": 30})
    assert found == {f"log_group/database-{log}" for log in ("error", "slowquery", "audit", "general")}
    assert found <= needed(stack, "db_cluster/main")
    group = cast("LogGroup", desired(stack, "log_group/database-audit"))
    assert (group.log_group_name, group.retention_in_days) == ("/aws/rds/cluster/ecs-sample-dev/audit", 30)
    parameters = cast("DbClusterParameterGroup", desired(stack, "db_cluster_parameter_group/main")).parameters
    plain = cast("DbClusterParameterGroup", desired(stack_of(), "db_cluster_parameter_group/main")).parameters
    assert {key: value for key, value in parameters.items() if key not in plain} == {
        "general_log": "1",
        "log_output": "FILE",
        "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
        "server_audit_logging": "1",
        "slow_query_log": "1",
    }


def test_another_engine_has_its_own_port_and_parameter_group() -> None:
    config = Config.model_validate(WEB | {"database": {"engine": "aurora-postgresql", "logs": ["postgresql"]}})
    stack = step_run.declare(config, FACTS)
    group = cast("DbClusterParameterGroup", desired(stack, "db_cluster_parameter_group/aurora-postgresql17"))
    assert (group.db_cluster_parameter_group_name, group.db_parameter_group_family, group.parameters) == (
        "ecs-sample-dev-aurora-postgresql17",
        "aurora-postgresql17",
        {"rds.force_ssl": "1"},
    )
    cluster = desired(stack, "db_cluster/main")
    assert (cluster.engine, cluster.engine_version) == ("aurora-postgresql", "17")
    (rule, *_) = desired(stack, "security_group/database").ingress
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    container = desired(stack, "task_definition/web").container_definitions[0]
    assert {"name": "DB_PORT", "value": "5432"} in container["environment"]
    assert desired(stack_of(), "db_cluster_parameter_group/main").db_cluster_parameter_group_name == "ecs-sample-dev"


def test_flow_logs_have_a_role_that_writes_only_there() -> None:
    stack, found = more(network={"flow_logs": True})
    assert found == {"flow_log/main", "log_group/flow-logs", "role/flow-logs"}
    assert found | {"vpc/main"} == needed(stack, "flow_log/main") | {"flow_log/main"}
    role = cast("Role", desired(stack, "role/flow-logs"))
    (trust,) = role.assume_role_policy_document["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"},
    }
    actions = [action for one in role.inline_policies["deliver"]["Statement"] for action in [one["Action"]]]
    assert "logs:CreateLogGroup" not in str(actions)


def test_access_logs_have_a_bucket_for_our_balancers_alone() -> None:
    stack, found = more(load_balancer={"access_logs": True}, logs={"retention_days": 30}, protect=True)
    assert found == {"bucket/access-logs", "protected_stack/main"}
    bucket = desired(stack, "bucket/access-logs")
    assert bucket.bucket == "ecs-sample-dev-123456789012-eu-west-1-logs"
    assert (bucket.expiration_days, bucket.deletion_protection) == (30, True)
    allow, deny = bucket.policy["Statement"]
    assert allow["Resource"] == f"arn:aws:s3:::{bucket.bucket}/AWSLogs/123456789012/*"
    assert allow["Condition"]["ArnLike"]["aws:SourceArn"].startswith("arn:aws:elasticloadbalancing:eu-west-1:1234")
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    assert desired(stack, "load_balancer/main").access_logs_bucket == "${bucket/access-logs:id!}"
    assert desired(stack_of(), "load_balancer/main").access_logs_bucket is None


def test_the_longest_stack_name_leaves_room_for_the_buckets_name() -> None:
    longest = step_run.declare(
        Config.model_validate(
            WEB
            | {"services": {"web": {"image": "nginx:1", "port": 80, "public": True}}}
            | {"project": "a" * 21, "env": "b" * 6, "region": "ap-northeast-1", "load_balancer": {"access_logs": True}}
        ),
        replace(FACTS, region="ap-northeast-1"),
    )
    assert len(longest.name) == 28
    assert len(desired(longest, "bucket/access-logs").bucket) <= 63


def test_a_web_acl_is_associated_once_the_load_balancer_works() -> None:
    arn = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/example/1a"
    stack, found = more(load_balancer={"waf_acl": arn})
    assert found == {"web_acl_association/main"}
    assert desired(stack, "web_acl_association/main").web_acl_arn == arn
    assert [need.ready for need in stack.declared["web_acl_association/main"].dependencies] == [True]


def test_a_service_signs_in_to_the_database_under_its_own_name() -> None:
    config = Config.model_validate(WEB | {"database": {"iam_authentication": True}})
    stack = step_run.declare(config, FACTS)
    assert desired(stack, "db_cluster/main").enable_iam_database_authentication
    (statement,) = desired(stack, "role/task-web").inline_policies["database"]["Statement"]
    assert statement["Action"] == "rds-db:connect"
    assert statement["Resource"] == "arn:aws:rds-db:eu-west-1:123456789012:dbuser:*/ecs-sample-dev-web"
    assert "database" not in desired(stack, "role/task-job").inline_policies
    assert (
        "database" not in desired(step_run.declare(Config.model_validate(WEB), FACTS), "role/task-web").inline_policies
    )
