"""Check that each alarm that may end deployments exists and is not in ALARM: ECS ignores it if it already is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.words import names
from provisioner.operations.doctor.verdicts import ok, warning
from provisioner.resources.cloudwatch.alarms import Alarm, states_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

NAME = "alarms"


def check(context: Context) -> Sequence[Checked]:
    """Check that each alarm in `deployment.alarms` of a service could end a deployment that begins now.

    Source: ECS developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures". AWS does not document
    how ECS treats the name of a missing alarm.
    """
    users: dict[str, list[str]] = {}
    for name, service in context.config.services.items():
        for alarm in service.deployment.alarm_names(context.config.name, name):
            users.setdefault(alarm, []).append(f"{context.config.key(name)}.deployment.alarms")
    if not users:
        return []
    states = states_of(context.aws, [*users])
    missing = users.keys() - states.keys()
    own = {one.alarm_name for one in context.wanted(Alarm)} if missing else set[str]()
    found = [
        warning(
            NAME, f"there is no {alarm}, so that it ends no deployment", f"create it, or correct {names(users[alarm])}"
        )
        for alarm in sorted(missing - own)
    ]
    found += [
        warning(
            NAME,
            f"{alarm} is in ALARM, so that ECS ignores it in a deployment that begins now ({names(users[alarm])})",
            "deploy when it is over",
        )
        for alarm in sorted(states)
        if states[alarm] == "ALARM"
    ]
    return found or [ok(NAME, f"{names(sorted(users))}: none is in ALARM")]
