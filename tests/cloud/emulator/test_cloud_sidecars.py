"""Tasks of several containers on the embedded cloud: ECS's refusals, the order of starts, and the effect of an exit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import Answer, create, service, steady, tasks

pytestmark = pytest.mark.usefixtures("ecs")

WEB = {"name": "web", "image": "web:1", "cpu": 128, "memory": 256}
CHECK = {"command": ["CMD", "/check"], "interval": 10}


def waits(name: str, condition: str) -> list[dict[str, str]]:
    return [{"containerName": name, "condition": condition}]


def register(network: Network, *containers: dict[str, Any], **more: Any) -> str:
    return network.definition("web", containerDefinitions=list(containers), **more)


def codes(task: Answer) -> dict[str, int | None]:
    return {one["name"]: one.get("exitCode") for one in task["containers"]}


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "success of an essential one": (
        [WEB | {"dependsOn": waits("init", "SUCCESS")}, {"name": "init", "image": "i:1"}],
        "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
    ),
    "cpu": (
        [WEB, {"name": "side", "image": "s:1", "cpu": 129}],
        "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
    ),
    "memory of one": (
        [WEB, {"name": "side", "image": "s:1", "memory": 513}],
        "The 'memory' setting for container 'side' is greater than for the task.",
    ),
    "port": (
        [
            WEB | {"portMappings": [{"containerPort": 80}]},
            {"name": "s", "image": "s", "portMappings": [{"containerPort": 80}]},
        ],
        "TCP host port '80' is mapped multiple times in task.",
    ),
    "number": ([WEB, *({"name": f"s{n}", "image": "s:1"} for n in range(10))], "Too many containers."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_register_task_definition_refuses(network: Network, name: str) -> None:
    containers, words = REFUSED[name]
    with refused("ClientException", words):
        register(network, *containers)


def test_what_is_refused_in_words_that_are_not_known(network: Network) -> None:
    with refused("ClientException", "The sum of all container 'memory' values"):
        register(network, WEB, {"name": "side", "image": "s:1", "memory": 257})
    with refused("ClientException", "start timeout"):
        register(
            network, WEB, {"name": "side", "image": "s:1", "startTimeout": 121}, requiresCompatibilities=["FARGATE"]
        )


def test_an_essential_sidecar_that_exits_ends_its_task(network: Network) -> None:
    register(network, WEB, {"name": "agent", "image": "agent-exits-at-once:1"})
    create(network, desiredCount=1)
    stopped = network.cloud.wait(lambda: tasks(network, status="STOPPED"), "a task that has stopped")
    ended = network.cloud.wait(
        lambda: next((one for one in tasks(network, status="STOPPED") if one["lastStatus"] == "STOPPED"), None), "ended"
    )
    assert stopped
    assert (ended["stopCode"], codes(ended)) == ("EssentialContainerExited", {"web": 0, "agent": 1})
    assert service(network)["runningCount"] == 0


def test_a_sidecar_that_is_not_essential_may_exit(network: Network) -> None:
    register(network, WEB, {"name": "agent", "image": "agent-exits-at-once:1", "essential": False})
    create(network, desiredCount=1)
    steady(network, running=1)
    (task,) = tasks(network)
    shown = {one["name"]: one["lastStatus"] for one in task["containers"]}
    assert (shown, codes(task)) == ({"web": "RUNNING", "agent": "STOPPED"}, {"web": None, "agent": 1})


def test_who_waits_starts_when_the_others_have_come_as_far(network: Network) -> None:
    register(
        network,
        WEB | {"dependsOn": [*waits("agent", "HEALTHY"), *waits("init", "SUCCESS")]},
        {"name": "agent", "image": "agent-answers-after-25s:1", "healthCheck": CHECK},
        {"name": "init", "image": "init-ends-after-7s:1", "essential": False},
    )
    create(network, desiredCount=1)
    steady(network, running=1)
    (task,) = tasks(network)
    # three checks of 10 s each until the agent is healthy
    assert (task["pullStoppedAt"] - task["pullStartedAt"]).total_seconds() >= 30
    assert codes(task) == {"web": None, "agent": None, "init": 0}


@pytest.mark.parametrize(
    ("image", "condition", "timeout", "own"),
    [("init-exits-with-3:1", "SUCCESS", None, 3), ("never-healthy:1", "HEALTHY", 60, None)],
)
def test_who_waits_in_vain_is_never_started(
    network: Network, image: str, condition: str, timeout: int | None, own: int | None
) -> None:
    other = {"name": "other", "image": image, "essential": False, "healthCheck": CHECK}
    register(
        network,
        WEB | {"dependsOn": waits("other", condition)},
        other | ({"startTimeout": timeout} if timeout else {}),
    )
    create(network, desiredCount=1)
    ended = network.cloud.wait(
        lambda: next((one for one in tasks(network, status="STOPPED") if one["lastStatus"] == "STOPPED"), None), "ended"
    )
    assert ended["stopCode"] == "EssentialContainerExited"
    assert codes(ended) == {"web": 143, "other": own}
    assert "startedAt" not in ended


def test_who_waits_for_one_that_has_exited_waits_on(network: Network) -> None:
    """The agent counts no time of a container that has ended, so that its task stays PENDING."""
    other = {"name": "other", "image": "exits-at-once:1", "essential": False, "healthCheck": CHECK, "startTimeout": 60}
    register(network, WEB | {"dependsOn": waits("other", "HEALTHY")}, other)
    create(network, desiredCount=1)
    pending = network.cloud.wait(lambda: [t for t in tasks(network) if t["lastStatus"] == "PENDING"], "a PENDING task")
    network.cloud.advance(900)
    assert [one["taskArn"] for one in tasks(network)] == [one["taskArn"] for one in pending]
    assert tasks(network)[0]["lastStatus"] == "PENDING"
