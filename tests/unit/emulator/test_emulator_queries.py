"""The cluster query language of ECS, as the developer guide shows it."""

from __future__ import annotations

import pytest

from ecs_emulator.ecs.queries import query
from ecs_emulator.patch import ServiceError

INSTANCE = {
    "attribute:ecs.instance-type": ["t2.small"],
    "attribute:ecs.availability-zone": ["us-east-1a"],
    "attribute:ecs.capability.task-eni": [""],
    "agentConnected": ["true"],
    "agentVersion": ["1.9.0"],
    "ec2InstanceId": ["i-abcd1234"],
    "registeredAt": ["2018-06-18T22:28:28+00:00"],
    "runningTasksCount": ["1"],
    "task:group": ["service:production", "batch"],
}


@pytest.mark.parametrize(
    "text",
    [
        "attribute:ecs.instance-type == t2.small",
        "attribute:ecs.instance-type =~ t2.*",
        'attribute:ecs.instance-type =~ "(t2|g2).(small|large)"',
        "attribute:ecs.availability-zone in [us-east-1a, us-east-1b]",
        "attribute:ecs.availability-zone not_in [us-east-1b]",
        "attribute:ecs.availability-zone !in [us-east-1b]",
        "attribute:ecs.availability-zone != us-east-1b",
        "attribute:ecs.capability.task-eni exists",
        "attribute:stack !exists",
        "attribute:stack not_exists and agentConnected == true",
        "ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']",
        "agentVersion < 1.11.0",
        "registeredAt > 2018-06-18 && registeredAt <= 2018-06-18T22:28:28Z",
        "runningTasksCount greater_than_equal 1",
        "task:group == service:production",
        "not(task:group == database)",
        "!(runningTasksCount == 0) and (task:group == database or task:group matches ba.*)",
        "runningTasksCount == 0 and agentConnected == false or ec2InstanceId == i-abcd1234",
    ],
)
def test_an_instance_passes(text: str) -> None:
    assert query(text)(INSTANCE)
    assert not query(f"not ({text})")(INSTANCE)


def test_a_value_that_is_not_there_passes_nothing_else() -> None:
    for text in ("attribute:stack != prod", "attribute:stack == prod", "attribute:stack !in [prod]"):
        assert not query(text)(INSTANCE)


@pytest.mark.parametrize(
    "text",
    [
        "garbage((",
        "color == red",
        "attribute:color",
        "attribute:color ==",
        "attribute:color > 1",
        "attribute:color in red",
        "attribute:color in [red",
        "attribute:color =~ (",
        "agentVersion == new",
        "runningTasksCount =~ 1",
        "registeredAt > yesterday",
        "agentConnected == true agentConnected == true",
        "(agentConnected == true",
        "agentConnected == true and",
        "attribute:color == 'red",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="Invalid filter expression"):
        query(text)
