"""Messages about tasks that fail their health checks, by ECS's reasons."""

from __future__ import annotations

import pytest

from provisioner.resources.ecs.health import advice

# as AWS gave them: containers-roadmap#612, boltops-tools/ufo#171
TARGET = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/1)"
CONTAINER = "Task failed container health checks"


@pytest.mark.parametrize(
    ("reason", "keys"),
    [
        (TARGET, ["services.web.health.grace", "services.web.health.path", "services.web.health.codes"]),
        (CONTAINER, ["services.web.health.grace", "services.web.health.command"]),
    ],
)
def test_the_keys_that_decide_on_a_failed_check_are_named(reason: str, keys: list[str]) -> None:
    text = advice({"stoppedReason": reason, "group": "service:web"})
    assert all(key in text for key in keys)


def test_nothing_is_said_of_another_end() -> None:
    assert advice({"stoppedReason": "Essential container in task exited", "group": "service:web"}) == ""
    assert advice({"stoppedReason": "Task failed to start", "group": "family:web"}) == ""
    assert advice({}) == ""
