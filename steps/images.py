"""Which image each service runs: the ready one that is configured, or the one that its folder would become."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.builds import check_builds, content_tag
from provisioner.engine.step import Stack, step
from provisioner.kinds.images import Image
from steps.repositories import Repositories


@dataclass(frozen=True)
class Images:
    """The image URIs, by service."""

    uris: dict[str, str]


@step
def images(stack: Stack, repositories: Repositories) -> Images:
    """Declare the images to build, tagged by what is in their folders; a ready image is used as it is given."""
    for text in check_builds(stack.config, stack.facts, stack.facts.root).values():
        stack.notice(text)
    uris: dict[str, str] = {}
    for name, service in stack.config.services.items():
        if service.build:
            uris[name] = f"{repositories.uris[name]}:{content_tag(stack.facts.root / service.build)}"
            stack.ensure(Image(name, uris[name], service.build))
        else:
            uris[name] = str(service.image)
    return Images(uris)
