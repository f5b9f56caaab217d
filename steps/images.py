"""The image of each workload: a ready one, the copy of one from another registry, or one built from a directory."""

from __future__ import annotations

from dataclasses import dataclass, replace

from provisioner import Handle, Stack, step
from provisioner.config.builds import check_builds, image_of, platform_for, repository_of
from provisioner.docker.reference import parse
from provisioner.resources.ecr.copied_images import ECR, CopiedImage
from provisioner.resources.ecr.images import IN_USE, DeployedImage, Image, ImageInUse, WantedImage
from provisioner.steps.repositories import Repositories


@dataclass(frozen=True)
class Images:
    """The image URIs, and the tags that keep images from expiring, by container."""

    uris: dict[str, str]
    in_use: dict[str, Handle]


@step
def images(stack: Stack, repositories: Repositories) -> Images:
    """Declare the images to build, tagged by their content, and the images to copy, tagged by their source.

    A task's image is named by its digest, so that a task runs exactly the pushed image. A second tag keeps that image
    from expiring. An image that cannot be built or copied here is named by its tag, so that somebody else can push it.
    An image in this account's and Region's ECR is used directly: private subnets reach no other registry.
    """
    root = stack.facts.root
    skipped = check_builds(stack.config, stack.facts, root)
    copied = dict.fromkeys(copy.notice for copy in stack.facts.copies.values() if copy.notice)
    for text in (*skipped.values(), *copied):
        stack.notice(text)
    result = Images({}, {})
    for name, workload in stack.config.images.items():
        uri, platform = repositories.uris[name], platform_for(stack.config, name)
        if workload.build:
            repository, tag = image_of(stack.config, name, root)
            directory, args = str(root / workload.build), dict(workload.build_args)
            stage, told = workload.target, not stack.config.runs_as_it_is(name)
            image = Image(name, repository, uri, tag, directory, args, platform, workload.dockerfile, stage, told)
            _declare(stack, result, name, f"{uri}:{tag}", None if name in skipped else image, workload.build)
        elif copy := stack.facts.copies.get(name):
            copies = CopiedImage(name, repository_of(stack.config, name), uri, copy.tag, copy.source, platform)
            _declare(stack, result, name, f"{uri}:{copy.tag}", copies if copy.possible else None, copy.source)
        elif digest := _own_digest(stack, name, str(workload.image)):
            result.uris[name] = f"{uri}@{digest}"
            _keep(stack, result, name, repository_of(stack.config, name), digest.removeprefix("sha256:")[:16])
        else:
            named = parse(str(workload.image))
            # ECS takes a tag or a digest (developer guide, task definition parameters, image)
            pinned = named.digest and name in stack.facts.deployed
            result.uris[name] = str(replace(named, tag="")) if pinned else str(workload.image)
            if stack.facts.local and ECR.fullmatch(parse(str(workload.image)).registry):
                why = "the embedded cloud has no images of AWS's ECR, so it is not checked and no container of it runs"
                shown = str(replace(named, digest=""))
                stack.notice(f'{stack.config.key(name)}.image is "{shown}": {why}')
    for name, deployed in stack.facts.deployed.items():
        stack.ensure(DeployedImage(name, deployed.image, deployed.instead_of, deployed.by, deployed.at))
    return _of_all(stack, result)


def _own_digest(stack: Stack, name: str, image: str) -> str:
    """Return the digest of an image that somebody pushed into the stack's own repository; empty for any other."""
    named = parse(image)
    return named.digest if named.repository == repository_of(stack.config, name) else ""


def _of_all(stack: Stack, own: Images) -> Images:
    """Return the images of all containers; a service that extends another one without an own image has its image."""
    sources = {name: stack.config.image_of(name) for name in stack.config.containers}
    in_use = {name: own.in_use[source] for name, source in sources.items() if source in own.in_use}
    return Images({name: own.uris[source] for name, source in sources.items()}, in_use)


def _declare(stack: Stack, result: Images, name: str, uri: str, image: Image | CopiedImage | None, source: str) -> None:
    """Declare an image with the tag that keeps it; or, if it is not available here, record that it is wanted."""
    if image is None:
        result.uris[name] = uri
        stack.ensure(WantedImage(name, uri, source))
        return
    result.uris[name] = stack.ensure(image).reference
    _keep(stack, result, name, image.repository_name, image.tag)


def _keep(stack: Stack, result: Images, name: str, repository: str, tag: str) -> None:
    """Declare the second tag of an image, which keeps it while tasks run it."""
    second = f"{IN_USE}{tag}"
    called = ImageInUse.called(repository, second)
    result.in_use[name] = stack.ensure(ImageInUse(called, repository, second, result.uris[name]))
