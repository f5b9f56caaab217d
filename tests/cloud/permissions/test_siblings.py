"""A stack whose name goes on from this one's, or is the same: the holder of the printed policy gets nothing of it.

`shop-dev-eu` is the stack `dev-eu` of `shop`, and `eu` of `shop-dev`; each pattern `shop-dev-*` is about it as well.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.aws.permissions import Part
from provisioner.config.models import Config
from provisioner.permissions.printed import printed
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import ALL, DENIED, PLACE, enforce, policy

ACCOUNT = "123456789012"
OPTIONS: dict[str, Any] = {
    "services": {"web": {"image": "nginx:1", "port": 80, "public": True, "launch": "ec2", "database": True}},
    "jobs": {"nightly": {"image": "nginx:1", "schedule": "rate(1 day)"}},
    "database": {},
    "alarms": {"email": ["ops@example.com"]},
    "network": {"flow_logs": True},
}
SIBLING, ROLE = "shop-dev-eu", f"arn:aws:iam::{ACCOUNT}:role/shop-dev-eu"
THEIRS = {"Project": "shop", "Environment": "dev-eu", "ManagedBy": "provisioner"}
PAIRS = [{"Key": key, "Value": value} for key, value in THEIRS.items()]
LOWER = [{"key": key, "value": value} for key, value in THEIRS.items()]
OWN = {"Project": "shop", "Environment": "dev", "ManagedBy": "provisioner"}
OWN_PAIRS = [{"Key": key, "Value": value} for key, value in OWN.items()]
OWN_LOWER = [{"key": key, "value": value} for key, value in OWN.items()]
PULLS = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
ALARM = {
    "AlarmName": f"{SIBLING}-web-cpu", "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
CONTAINER = {"name": "web", "image": "web:1", "memory": 64}
DATABASE = f"arn:aws:rds:{PLACE}:db:{SIBLING}-1"


def documents(project: str, env: str) -> list[Any]:
    """Return all policies that a holder may have: the main policies, and the policies of all parts but `state init`."""
    config = Config.model_validate({**OPTIONS, "project": project, "env": env})
    of_parts = [{part} - {Part.MAIN} for part in Part if part is not Part.STATE]
    return [it for parts in of_parts for it in printed(config, account=ACCOUNT, parts=parts).values()]


@pytest.fixture
def sibling(cloud: EmbeddedCloud) -> EmbeddedCloud:
    """A cloud with one of each named thing of the sibling, with the sibling's tags, and both boundaries."""
    iam, elb, rds = cloud.client("iam"), cloud.client("elbv2"), cloud.client("rds")
    for name in ("shop-dev", SIBLING, "shop-dev-eu-2"):
        iam.create_policy(PolicyName=f"{name}-boundary", PolicyDocument=json.dumps(policy(ALL)))
    for kind, service in (("execution-web", "ecs-tasks"), ("instance", "ec2"), ("schedules", "scheduler")):
        principal = {"Service": f"{service}.amazonaws.com"}
        trust = policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
        named = {"RoleName": f"{SIBLING}-{kind}", "AssumeRolePolicyDocument": json.dumps(trust)}
        iam.create_role(**named, Tags=PAIRS, PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/{SIBLING}-boundary")
    iam.create_instance_profile(InstanceProfileName=f"{SIBLING}-instance", Tags=PAIRS)
    iam.add_role_to_instance_profile(InstanceProfileName=f"{SIBLING}-instance", RoleName=f"{SIBLING}-instance")
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{n}.0/24", AvailabilityZone=f"ap-northeast-1{zone}")
        for n, zone in enumerate("ac")
    ]
    elb.create_target_group(
        Name=f"{SIBLING}-web", TargetType="ip", Protocol="HTTP", Port=80, VpcId=vpc, Tags=PAIRS
    )  # fmt: skip
    ids = [one["Subnet"]["SubnetId"] for one in subnets]
    subnet_group = {"DBSubnetGroupName": SIBLING, "DBSubnetGroupDescription": "x", "SubnetIds": ids, "Tags": PAIRS}
    rds.create_db_subnet_group(**subnet_group)
    cluster = {"DBClusterIdentifier": SIBLING, "Engine": "aurora-mysql", "DBSubnetGroupName": SIBLING}
    rds.create_db_cluster(**cluster, MasterUsername="dbadmin", MasterUserPassword="not-a-secret", Tags=PAIRS)
    instance = {"DBInstanceIdentifier": f"{SIBLING}-1", "DBClusterIdentifier": SIBLING, "Engine": "aurora-mysql"}
    rds.create_db_instance(**instance, DBInstanceClass="db.t4g.medium", Tags=PAIRS)
    cloud.client("cloudwatch").put_metric_alarm(**ALARM, Tags=PAIRS)
    cloud.client("events").put_rule(Name=f"{SIBLING}-tasks", EventPattern='{"source": ["aws.ecs"]}', Tags=PAIRS)
    cloud.client("sns").create_topic(Name=f"{SIBLING}-alarms", Tags=PAIRS)
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName=SIBLING, tags=LOWER)
    ecs.create_cluster(clusterName="shop-dev", tags=OWN_LOWER)
    ecs.register_task_definition(family=f"{SIBLING}-web", containerDefinitions=[CONTAINER], tags=LOWER)
    cloud.client("ssm").put_parameter(
        Name=f"/{SIBLING}/database/password", Value="not-a-secret", Type="SecureString", Tags=PAIRS
    )  # fmt: skip
    cloud.client("logs").create_log_group(logGroupName=f"/ecs/{SIBLING}/web", tags=THEIRS)
    return cloud


TARGET_GROUP = "the sibling's target group"
ATTEMPTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "hand the role that reads the password to a task": (
        "ecs", "register_task_definition",
        {"family": "shop-dev-x", "executionRoleArn": f"{ROLE}-execution-web", "containerDefinitions": [CONTAINER],
         "tags": OWN_LOWER}),
    "hand the role of the schedules over": (
        "scheduler", "create_schedule",
        {"Name": "x", "GroupName": "shop-dev", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow":
         {"Mode": "OFF"}, "Target": {"Arn": f"arn:aws:ecs:{PLACE}:cluster/shop-dev", "RoleArn": f"{ROLE}-schedules"}}),
    "set the boundary of one's own on a role": (
        "iam", "put_role_permissions_boundary",
        {"RoleName": f"{SIBLING}-execution-web", "PermissionsBoundary":
         f"arn:aws:iam::{ACCOUNT}:policy/shop-dev-boundary"}),
    "put one's own tags on a role": ("iam", "tag_role", {"RoleName": f"{SIBLING}-execution-web", "Tags": OWN_PAIRS}),
    "put one's own tags on a profile": (
        "iam", "tag_instance_profile", {"InstanceProfileName": f"{SIBLING}-instance", "Tags": OWN_PAIRS}),
    "take the role out of the profile": (
        "iam", "remove_role_from_instance_profile",
        {"InstanceProfileName": f"{SIBLING}-instance", "RoleName": f"{SIBLING}-instance"}),
    "delete an instance of the database": (
        "rds", "delete_db_instance", {"DBInstanceIdentifier": f"{SIBLING}-1", "SkipFinalSnapshot": True}),
    "put one's own tags on the database": (
        "rds", "add_tags_to_resource", {"ResourceName": DATABASE, "Tags": OWN_PAIRS}),
    "change where a target group's health is looked at": (
        "elbv2", "modify_target_group", {"TargetGroupArn": TARGET_GROUP, "HealthCheckPath": "/x"}),
    "delete a target group": ("elbv2", "delete_target_group", {"TargetGroupArn": TARGET_GROUP}),
    "overwrite an alarm": ("cloudwatch", "put_metric_alarm", {**ALARM, "Threshold": 1e9}),
    "overwrite an alarm with one's own tags": (
        "cloudwatch", "put_metric_alarm", {**ALARM, "Threshold": 1e9, "Tags": OWN_PAIRS}),
    "turn an alarm off": ("cloudwatch", "disable_alarm_actions", {"AlarmNames": [ALARM["AlarmName"]]}),
    "delete an alarm": ("cloudwatch", "delete_alarms", {"AlarmNames": [ALARM["AlarmName"]]}),
    "overwrite a rule": ("events", "put_rule", {"Name": f"{SIBLING}-tasks", "EventPattern": '{"source": ["x"]}'}),
    "delete a rule": ("events", "delete_rule", {"Name": f"{SIBLING}-tasks"}),
    "take a topic over": ("sns", "create_topic", {"Name": f"{SIBLING}-alarms", "Tags": OWN_PAIRS}),
    "delete a topic": ("sns", "delete_topic", {"TopicArn": f"arn:aws:sns:{PLACE}:{SIBLING}-alarms"}),
    "change the policy of a topic": (
        "sns", "set_topic_attributes",
        {"TopicArn": f"arn:aws:sns:{PLACE}:{SIBLING}-alarms", "AttributeName": "Policy", "AttributeValue": "{}"}),
    "delete a revision": ("ecs", "delete_task_definitions", {"taskDefinitions": [f"{SIBLING}-web:1"]}),
    "run a revision in one's own cluster": (
        "ecs", "run_task", {"cluster": "shop-dev", "taskDefinition": f"{SIBLING}-web:1", "tags": OWN_LOWER}),
}  # fmt: skip
OF_EQUAL_NAMES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "delete the database": (
        "rds", "delete_db_cluster", {"DBClusterIdentifier": SIBLING, "SkipFinalSnapshot": True}),
    "stop the database": ("rds", "stop_db_cluster", {"DBClusterIdentifier": SIBLING}),
    "read the password": (
        "ssm", "get_parameter", {"Name": f"/{SIBLING}/database/password", "WithDecryption": True}),
    "read the logs": ("logs", "filter_log_events", {"logGroupName": f"/ecs/{SIBLING}/web"}),
    "delete the logs": ("logs", "delete_log_group", {"logGroupName": f"/ecs/{SIBLING}/web"}),
    "delete the cluster": ("ecs", "delete_cluster", {"cluster": SIBLING}),
    "delete a target group": ("elbv2", "delete_target_group", {"TargetGroupArn": TARGET_GROUP}),
    "put one's own tags on the cluster": (
        "ecs", "tag_resource", {"resourceArn": f"arn:aws:ecs:{PLACE}:cluster/{SIBLING}", "tags": OWN_LOWER}),
}  # fmt: skip


def refusal(cloud: EmbeddedCloud, service: str, operation: str, parameters: dict[str, Any]) -> str:
    """Return the code with which a call is refused, if it is."""
    if parameters.get("TargetGroupArn") == TARGET_GROUP:
        (group,) = cloud.client("elbv2").describe_target_groups()["TargetGroups"]
        parameters = {**parameters, "TargetGroupArn": group["TargetGroupArn"]}
    try:
        getattr(cloud.client(service), operation)(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_name_that_goes_on_is_not_reached(sibling: EmbeddedCloud, attempt: str) -> None:
    enforce(sibling, *documents("shop", "dev"))
    assert refusal(sibling, *ATTEMPTS[attempt]) in DENIED


@pytest.mark.parametrize("attempt", OF_EQUAL_NAMES)
def test_an_equal_name_of_another_project_is_not_reached(sibling: EmbeddedCloud, attempt: str) -> None:
    enforce(sibling, *documents("shop-dev", "eu"))
    assert refusal(sibling, *OF_EQUAL_NAMES[attempt]) in DENIED


@pytest.mark.parametrize(("path", "refused"), [("/", False), ("/{project}/{env}/", True)])
def test_a_role_path_closes_names_with_a_kind_of_role(cloud: EmbeddedCloud, path: str, *, refused: bool) -> None:
    """`shop-dev-task` is a name of a stack as well as the beginning of the task roles of `shop-dev`."""
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    made = {"RoleName": "shop-dev-task-execution", "AssumeRolePolicyDocument": json.dumps(trust)}
    own = path.format(project="shop", env="dev-task")
    role = cloud.client("iam").create_role(**made, Path=own)["Role"]["Arn"]
    config = Config.model_validate({**OPTIONS, "project": "shop", "env": "dev", "account": {"role_path": path}})
    enforce(cloud, *printed(config, account=ACCOUNT).values())
    revision = {"family": "shop-dev-x", "containerDefinitions": [CONTAINER], "tags": OWN_LOWER}
    code = refusal(cloud, "ecs", "register_task_definition", {**revision, "executionRoleArn": role})
    assert (code in DENIED) is refused
