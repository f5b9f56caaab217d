"""AWS's refusals, states and missing operations, laid over moto's backends of the embedded cloud."""

from __future__ import annotations

import functools
import warnings
from importlib import import_module


def install() -> None:
    """Lay every rule over moto's classes; once a process, before the first request is answered."""
    from moto.core import responses

    from ecs_emulator.patch import replace
    from ecs_emulator.services import apis

    # before all others: what a model does not allow is refused first
    import_module("ecs_emulator.rules.limits")
    apis.install()
    import_module("ecs_emulator.authorization.simulate")
    # Moto looks through a service's whole class at each call, which is half the time of a small EC2 call.
    replace(responses, "method_names_from_class")(
        functools.cache(responses.method_names_from_class)  # type: ignore[attr-defined]
    )
    # AWS answers with codes that its own models do not list (UnsupportedCertificate, AccessDenied): no news in the log.
    warnings.filterwarnings("ignore", message=".*does not match an error shape.*")
