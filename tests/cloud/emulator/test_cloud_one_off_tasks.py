"""Tasks without a service, by boto3 alone: their start, run and end, and the records that remain."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.conftest import Network, refused
from tests.cloud.policies import enforce, policy

Answer = dict[str, Any]


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the clusters `main` and `other`."""
    client = network.cloud.client("ecs")
    for name in ("main", "other"):
        client.create_cluster(clusterName=name)
    return client


def define(network: Network, image: str = "job:1", **more: Any) -> None:
    """The task definition `job` of one container, whose lines go to the group `/jobs`."""
    logs = network.cloud.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix="/jobs")["logGroups"]:
        logs.create_log_group(logGroupName="/jobs")
    options = {"awslogs-group": "/jobs", "awslogs-region": "ap-northeast-1", "awslogs-stream-prefix": "nightly"}
    log = {"logDriver": "awslogs", "options": options}
    container = {"name": "job", "image": image, "command": ["work"], "logConfiguration": log}
    network.definition("job", containerDefinitions=[container], **more)


def ran(network: Network, **more: Any) -> list[Answer]:
    """The tasks of a RunTask."""
    where = {"cluster": "main", "taskDefinition": "job", "launchType": "FARGATE"}
    wanted = {**where, "networkConfiguration": network.awsvpc(), **more}
    answer = network.cloud.client("ecs").run_task(**wanted)
    assert answer["failures"] == []
    tasks: list[Answer] = answer["tasks"]
    return tasks


def seen(network: Network, arn: str) -> Answer:
    (task,) = network.cloud.client("ecs").describe_tasks(cluster="main", tasks=[arn])["tasks"]
    found: Answer = task
    return found


def reached(network: Network, arn: str, status: str) -> Answer:
    """The task once it has a status."""

    def there() -> Answer | None:
        task = seen(network, arn)
        return task if task["lastStatus"] == status else None

    found: Answer = network.cloud.wait(there, f"the task to be {status}", 3000)
    return found


def said(network: Network, arn: str) -> list[str]:
    stream = f"nightly/job/{arn.rpartition('/')[2]}"
    events = network.cloud.client("logs").get_log_events(logGroupName="/jobs", logStreamName=stream)["events"]
    return [event["message"] for event in events]


def test_a_task_ends_by_itself_and_is_shown_for_an_hour(network: Network, ecs: Any) -> None:
    define(network)
    (task,) = ran(network)
    arn = task["taskArn"]
    assert (task["lastStatus"], task["desiredStatus"]) == ("PROVISIONING", "RUNNING")
    states: list[str] = []

    def over() -> bool:
        states.append(seen(network, arn)["lastStatus"])
        return states[-1] == "STOPPED"

    network.cloud.wait(over, "its end", 600)
    assert list(dict.fromkeys(states)) == ["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"]
    done = seen(network, arn)
    assert (done["stopCode"], done["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    (container,) = done["containers"]
    assert (container["lastStatus"], container["exitCode"]) == ("STOPPED", 0)
    assert 50 <= (done["executionStoppedAt"] - done["startedAt"]).total_seconds() <= 70
    assert done["executionStoppedAt"] <= done["stoppedAt"]
    assert said(network, arn) == ["starting", "exiting with code 0"]
    network.cloud.advance(3500)
    assert ecs.list_tasks(cluster="main", family="job", desiredStatus="STOPPED")["taskArns"] == [arn]
    network.cloud.advance(120)
    assert ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"] == []
    assert ecs.describe_tasks(cluster="main", tasks=[arn])["failures"] == [{"arn": arn, "reason": "MISSING"}]


def test_an_image_says_how_a_task_ends(network: Network, ecs: Any) -> None:
    define(network, "job-ends-after-300s-exits-with-3:1")
    (task,) = ran(network)
    done = reached(network, task["taskArn"], "STOPPED")
    assert (done["stopCode"], done["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    assert (done["executionStoppedAt"] - done["startedAt"]).total_seconds() == pytest.approx(300, abs=2)
    assert said(network, task["taskArn"])[-1] == "exiting with code 3"


def test_a_fault_lets_a_task_fail(network: Network, ecs: Any) -> None:
    define(network)
    network.cloud.control("POST", "faults", "scenarios=task-fails&only=family:job")
    (task,) = ran(network)
    done = reached(network, task["taskArn"], "STOPPED")
    assert (done["stopCode"], done["containers"][0]["exitCode"]) == ("EssentialContainerExited", 1)
    assert said(network, task["taskArn"])[-1] == "exiting with code 1"


def test_a_task_is_stopped_for_the_reason_that_is_given(network: Network, ecs: Any) -> None:
    define(network, "job-runs-on:1")
    running, early = (ran(network)[0]["taskArn"] for _ in range(2))
    ecs.stop_task(cluster="main", task=early)
    never = reached(network, early, "STOPPED")
    assert "exitCode" not in never["containers"][0], "its container was never started"
    reached(network, running, "RUNNING")
    network.cloud.advance(3600)
    assert seen(network, running)["lastStatus"] == "RUNNING"
    answer = ecs.stop_task(cluster="main", task=running, reason="too long")["task"]
    assert (answer["desiredStatus"], answer["stopCode"]) == ("STOPPED", "UserInitiated")
    done = reached(network, running, "STOPPED")
    assert (done["stoppedReason"], done["containers"][0]["exitCode"]) == ("too long", 143)


def test_a_token_starts_tasks_once(network: Network, ecs: Any) -> None:
    define(network, "job-ends-after-1s:1")
    first = ran(network, clientToken="one", count=2)
    arns = [task["taskArn"] for task in first]
    again = ran(network, clientToken="one", count=2)
    assert [task["taskArn"] for task in again] == arns
    with pytest.raises(ClientError, match=r"ConflictException.*clientToken") as error:
        ran(network, clientToken="one", count=3)
    response: Answer = {**error.value.response}
    assert response["resourceIds"] == arns
    elsewhere = ran(network, clientToken="one", count=2, cluster="other")
    assert not {task["taskArn"] for task in elsewhere} & {*arns}
    for arn in arns:
        reached(network, arn, "STOPPED")
    network.cloud.advance(3700)
    assert not {task["taskArn"] for task in ran(network, clientToken="one", count=2)} & {*arns}, "an hour after its end"
    define(network, "job-runs-on:1")
    (long,) = ran(network, clientToken="two")
    network.cloud.advance(86300)
    assert ran(network, clientToken="two")[0]["taskArn"] == long["taskArn"]
    network.cloud.advance(200)
    assert ran(network, clientToken="two")[0]["taskArn"] != long["taskArn"]


def test_overrides_take_the_definitions_place(network: Network, ecs: Any) -> None:
    define(network)
    own = {"name": "job", "command": ["other"], "cpu": 128, "memory": 256, "environment": [{"name": "A", "value": "1"}]}
    (task,) = ran(network, overrides={"cpu": "512", "memory": "1024", "containerOverrides": [own]})
    assert (task["cpu"], task["memory"], task["overrides"]["cpu"]) == ("512", "1024", "512")
    assert task["overrides"]["containerOverrides"] == [own]
    assert (task["containers"][0]["cpu"], task["containers"][0]["memory"]) == ("128", "256")
    (plain,) = ran(network)
    assert plain["overrides"]["containerOverrides"] == [{"name": "job"}]


def test_tasks_are_listed_by_who_started_them(network: Network, ecs: Any) -> None:
    define(network)
    (mine,) = ran(network, startedBy="nightly/1")
    ran(network)
    assert ecs.list_tasks(cluster="main", startedBy="nightly/1")["taskArns"] == [mine["taskArn"]]
    assert len(ecs.list_tasks(cluster="main", family="job")["taskArns"]) == 2
    with refused("InvalidParameterException", "startedBy must be the only filter"):
        ecs.list_tasks(cluster="main", startedBy="nightly/1", family="job")


def test_tags_come_from_the_request_the_definition_and_ecs(network: Network, ecs: Any) -> None:
    define(network, tags=[{"key": "a", "value": "definition"}, {"key": "b", "value": "definition"}])
    (task,) = ran(
        network,
        tags=[{"key": "b", "value": "request"}],
        propagateTags="TASK_DEFINITION",
        enableECSManagedTags=True,
        group="nightly",
    )
    assert task["group"] == "nightly"
    assert {one["key"]: one["value"] for one in task["tags"]} == {
        "a": "definition",
        "b": "request",
        "aws:ecs:clusterName": "main",
    }


def test_each_instance_without_room_is_a_failure(network: Network, ecs: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=2)

    def there() -> list[str]:
        arns = ecs.list_container_instances(cluster="main")["containerInstanceArns"]
        return list(arns) if len(arns) == 2 else []

    arns = network.cloud.wait(there, "two instances")
    network.definition("large", "EC2", cpu="256", memory="60000")
    answer = ecs.run_task(
        cluster="main", taskDefinition="large", launchType="EC2", networkConfiguration=network.awsvpc(), count=1
    )
    assert answer["tasks"] == []
    assert {one["arn"]: one["reason"] for one in answer["failures"]} == dict.fromkeys(arns, "RESOURCE:MEMORY")


def test_secrets_are_read_by_the_execution_role(network: Network, ecs: Any) -> None:
    """Developer guide, "Pass Secrets Manager secrets through Amazon ECS environment variables"."""
    manager, iam = network.cloud.client("secretsmanager"), network.cloud.client("iam")
    arn = manager.create_secret(Name="shop", SecretString=json.dumps({"user": "me"}))["ARN"]
    role = network.execution_role.rpartition("/")[2]

    def why(reference: str) -> str:
        """Return the reason for which a task with a secret was stopped."""
        secrets = [{"name": "S", "valueFrom": reference}]
        network.definition("job", containerDefinitions=[{"name": "job", "image": "job:1", "secrets": secrets}])
        return str(reached(network, ran(network)[0]["taskArn"], "STOPPED")["stoppedReason"])

    assert f"is not authorized to perform: secretsmanager:GetSecretValue on resource: {arn} " in why(f"{arn}:user::")
    statement = {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameters"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=document)
    assert why(f"{arn}:user::") == "Essential container in task exited"
    assert why(f"{arn}::AWSCURRENT:") == "Essential container in task exited"
    assert "did not contain json key password" in why(f"{arn}:password::")
    assert "can't find the specified secret" in why(arn.replace("shop", "other"))
    assert "invalid parameters: /shop/missing" in why("/shop/missing")


def test_run_task_asks_for_the_revision_and_its_roles(network: Network, ecs: Any) -> None:
    """Service Authorization Reference, ECS; API reference, RunTask: which revision is meant is found out first."""
    define(network)
    define(network)
    arn = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/job"
    roles = [network.execution_role, network.task_role]

    def running(revision: int, *passed: str) -> dict[str, Any]:
        run = {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": f"{arn}:{revision}"}
        passing = [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": role} for role in passed]
        return policy(run, *passing)

    where = {"cluster": "main", "taskDefinition": "job", "networkConfiguration": network.awsvpc()}
    for allowed, why in (
        (running(1, *roles), f"ecs:RunTask on resource: {arn}:2"),
        (running(2, network.execution_role), f"iam:PassRole on resource: {network.task_role}"),
    ):
        enforce(network.cloud, allowed)
        with refused("AccessDeniedException", why):
            ecs.run_task(**where, launchType="FARGATE")
    enforce(network.cloud, running(2, *roles))
    assert len(ecs.run_task(**where, launchType="FARGATE")["tasks"]) == 1
    enforce(network.cloud)
