"""Which image each service runs: the ready one that is configured, or the one that is built from its folder."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.builds import PLATFORM, check_builds, image_of
from provisioner.engine.step import Handle, Stack, step
from provisioner.kinds.images import IN_USE, Image, ImageInUse, WantedImage
from steps.repositories import Repositories


@dataclass(frozen=True)
class Images:
    """The image URIs and the tags that keep images from expiring, by service."""

    uris: dict[str, str]
    in_use: dict[str, Handle]


@step
def images(stack: Stack, repositories: Repositories) -> Images:
    """Declare the images to build, tagged by what is in their folders; a ready image is used as it is given.

    A task runs the very image that was pushed, since it is named by its digest; a second tag keeps that from expiring.
    What cannot be built here is named by its tag, for whoever pushes it.
    """
    root = stack.facts.root
    skipped = check_builds(stack.config, stack.facts, root)
    for text in skipped.values():
        stack.notice(text)
    uris: dict[str, str] = {}
    in_use: dict[str, Handle] = {}
    for name, service in stack.config.services.items():
        if not service.build:
            uris[name] = str(service.image)
            continue
        uri = repositories.uris[name]
        repository, tag = image_of(stack.config, name, root)
        if name in skipped:
            uris[name] = f"{uri}:{tag}"
            stack.ensure(WantedImage(name, uris[name], service.build))
        else:
            folder, args = str(root / service.build), dict(service.build_args)
            uris[name] = stack.ensure(Image(name, repository, uri, tag, folder, args, PLATFORM)).reference
            second = f"{IN_USE}{tag}"
            called = ImageInUse.called(repository, second)
            in_use[name] = stack.ensure(ImageInUse(called, repository, second, uris[name]))
    return Images(uris, in_use)
