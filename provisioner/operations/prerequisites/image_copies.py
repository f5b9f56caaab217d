"""Images from outside this Region's ECR of this account: their present digests, and their copies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from provisioner.config.builds import platform_for, repository_of
from provisioner.config.facts import Copy
from provisioner.docker import engine
from provisioner.docker.copy import check_parts
from provisioner.docker.credentials import CredentialsError
from provisioner.docker.manifests import BadImage
from provisioner.docker.reference import Reference, is_local, parse
from provisioner.docker.transport import SWITCH, Denied, NotThere, RegistryError, Unreachable
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names
from provisioner.resources.ecr.copied_images import ECR, is_own, registries
from provisioner.resources.ecr.images import copies_of, digest_of, registry_unreachable

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.docker.registry import Registries

PUBLIC = "public.ecr.aws"
"""The public registry of AWS (ECR Public)."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Problem = RegistryError | CredentialsError


def find(aws: Aws, config: Config, file: str, only: Collection[str] | None = None, option: str = "") -> dict[str, Copy]:
    """Return the existing or future copy of each ready image from elsewhere, by service. Nothing is written.

    A tag may move, so each registry is asked once for each tag (HEAD, which Docker Hub does not count as a pull).
    The registry is asked for more only if ECR has no copy of the image. For an image named by digest it is not asked at
    all if ECR has a copy. If the registry does not answer, the present copy stays in use; without one the image is left
    out on the embedded cloud, which needs no internet.

    Args:
        file: the configuration's name, for the messages.
        only: the services and jobs to look at; None: all.
        option: the option that names the image, if it is not a key of the configuration.

    Raises:
        ConfigurationError: images have no copy and cannot be copied; with one line for each.
    """
    elsewhere = _from_elsewhere(aws, config)
    wanted = {name: image for name, image in elsewhere.items() if only is None or name in only}
    if not wanted:
        return {}
    if config.target == "local" and (why := _unreached(aws)):
        return _noted(config, {name: _left_out(image, why) for name, image in wanted.items()})
    found: dict[str, Copy] = {}
    problems: list[str] = []
    for name, known in _known(aws, config, wanted).items():
        if isinstance(known, Copy):
            found[name] = known
        elif copy := _instead(aws, config, name, wanted[name], known):
            found[name] = copy
        else:
            fix = _fix(wanted[name], known, platform_for(config, name))
            where = f'{option} is "{config.images[name].image}"' if option else f"{file}: {_key(config, name)}"
            problems.append(f"{where}: {known}: {fix}")
    if problems:
        raise ConfigurationError("\n".join(problems))
    return _noted(config, found)


def hosts(config: Config) -> list[str]:
    """Return one line for each registry that the configuration names, except AWS's own.

    Registries are asked before the user confirms anything. A user who cloned a `stack.toml` sees here which hosts it
    asks, this machine included.
    """
    named: dict[str, list[str]] = {}
    for name, workload in config.images.items():
        registry = parse(workload.image).registry if workload.image else ""
        if registry and registry != PUBLIC and not ECR.fullmatch(registry):
            named.setdefault(registry, []).append(f"{config.key(name)}.image")
    return [
        f"asking {registry}{' (this machine, by plain HTTP)' if is_local(registry) else ''} for {names(keys)}"
        for registry, keys in named.items()
        if is_local(registry) or os.environ.get(SWITCH) != "0"
    ]


def _known(aws: Aws, config: Config, wanted: Mapping[str, Reference]) -> dict[str, Copy | Problem]:
    """Return for each service its existing or future copy, or the problem that prevents a copy."""
    asking = registries(aws)
    digests = _at_once(aws, lambda image: image.digest or asking.digest(image), wanted.values())
    named = {
        name: replace(image, digest=digest)
        for name, image in wanted.items()
        if isinstance(digest := digests[image], str)
    }
    tags = {name: copy_tag(image, image.digest) for name, image in named.items()}
    there = dict(
        zip(tags, aws.each(lambda name: digest_of(aws, repository_of(config, name), tags[name]), tags), strict=True)
    )
    for_tasks = {
        name: (image, platform_for(config, name), not config.runs_as_it_is(name)) for name, image in named.items()
    }
    fit = _at_once(aws, lambda one: _check(asking, *one), (one for name, one in for_tasks.items() if not there[name]))
    known: dict[str, Copy | Problem] = {}
    for name, image in wanted.items():
        digest = digests[image]
        if not isinstance(digest, str):
            known[name] = digest
        elif not there[name] and (problem := fit[for_tasks[name]]):
            known[name] = problem
        else:
            known[name] = Copy(str(named[name]), tags[name])
    return known


def copy_tag(image: Reference, digest: str) -> str:
    """Return the tag of a copy: the first part stands for the configured name, the second for its present digest."""
    name = hashlib.sha256(str(replace(image, digest="")).encode()).hexdigest()[:8]
    return f"{name}-{digest.removeprefix('sha256:')[:16]}"


def _at_once(aws: Aws, act: Callable[[K], T], images: Iterable[K]) -> dict[K, T | Problem]:
    """Apply a function to each image once, all at the same time; return its result or the problem, by image."""

    def tried(image: K) -> T | Problem:
        try:
            with aws.pace.runtime.working():
                return act(image)
        except (RegistryError, CredentialsError) as problem:
            return problem

    each_once = list(dict.fromkeys(images))
    return dict(zip(each_once, aws.each(tried, each_once), strict=True))


def _check(asking: Registries, image: Reference, platform: str, told: bool) -> None:
    """Raise the problem of an image that has to be copied."""
    check_parts(image, asking.for_platform(image, platform, told=told))


def _instead(aws: Aws, config: Config, name: str, image: Reference, problem: Problem) -> Copy | None:
    """Return a stand-in for an image that cannot be looked up: the earlier copy, or none on the embedded cloud."""
    local = config.target == "local"
    # whether AWS's credentials open another account's ECR cannot be found out on the embedded cloud
    unknown = local and ECR.fullmatch(image.registry) and isinstance(problem, (Denied, CredentialsError))
    if not unknown and not isinstance(problem, Unreachable):
        return None
    if tags := copies_of(aws, repository_of(config, name), copy_tag(image, image.digest)):
        return Copy(str(image), tags[0], str(problem))
    # the embedded cloud needs no internet
    return _left_out(image, str(problem)) if local else None


def left_out(aws: Aws, config: Config) -> dict[str, Copy]:
    """Return stand-ins for all copies, for a command that creates nothing while an image cannot be looked up."""
    images = _from_elsewhere(aws, config)
    return _noted(config, {name: _left_out(image, "it could not be looked up") for name, image in images.items()})


def _from_elsewhere(aws: Aws, config: Config) -> dict[str, Reference]:
    images = {name: parse(workload.image) for name, workload in config.images.items() if workload.image}
    return {name: image for name, image in images.items() if not is_own(aws, image)}


def _left_out(image: Reference, why: str) -> Copy:
    return Copy(str(image), copy_tag(image, "unknown"), why, possible=False)


def _noted(config: Config, found: Mapping[str, Copy]) -> dict[str, Copy]:
    """Return the copies with one notice for all images that were left out, and one for all earlier copies.

    Args:
        found: the copies; the notice of a stand-in is the reason.
    """
    noted = dict(found)
    for possible, one, several in (
        (True, "the existing copy in ECR is used", "the existing copies in ECR are used"),
        (False, "the image is not copied", "these images are not copied"),
    ):
        those = {name: copy for name, copy in found.items() if copy.notice and copy.possible is possible}
        why = "; ".join(dict.fromkeys(copy.notice for copy in those.values()))
        keys = names([f"{config.key(name)}.image" for name in those])
        text = (
            f"{keys}: {why}: {several}"
            if len(those) > 1
            else f"{''.join(_key(config, n) for n in those)}: {why}: {one}"
        )
        noted |= {name: replace(copy, notice=text) for name, copy in those.items()}
    return noted


def _unreached(aws: Aws) -> str:
    """Return why the local engine cannot use copies in the embedded cloud; empty if it can, or there is no engine."""
    if not engine.named():
        return ""
    try:
        with closing(engine.connect()) as client:
            return registry_unreachable(aws, client)
    except engine.EngineError:
        return ""


def _key(config: Config, name: str) -> str:
    return f'{config.key(name)}.image is "{config.images[name].image}"'


def _fix(image: Reference, problem: Problem, platform: str) -> str:
    if isinstance(problem, NotThere):
        return "check the name and the tag"
    if isinstance(problem, Denied) and ECR.fullmatch(image.registry):
        return "allow this account in the image's repository policy (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer)"
    if isinstance(problem, Denied):
        return f"check the name, or log in with `docker login {image.registry}`"
    if isinstance(problem, Unreachable):
        check = "check the network, and HTTPS_PROXY and AWS_CA_BUNDLE if there is a proxy"
        return f"{check}, then run the same command again"
    if isinstance(problem, BadImage):
        return f"choose an image for {platform} that can be copied, or build one"
    return "fix that, or use another image"
