"""All APIs that have a folder here, and what is in their folders."""

from __future__ import annotations

import functools
import importlib.util
from importlib import import_module
from types import ModuleType

from ecs_emulator.services import acm, kms, logs, servicediscovery, ssm, wafv2
from ecs_emulator.services.model import EmulatedApi

APIS: dict[str, EmulatedApi] = {one.API.name: one.API for one in (acm, kms, logs, servicediscovery, ssm, wafv2)}


@functools.cache
def part(name: str, module: str) -> ModuleType | None:
    """Return a module of an API's folder, which loads moto; None if there is no such API or module."""
    full = f"ecs_emulator.services.{name}.{module}"
    return import_module(full) if name in APIS and importlib.util.find_spec(full) else None


def install() -> None:
    """Lay the rules of all APIs over moto's classes; once a process, before the first request is answered."""
    for api in APIS.values():
        for module in ("rules", *api.also):
            part(api.name, module)
