"""Tags of state machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_emulator.services.stepfunctions.machines import machines


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a state machine."""
    found = machines(account, region).machines.get(arn)
    return found.tags if found else {}


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each state machine."""
    for machine in machines(account, region).machines.values():
        yield machine.arn, dict(machine.tags), "states:stateMachine"
