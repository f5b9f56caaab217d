"""Make the changes that are due at a moment of the clock: in each API that has some, in ECS, and in the watch."""

from __future__ import annotations

from ecs_emulator import ecs
from ecs_emulator.cloudcontrol import requests
from ecs_emulator.lock import LOCK
from ecs_emulator.outages.watch import WATCH
from ecs_emulator.services.acm import rules as acm
from ecs_emulator.services.application_autoscaling import scheduled, tracking
from ecs_emulator.services.cloudfront import vpc_origins
from ecs_emulator.services.cloudwatch import states
from ecs_emulator.services.scheduler import firing
from ecs_emulator.services.stepfunctions import executions


def tick() -> None:
    """Make all due changes."""
    with LOCK:
        acm.settle()
        requests.settle()
        vpc_origins.settle_all()
        firing.settle()
        executions.settle()
        scheduled.settle()
        states.settle()
        tracking.settle()
    ecs.tick()
    with LOCK:
        # their tasks have ended meanwhile
        executions.settle()
    WATCH.update()
