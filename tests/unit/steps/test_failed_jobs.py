"""The runs of a job that its alarm's rule counts as failed."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator.services.events.patterns import matches, wrong
from provisioner.resources.events import EventRule
from tests.unit.steps.test_alarms import TOLD, declared, stack


def ended(*containers: tuple[str, int | None], code: str = "EssentialContainerExited", **more: Any) -> dict[str, Any]:
    """A task of a scheduled run that has stopped, with the exit codes of its containers."""
    shown = [{"name": name, **({} if ending is None else {"exitCode": ending})} for name, ending in containers]
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {
            "clusterArn": "${cluster/main:arn}",
            "group": "scheduled-feed",
            "lastStatus": "STOPPED",
            "stopCode": code,
            "containers": shown,
            **more,
        },
    }


@pytest.mark.parametrize(
    ("failed", "event"),
    [
        (True, ended(("feed", 1))),
        (False, ended(("feed", 0))),
        # a sidecar is ended with the program
        (False, ended(("feed", 0), ("proxy", 137))),
        (True, ended(("proxy", 0), ("feed", 137))),
        (True, ended(("feed", None), code="TaskFailedToStart")),
        (True, ended(("feed", None), code="TerminationNotice")),
        # a user has stopped it while it ended well: no alarm
        (False, ended(("feed", 0), code="UserInitiated")),
        (True, ended(("feed", 143), code="UserInitiated")),
        (False, ended(("feed", 1), lastStatus="DEPROVISIONING")),
        # by hand, another job, another stack
        (False, ended(("feed", 1), group="family:app-dev-feed")),
        (False, ended(("feed", 1), group="scheduled-other")),
        (False, ended(("feed", 1), clusterArn="arn:aws:ecs:eu-west-1:1:cluster/other")),
    ],
)
def test_a_failed_run_is_what_the_rule_matches(failed: bool, event: dict[str, Any]) -> None:
    jobs = {"feed": {"image": "web:1", "schedule": "rate(1 hours)"}}
    rule = declared(stack(TOLD, jobs=jobs), EventRule)["feed.failed"]
    assert (wrong(rule.event_pattern), matches(rule.event_pattern, event)) == ("", failed)
