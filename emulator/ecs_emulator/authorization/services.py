"""What is asked for at a call: what the API's folder says, or the action of its name."""

from __future__ import annotations

from collections.abc import Iterable

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.apis import part


def checks(call: ApiCall) -> Iterable[Check]:
    """Return what is asked for at a call; of a service that is not known here the action of its name."""
    own = part(call.service, "permissions")
    asked: Iterable[Check] = own.asks(call) if own else (call.check(),)
    return asked
