"""Permission checks of a call: from the service's own `permissions` module, or the action with the operation's name."""

from __future__ import annotations

from collections.abc import Iterable

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.apis import part


def checks(call: ApiCall) -> Iterable[Check]:
    """Return the permission checks of a call; for a service without rules, the action with the operation's name."""
    own = part(call.service, "permissions")
    asked: Iterable[Check] = own.asks(call) if own else (call.check(),)
    return asked
