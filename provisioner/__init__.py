"""Creates, changes and deletes a complete Amazon ECS stack with plain boto3.

What own steps and programs may import stands in `__all__`; docs/own-steps.md describes it, and says what is stable.
Nothing is imported before it is asked for: most commands need little of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.aws.api import Api, TagCalls
    from provisioner.aws.client import Aws
    from provisioner.aws.ownership import tag_pairs
    from provisioner.aws.permissions import OWN, grants
    from provisioner.aws.tagging import observed, tag_map, tags_of
    from provisioner.engine.declaration import Handle, ids, ready, step
    from provisioner.engine.errors import Failed, ProvisionError
    from provisioner.engine.ports import Row
    from provisioner.engine.resource import Change, Changes, Observed, Resource
    from provisioner.operations.commands.library import down, plan, up
    from provisioner.resources.cloudcontrol.declare import CloudControl
    from provisioner.steps.endpoints import Endpoints
    from provisioner.steps.network import Network
    from provisioner.steps.roles import Roles
    from provisioner.steps.security_groups import SecurityGroups
    from provisioner.steps.services import Services
    from provisioner.steps.stack import Stack

__version__ = "0.1.0"

_PLACES = {
    "Api": "aws.api",
    "Aws": "aws.client",
    "Change": "engine.resource",
    "Changes": "engine.resource",
    "CloudControl": "resources.cloudcontrol.declare",
    "Endpoints": "steps.endpoints",
    "Failed": "engine.errors",
    "Handle": "engine.declaration",
    "Network": "steps.network",
    "OWN": "aws.permissions",
    "Observed": "engine.resource",
    "ProvisionError": "engine.errors",
    "Resource": "engine.resource",
    "Roles": "steps.roles",
    "Row": "engine.ports",
    "SecurityGroups": "steps.security_groups",
    "Services": "steps.services",
    "Stack": "steps.stack",
    "TagCalls": "aws.api",
    "down": "operations.commands.library",
    "grants": "aws.permissions",
    "ids": "engine.declaration",
    "observed": "aws.tagging",
    "plan": "operations.commands.library",
    "ready": "engine.declaration",
    "step": "engine.declaration",
    "tag_map": "aws.tagging",
    "tag_pairs": "aws.ownership",
    "tags_of": "aws.tagging",
    "up": "operations.commands.library",
}
"""The module below this package that defines each name."""

__all__ = [
    "OWN",
    "Api",
    "Aws",
    "Change",
    "Changes",
    "CloudControl",
    "Endpoints",
    "Failed",
    "Handle",
    "Network",
    "Observed",
    "ProvisionError",
    "Resource",
    "Roles",
    "Row",
    "SecurityGroups",
    "Services",
    "Stack",
    "TagCalls",
    "__version__",
    "down",
    "grants",
    "ids",
    "observed",
    "plan",
    "ready",
    "step",
    "tag_map",
    "tag_pairs",
    "tags_of",
    "up",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
