"""What is known of ready images that are not in this Region's ECR of this account: what they are now, their copies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from provisioner.aws import each
from provisioner.builds import PLATFORM, repository_of
from provisioner.containers.copy import check_parts
from provisioner.containers.credentials import CredentialsError
from provisioner.containers.manifests import BadImage
from provisioner.containers.reference import Reference, parse
from provisioner.containers.transport import Denied, NotThere, RegistryError, Unreachable
from provisioner.engine.errors import ConfigurationError
from provisioner.facts import Copy
from provisioner.kinds.copied_images import ECR, is_own, registries
from provisioner.kinds.images import copies_of, held

if TYPE_CHECKING:
    from provisioner.aws import Aws
    from provisioner.config import Config
    from provisioner.containers.registry import Registries

T = TypeVar("T")
Trouble = RegistryError | CredentialsError


def find(aws: Aws, config: Config, file: str) -> dict[str, Copy]:
    """Return the copies that ready images from elsewhere have or are to have, by service. Nothing is written.

    A tag may move, so each registry is asked once for each tag (HEAD, which Docker Hub does not count as a pull), and
    for more only of what ECR has no copy of. A name with a digest that ECR has a copy of is not asked for at all. Where
    the registry does not answer, the copy that is in use goes on being used.

    Args:
        file: the configuration's name, for the messages.

    Raises:
        ConfigurationError: with one line for each image that there is no copy of, nor can be.
    """
    images = {name: parse(service.image) for name, service in config.services.items() if service.image}
    wanted = {name: image for name, image in images.items() if not is_own(aws, image)}
    if not wanted:
        return {}
    asking = registries(aws)

    def at_once(act: Callable[[Reference], T], names: list[Reference]) -> dict[Reference, T | Trouble]:
        return dict(zip(names, each(lambda name: _tried(act, name), names), strict=True))

    digests = at_once(lambda image: image.digest or asking.digest(image), list(dict.fromkeys(wanted.values())))
    pinned = {
        name: (repository_of(config, name), copy_tag(image, digest))
        for name, image in wanted.items()
        if isinstance(digest := digests[image], str)
    }
    there = dict(zip(pinned, each(lambda name: bool(held(aws, *pinned[name])), list(pinned)), strict=True))
    absent = dict.fromkeys(with_digest(wanted[name], str(digests[wanted[name]])) for name in pinned if not there[name])
    fit = at_once(lambda image: _check(asking, image), list(absent))
    found: dict[str, Copy] = {}
    problems: list[str] = []
    for name, image in wanted.items():
        digest = digests[image]
        trouble = fit.get(with_digest(image, digest)) if isinstance(digest, str) and not there[name] else None
        trouble = digest if not isinstance(digest, str) else trouble
        if trouble is None:
            found[name] = Copy(str(with_digest(image, str(digest))), pinned[name][1])
            continue
        key = f'services.{name}.image is "{config.services[name].image}"'
        if copy := _instead(aws, config, name, image, trouble, key):
            found[name] = copy
        else:
            problems.append(f"{file}: {key}: {trouble}: {_fix(image, trouble)}")
    if problems:
        raise ConfigurationError("\n".join(problems))
    return found


def copy_tag(image: Reference, digest: str) -> str:
    """Return the tag of a copy: its first part tells the name that is configured, its second what that names now."""
    name = hashlib.sha256(str(replace(image, digest="")).encode()).hexdigest()[:8]
    return f"{name}-{digest.removeprefix('sha256:')[:16]}"


def with_digest(image: Reference, digest: str) -> Reference:
    """Return the name with its digest."""
    return replace(image, digest=digest)


def _tried(act: Callable[[Reference], T], image: Reference) -> T | Trouble:
    try:
        return act(image)
    except (RegistryError, CredentialsError) as trouble:
        return trouble


def _check(asking: Registries, image: Reference) -> None:
    """Raise what is wrong with an image that has to be copied."""
    check_parts(image, asking.for_platform(image, PLATFORM))


def _instead(aws: Aws, config: Config, name: str, image: Reference, trouble: Trouble, key: str) -> Copy | None:
    """Return what goes instead of an image that cannot be asked for: a copy of before, or nothing in a rehearsal."""
    local = config.target == "local"
    if not isinstance(trouble, Unreachable) and not (local and isinstance(trouble, (Denied, CredentialsError))):
        return None
    if tags := copies_of(aws, repository_of(config, name), copy_tag(image, image.digest)):
        return Copy(str(image), tags[0], f"{key}: {trouble}: the copy that ECR has of it goes on being used")
    if local:
        tag = copy_tag(image, "unknown")
        return Copy(str(image), tag, f"{key}: {trouble}: the image is recorded as wanted, and not copied", False)
    return None


def _fix(image: Reference, trouble: Trouble) -> str:
    if isinstance(trouble, NotThere):
        return "check the name and the tag"
    if isinstance(trouble, Denied) and ECR.fullmatch(image.registry):
        return "its repository's policy must let this account pull (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer)"
    if isinstance(trouble, Denied):
        return f"check the name, or log in with `docker login {image.registry}`"
    if isinstance(trouble, Unreachable):
        return "check the network (a proxy is named in HTTPS_PROXY) and run the same command again, or use one in ECR"
    if isinstance(trouble, BadImage):
        return f"choose an image for {PLATFORM} that can be copied, or build one"
    return "mend that, or use another image"
