"""One-off tasks in real containers: the command and the variables of RunTask, secrets, exit codes and lines."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from ecs_emulator import control, manage
from tests.cloud.conftest import EmbeddedCloud, Network, make_network
from tests.docker.images import PYTHON


@pytest.fixture(scope="module")
def network(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network in a cloud that runs containers in the engine, on a clock that is real."""
    directory: Path = tmp_path_factory.mktemp("cloud")
    cloud = EmbeddedCloud(manage.start(directory, "example.com"))
    control.set_clock(cloud.process, "real:20")
    made = make_network(cloud)
    cloud.client("ecs").create_cluster(clusterName="main")
    cloud.client("logs").create_log_group(logGroupName="/jobs")
    yield made
    manage.stop(directory)


def awaited(condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Return the condition's value once it is true, within so many seconds of this machine."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found


def define(network: Network, command: str, **more: Any) -> None:
    options = {"awslogs-group": "/jobs", "awslogs-region": "ap-northeast-1", "awslogs-stream-prefix": "job"}
    container = {
        "name": "job",
        "image": PYTHON,
        "command": ["sh", "-c", command],
        "environment": [{"name": "GREETING", "value": "hello"}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        **more,
    }
    network.definition("job", containerDefinitions=[container])


def started(network: Network, **more: Any) -> str:
    (task,) = network.cloud.client("ecs").run_task(
        cluster="main", taskDefinition="job", launchType="FARGATE", networkConfiguration=network.awsvpc(), **more
    )["tasks"]
    return str(task["taskArn"])


def reached(network: Network, arn: str, status: str) -> dict[str, Any]:
    ecs = network.cloud.client("ecs")

    def there() -> Any:
        (task,) = ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"]
        return task if task["lastStatus"] == status else None

    found: dict[str, Any] = awaited(there, f"the task to be {status}")
    return found


def said(network: Network, arn: str, lines: int) -> list[str]:
    """Return the log lines of a task's container, once there are so many of them."""
    logs, stream = network.cloud.client("logs"), f"job/job/{arn.rpartition('/')[2]}"

    def written() -> Any:
        streams = logs.describe_log_streams(logGroupName="/jobs", logStreamNamePrefix=stream)["logStreams"]
        events = logs.get_log_events(logGroupName="/jobs", logStreamName=stream)["events"] if streams else []
        return [event["message"] for event in events] if len(events) >= lines else None

    found: list[str] = awaited(written, "its lines")
    return found


def test_the_container_decides_when_and_how_a_task_ends(network: Network) -> None:
    define(network, "echo $GREETING $MORE; exit 3")
    arn = started(network)
    done = reached(network, arn, "STOPPED")
    assert (done["stopCode"], done["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    assert said(network, arn, 1) == ["hello"]


def test_overrides_reach_the_container(network: Network) -> None:
    define(network, "exit 3")
    own = {
        "name": "job",
        "command": ["sh", "-c", "echo $GREETING $MORE; exit 0"],
        "environment": [{"name": "GREETING", "value": "good evening"}, {"name": "MORE", "value": "all"}],
    }
    arn = started(network, overrides={"containerOverrides": [own]})
    done = reached(network, arn, "STOPPED")
    assert done["containers"][0]["exitCode"] == 0
    assert said(network, arn, 1) == ["good evening all"]


def test_secrets_manager_gives_a_key_of_a_version(network: Network) -> None:
    manager, iam = network.cloud.client("secretsmanager"), network.cloud.client("iam")
    arn = manager.create_secret(Name="shop", SecretString=json.dumps({"user": "former"}))["ARN"]
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps({"user": "newer"}))
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = network.execution_role.rpartition("/")[2]
    iam.put_role_policy(RoleName=role, PolicyName="secrets", PolicyDocument=document)
    named = {"WHOLE": arn, "USER_NOW": f"{arn}:user::", "USER_THEN": f"{arn}:user:AWSPREVIOUS:"}
    secrets = [{"name": name, "valueFrom": reference} for name, reference in named.items()]
    define(network, "echo $WHOLE; echo $USER_NOW; echo $USER_THEN", secrets=secrets)
    task = started(network)
    assert reached(network, task, "STOPPED")["containers"][0]["exitCode"] == 0
    assert said(network, task, 3) == ['{"user": "newer"}', "newer", "former"]


def test_a_stopped_container_has_the_code_of_its_signal(network: Network, engine: docker.DockerClient) -> None:
    define(network, "trap 'exit 143' TERM; echo waiting; while :; do sleep 0.1; done")
    arn = started(network, overrides={"containerOverrides": [{"name": "job", "memory": 64}]})
    reached(network, arn, "RUNNING")
    said(network, arn, 1)
    (container,) = engine.containers.list(
        filters={"label": "ecs_emulator", "name": f"^/job-{arn.rpartition('/')[2][:12]}"}
    )
    assert container.attrs["HostConfig"]["Memory"] == 64 << 20
    network.cloud.client("ecs").stop_task(cluster="main", task=arn, reason="enough")
    done = reached(network, arn, "STOPPED")
    assert (done["stopCode"], done["stoppedReason"]) == ("UserInitiated", "enough")
    assert done["containers"][0]["exitCode"] == 143
