"""Where the services' images are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.engine.step import Stack, step
from provisioner.kinds.ecr import Repository

UNTAGGED, TAGGED = 10, 20
"""How many images are kept of each sort."""


@dataclass(frozen=True)
class Repositories:
    """The repositories' URIs, by service."""

    uris: dict[str, str]


@step
def repositories(stack: Stack) -> Repositories:
    """Declare a repository a service: scanned on push, tags that stay with their image, old images expire.

    A service with a ready image has one too, so that its image can be copied there or built later.
    """
    policy = {"rules": [_keep(1, UNTAGGED, "untagged"), _keep(2, TAGGED, "tagged", tagPatternList=["*"])]}
    uris = {
        name: stack.ensure(
            Repository(name, f"{stack.name}/{name}", "IMMUTABLE", {"scanOnPush": True}, policy)
        ).repository_uri
        for name in stack.config.services
    }
    return Repositories(uris)


def _keep(priority: int, count: int, status: str, **selection: Any) -> Mapping[str, Any]:
    return {
        "rulePriority": priority,
        "description": f"Keep the last {count} {status} images",
        "selection": {"tagStatus": status, **selection, "countType": "imageCountMoreThan", "countNumber": count},
        "action": {"type": "expire"},
    }
