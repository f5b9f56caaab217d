"""The table of the services, with the function that derives the permissions of their calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ecs_emulator.authorization import containers, ec2, scaling
from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.apis import part

FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
"""What needs no permission (STS API reference)."""

_SERVICES: Mapping[str, Callable[[ApiCall], Iterable[Check]]] = {
    "application-autoscaling": scaling.scaling,
    "autoscaling": containers.autoscaling,
    "ec2": ec2.checks,
    "ecs": containers.ecs,
    "elasticloadbalancing": containers.load_balancing,
}


def checks(call: ApiCall) -> Iterable[Check]:
    """Return what is asked for at a call; of a service or operation that is not known here the action of its name."""
    if f"{call.service}:{call.operation}" in FREE:
        return ()
    own = part(call.service, "permissions")
    known = own.asks if own else _SERVICES.get(call.service)
    return known(call) if known else (call.check(),)
