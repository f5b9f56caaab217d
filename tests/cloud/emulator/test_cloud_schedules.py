"""EventBridge Scheduler by boto3 alone: the schedules that it keeps and refuses, and the tasks that it starts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cloud.conftest import REGION, Network, refused
from tests.cloud.policies import allowing, enforce, policy

Answer = dict[str, Any]
ROLE = "arn:aws:iam::123456789012:role/schedules"
CLUSTER = f"arn:aws:ecs:{REGION}:123456789012:cluster/main"
GROUP = f"arn:aws:scheduler:{REGION}:123456789012:schedule-group"


@pytest.fixture
def schedules(network: Network) -> Any:
    """A client, in a cloud with the cluster `main`, the task definition `job`, and a role that may run it."""
    network.cloud.client("ecs").create_cluster(clusterName="main")
    container = {"name": "job", "image": "job-ends-after-10s:1"}
    network.definition("job", containerDefinitions=[container])
    iam = network.cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="schedules", AssumeRolePolicyDocument=document(trust))
    allow(network, "ecs:RunTask", "iam:PassRole")
    return network.cloud.client("scheduler")


def document(*statements: Answer) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(network: Network, *actions: str) -> None:
    """Allow the role of the schedules these actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam = network.cloud.client("iam")
    iam.put_role_policy(RoleName="schedules", PolicyName="run", PolicyDocument=document(statement))


def wanted(network: Network, name: str = "nightly", **more: Any) -> Answer:
    """A CreateSchedule, every five minutes."""
    subnets = {"Subnets": network.subnets, "SecurityGroups": [network.group], "AssignPublicIp": "DISABLED"}
    parameters = {
        "TaskDefinitionArn": f"arn:aws:ecs:{REGION}:123456789012:task-definition/job",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": subnets},
    }
    return {
        "Name": name,
        "ScheduleExpression": "cron(0/5 * * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": parameters},
        **more,
    }


def to_the_hour(network: Network) -> None:
    """Let time pass until some seconds after a full hour."""
    network.cloud.advance(3600 - calendar(network).timestamp() % 3600 + 2)


def calendar(network: Network) -> datetime:
    """Return the time of the cloud's clock."""
    answer = network.cloud.client("sts").get_caller_identity()
    stamp = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    return datetime.strptime(stamp, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)


def started(network: Network, name: str = "nightly") -> list[Answer]:
    """The tasks that a schedule started and that are not forgotten, the first one first."""
    ecs, by = network.cloud.client("ecs"), f"chronos-schedule/{name}"
    lists = [ecs.list_tasks(cluster="main", startedBy=by, desiredStatus=one) for one in ("RUNNING", "STOPPED")]
    arns = [arn for one in lists for arn in one["taskArns"]]
    tasks = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []
    return sorted(map(_to_the_second, tasks), key=lambda task: task["createdAt"])


def _to_the_second(task: Answer) -> Answer:
    """The task with the nearest full second of its creation: the clock's floating point may be a millisecond off."""
    return {**task, "createdAt": (task["createdAt"] + timedelta(milliseconds=500)).replace(microsecond=0)}


def test_every_five_minutes_are_twelve_tasks_an_hour(network: Network, schedules: Any) -> None:
    to_the_hour(network)
    schedules.create_schedule(**wanted(network))
    network.cloud.advance(3600)
    tasks = started(network)
    assert [task["createdAt"].minute for task in tasks] == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 0]
    assert all(task["createdAt"].second == 0 for task in tasks)
    assert {(task["group"], task["launchType"]) for task in tasks} == {("family:job", "FARGATE")}
    assert tasks[0]["containers"][0]["exitCode"] == 0


def test_a_long_name_is_cut_in_what_started_a_task(network: Network, schedules: Any) -> None:
    to_the_hour(network)
    schedules.create_schedule(**{**wanted(network), "Name": "gold-coast-data-lake-refresh"})
    network.cloud.advance(300)
    (task,) = started(network, "gold-coast-data-lak")
    assert task["startedBy"] == "chronos-schedule/gold-coast-data-lak"


def test_a_schedule_is_kept_as_it_was_asked_for(network: Network, schedules: Any) -> None:
    arn = schedules.create_schedule(**wanted(network, Description="by night"), ClientToken="one")["ScheduleArn"]
    assert arn == f"arn:aws:scheduler:{REGION}:123456789012:schedule/default/nightly"
    assert schedules.create_schedule(**wanted(network, Description="by night"), ClientToken="one")["ScheduleArn"] == arn
    with refused("ConflictException", "already exists"):
        schedules.create_schedule(**wanted(network), ClientToken="two")
    found = schedules.get_schedule(Name="nightly")
    assert (found["State"], found["ScheduleExpressionTimezone"], found["ActionAfterCompletion"]) == (
        "ENABLED",
        "UTC",
        "NONE",
    )
    assert found["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    assert found["Target"]["EcsParameters"] == wanted(network)["Target"]["EcsParameters"]
    (listed,) = schedules.list_schedules(GroupName="default", NamePrefix="night")["Schedules"]
    assert (listed["Name"], listed["State"], listed["Target"]) == ("nightly", "ENABLED", {"Arn": CLUSTER})
    network.cloud.advance(60)
    schedules.update_schedule(**wanted(network, State="DISABLED", ScheduleExpression="rate(1 hour)"))
    changed = schedules.get_schedule(Name="nightly")
    assert (changed["State"], changed["ScheduleExpression"]) == ("DISABLED", "rate(1 hour)")
    assert "Description" not in changed, "what an update leaves out is gone"
    assert changed["LastModificationDate"] > changed["CreationDate"]
    network.cloud.advance(7200)
    assert started(network) == [], "it is disabled"
    schedules.delete_schedule(Name="nightly")
    with refused("ResourceNotFoundException"):
        schedules.get_schedule(Name="nightly")


def test_a_rate_starts_at_once_and_at_its_start_date(network: Network, schedules: Any) -> None:
    schedules.create_schedule(**wanted(network, ScheduleExpression="rate(20 minutes)"))
    soon = calendar(network) + timedelta(minutes=30)
    end = soon + timedelta(minutes=25)
    more = {"ScheduleExpression": "rate(10 minutes)", "StartDate": soon, "EndDate": end}
    schedules.create_schedule(**wanted(network, "later", **more))
    network.cloud.advance(3300)
    assert len(started(network)) == 3
    assert [(task["createdAt"] - soon).total_seconds() for task in started(network, "later")] == [0, 600, 1200]


def test_a_one_time_schedule_is_deleted_if_it_says_so(network: Network, schedules: Any) -> None:
    there = calendar(network).astimezone(ZoneInfo("Asia/Tokyo")) + timedelta(minutes=10)
    when = {"ScheduleExpression": f"at({there:%Y-%m-%dT%H:%M:%S})", "ScheduleExpressionTimezone": "Asia/Tokyo"}
    schedules.create_schedule(**wanted(network, "goes", **when, ActionAfterCompletion="DELETE"))
    schedules.create_schedule(**wanted(network, "stays", **when))
    network.cloud.advance(1200)
    assert [len(started(network, name)) for name in ("goes", "stays")] == [1, 1]
    assert [one["Name"] for one in schedules.list_schedules()["Schedules"]] == ["stays"]


def test_a_role_without_the_permissions_starts_nothing(network: Network, schedules: Any) -> None:
    to_the_hour(network)
    schedules.create_schedule(**wanted(network))
    allow(network, "ecs:RunTask")
    network.cloud.advance(300)
    assert started(network) == [], "it may not pass the roles of the task"
    allow(network, "iam:PassRole")
    network.cloud.advance(300)
    assert started(network) == []
    allow(network, "ecs:RunTask", "iam:PassRole")
    network.cloud.advance(300)
    assert len(started(network)) == 1
    iam = network.cloud.client("iam")
    other = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(RoleName="schedules", PolicyDocument=document(other))
    network.cloud.advance(300)
    assert len(started(network)) == 1, "the role trusts another service"


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "999999999999"}}, False),
        ({"ArnLike": {"aws:SourceArn": f"{GROUP}/default"}}, True),
        ({"ArnLike": {"aws:SourceArn": f"{GROUP}/other"}}, False),
    ],
)
def test_the_conditions_of_the_trust_count(network: Network, schedules: Any, condition: Answer, fits: bool) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    network.cloud.client("iam").update_assume_role_policy(
        RoleName="schedules", PolicyDocument=document({**trust, "Condition": condition})
    )
    if fits:
        schedules.create_schedule(**wanted(network))
        return
    with refused("ValidationException", "must allow AWS EventBridge Scheduler to assume the role"):
        schedules.create_schedule(**wanted(network))


def test_the_input_of_a_target_overrides_containers(network: Network, schedules: Any) -> None:
    own = {"name": "job", "command": ["report"]}
    request = wanted(network, ScheduleExpression="rate(1 hours)")
    request["Target"]["Input"] = json.dumps({"containerOverrides": [own]})
    request["Target"]["EcsParameters"] |= {"TaskCount": 2, "Group": "reports", "EnableECSManagedTags": True}
    schedules.create_schedule(**request)
    network.cloud.advance(60)
    tasks = started(network)
    assert [task["group"] for task in tasks] == ["reports", "reports"]
    assert tasks[0]["overrides"]["containerOverrides"] == [own]


def test_a_group_is_deleting_for_a_while(network: Network, schedules: Any) -> None:
    arn = schedules.create_schedule_group(Name="mine", Tags=[{"Key": "Project", "Value": "shop"}])["ScheduleGroupArn"]
    assert schedules.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "Project", "Value": "shop"}]
    schedules.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    schedules.untag_resource(ResourceArn=arn, TagKeys=["Project"])
    assert schedules.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    tagged = network.cloud.client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["scheduler"])
    assert arn in [one["ResourceARN"] for one in tagged["ResourceTagMappingList"]]
    schedules.create_schedule(**wanted(network, GroupName="mine"))
    schedules.create_schedule(**wanted(network))
    assert len(schedules.list_schedules()["Schedules"]) == 2
    schedules.delete_schedule_group(Name="mine")
    assert schedules.get_schedule_group(Name="mine")["State"] == "DELETING"
    with refused("ConflictException"):
        schedules.create_schedule(**wanted(network, "another", GroupName="mine"))
    network.cloud.advance(60)
    with refused("ResourceNotFoundException"):
        schedules.get_schedule_group(Name="mine")
    assert [one["GroupName"] for one in schedules.list_schedules()["Schedules"]] == ["default"]
    assert [one["Name"] for one in schedules.list_schedule_groups()["ScheduleGroups"]] == ["default"]


def test_lists_come_in_pages(network: Network, schedules: Any) -> None:
    for number in range(5):
        schedules.create_schedule_group(Name=f"g{number}")
    pages = list(schedules.get_paginator("list_schedule_groups").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["ScheduleGroups"]) for page in pages] == [2, 2, 2]


def test_the_caller_needs_to_pass_the_role(network: Network, schedules: Any) -> None:
    """Service Authorization Reference, EventBridge Scheduler; user guide, "Identity-based policies", PassRole."""
    request, arn = wanted(network), f"arn:aws:scheduler:{REGION}:123456789012:schedule/default/nightly"
    own = {"Effect": "Allow", "Action": "scheduler:*", "Resource": arn}
    to = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Condition": to}
    enforce(network.cloud, policy(passing))
    with refused("AccessDeniedException", f"scheduler:CreateSchedule on resource: {arn}"):
        schedules.create_schedule(**request)
    enforce(network.cloud, policy(own))
    with refused("AccessDeniedException", f"iam:PassRole on resource: {ROLE}"):
        schedules.create_schedule(**request)
    enforce(network.cloud, policy(own, passing))
    schedules.create_schedule(**request)
    assert schedules.get_schedule(Name="nightly")["Arn"] == arn
    with refused("AccessDeniedException", "scheduler:GetScheduleGroup"):
        schedules.get_schedule_group(Name="default")
    enforce(network.cloud, policy(allowing("scheduler:*")))
    schedules.get_schedule_group(Name="default")
    enforce(network.cloud)


def calls_service(network: Network, count: int, name: str = "rest", **more: Any) -> Answer:
    """A CreateSchedule that gives the service `web` so many tasks, every five minutes."""
    given = json.dumps({"Cluster": "main", "Service": "web", "DesiredCount": count, **more})
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:updateService", "RoleArn": ROLE, "Input": given}
    return {**wanted(network, name), "Target": target}


def desired(network: Network) -> int:
    (service,) = network.cloud.client("ecs").describe_services(cluster="main", services=["web"])["services"]
    return int(service["desiredCount"])


def test_a_universal_target_is_called_as_its_role(network: Network, schedules: Any) -> None:
    network.service("web")
    schedules.create_schedule(**calls_service(network, 0))
    network.cloud.advance(600)
    assert desired(network) == 1, "its role may not do it"
    allow(network, "ecs:UpdateService")
    network.cloud.advance(300)
    assert desired(network) == 0
    schedules.update_schedule(**{**calls_service(network, 2), "State": "DISABLED"})
    network.cloud.advance(600)
    assert desired(network) == 0, "it is disabled"


@pytest.mark.parametrize(("attempts", "status"), [(20, "stopped"), (3, "available")])
def test_a_refused_call_is_made_again(network: Network, schedules: Any, attempts: int, status: str) -> None:
    """API reference, RetryPolicy: with exponential backoff, for as long and as often as the policy says."""
    to_the_hour(network)
    allow(network, "rds:StopDBCluster")
    rds = network.cloud.client("rds")
    rds.create_db_subnet_group(DBSubnetGroupName="main", DBSubnetGroupDescription="main", SubnetIds=network.subnets)
    schedules.create_schedule_group(Name="mine")
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBCluster",
        "RoleArn": ROLE,
        "Input": json.dumps({"DbClusterIdentifier": "main"}),
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": attempts},
    }
    schedules.create_schedule(
        **{**wanted(network), "GroupName": "mine", "Target": target, "ScheduleExpression": "cron(5 * * * ? *)"}
    )
    network.cloud.advance(280)
    rds.create_db_cluster(
        DBClusterIdentifier="main",
        DBSubnetGroupName="main",
        Engine="aurora-mysql",
        MasterUsername="admin",
        MasterUserPassword="not-a-secret",
    )
    network.cloud.advance(1800)
    (found,) = rds.describe_db_clusters(DBClusterIdentifier="main")["DBClusters"]
    assert found["Status"] == status, "it was creating at five past"
    assert dropped(network, "mine") == (0 if status == "stopped" else 1)


def test_a_call_without_permission_is_not_made_again(network: Network, schedules: Any) -> None:
    to_the_hour(network)
    network.service("web")
    schedules.create_schedule(**{**calls_service(network, 0), "ScheduleExpression": "cron(5 * * * ? *)"})
    network.cloud.advance(310)
    assert dropped(network, "default") == 1
    allow(network, "ecs:UpdateService")
    network.cloud.advance(600)
    assert desired(network) == 1


def dropped(network: Network, group: str) -> float:
    """The number of invocations of a group that were dropped in the last hours."""
    query = {
        "Id": "one",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Scheduler",
                "MetricName": "InvocationDroppedCount",
                "Dimensions": [{"Name": "ScheduleGroup", "Value": group}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }
    until = calendar(network) + timedelta(minutes=5)
    watch = network.cloud.client("cloudwatch")
    network.cloud.advance(60)
    found = watch.get_metric_data(MetricDataQueries=[query], StartTime=until - timedelta(hours=3), EndTime=until)
    return float(sum(found["MetricDataResults"][0]["Values"]))


def test_the_input_of_a_universal_target_is_in_the_sdks_words(network: Network, schedules: Any) -> None:
    network.service("web")
    allow(network, "ecs:UpdateService")
    schedules.create_schedule(**calls_service(network, 0, desiredcount=0))
    network.cloud.advance(600)
    assert desired(network) == 1


@pytest.mark.parametrize("operation", ["ecs:describeServices", "ecs:stopAll", "nothing:updateService"])
def test_only_what_changes_something_is_a_universal_target(network: Network, schedules: Any, operation: str) -> None:
    target = {"Arn": f"arn:aws:scheduler:::aws-sdk:{operation}", "RoleArn": ROLE, "Input": "{}"}
    with refused("ValidationException", "not in correct format"):
        schedules.create_schedule(**{**wanted(network), "Target": target})
