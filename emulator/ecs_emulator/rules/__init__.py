"""AWS's refusals, states and missing operations, patched into moto's backends."""

from __future__ import annotations

import functools
import warnings
from importlib import import_module


def install() -> None:
    """Patch every rule into moto's classes. Call it once per process, before the first request."""
    from moto.core import responses

    from ecs_emulator.patch import replace
    from ecs_emulator.services import apis

    # `limits` comes first: a request that violates the service's model is refused before any other check
    import_module("ecs_emulator.rules.limits")
    import_module("ecs_emulator.rules.request_ids")
    apis.install()
    import_module("ecs_emulator.authorization.simulate")
    # Moto lists the methods of a service's class at each call: half the time of a small EC2 call. So keep the list.
    replace(responses, "method_names_from_class")(
        functools.cache(responses.method_names_from_class)  # type: ignore[attr-defined]
    )
    # AWS uses error codes that its own models do not list (UnsupportedCertificate, AccessDenied): log nothing about it.
    warnings.filterwarnings("ignore", message=".*does not match an error shape.*")
