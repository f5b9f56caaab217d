"""ECS's events for EventBridge: one for each status of a task after its first.

Source: ECS developer guide, "Amazon ECS task state change events". There is no event here for a container that changes
its status while its task does not.
"""

from __future__ import annotations

import json
from typing import Any

from ecs_emulator.ecs.records import Shape, Task
from ecs_emulator.ecs.store import Store
from ecs_emulator.ecs.tasks import describe
from ecs_emulator.services.events import bus

_NOT_TOLD = ("healthStatus", "tags")
"""Members that events do not have: the guide says so of the health; its examples have no tags."""


def changed(store: Store, task: Task) -> None:
    """Send the event of a task whose `lastStatus` has changed."""

    def detail() -> Shape:
        shown = describe(store, task, tags=False)
        told: Any = {name: value for name, value in shown.items() if name not in _NOT_TOLD}
        found: Shape = json.loads(json.dumps(told, default=lambda moment: moment.isoformat()))
        return found

    bus.send(store.account, store.region, "aws.ecs", "ECS Task State Change", [task.arn], detail)
