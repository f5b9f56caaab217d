"""Check that each image can be built, or exists for the platform of its tasks and within their reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from provisioner.aws.errors import code_of
from provisioner.config.builds import check_builds, platform_for
from provisioner.docker import credentials, engine
from provisioner.docker.manifests import NOTHING_TO_RUN, Manifest, platform_of, runs_something
from provisioner.docker.reference import Reference, parse
from provisioner.docker.registry import Registries
from provisioner.docker.transport import RegistryError
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.doctor.verdicts import failed, ok, stopped, unknown, warning
from provisioner.operations.prerequisites import image_copies
from provisioner.resources.ecr.copied_images import is_own
from provisioner.resources.ecr.images import MANIFESTS, login
from provisioner.resources.ecs.task_definition import TaskDefinition

if TYPE_CHECKING:
    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context


def builds(context: Context) -> Sequence[Checked]:
    """Check that images with `build` can be built or are in ECR: a failure on AWS, a warning in the embedded cloud."""
    wanted = [name for name, workload in context.config.images.items() if workload.build]
    if not wanted:
        return [ok("docker", "not needed: every image is prebuilt")]
    say = warning if context.config.target == "local" else failed
    why, _ = context.build_obstacle
    skipped = check_builds(context.config, context.declared.facts, context.file.parent)
    found = [
        say(f"image {name}", *_parts(text, context.config.key(name), local=say is warning))
        for name, text in skipped.items()
    ]
    if len(skipped) < len(wanted):
        rest = ", ".join(name for name in wanted if name not in skipped)
        found.insert(
            0, ok("docker", f"the images of {rest} are already in ECR" if why else f"running; `up` can build {rest}")
        )
    return found


def _parts(text: str, key: str, *, local: bool) -> tuple[str, str]:
    what, _, note = text.rpartition(": ")
    return what, note if local else f"fix that, or push the image yourself and set {key}.image"


def docker_engine_alone(context: Context) -> Sequence[Checked]:
    """Check that a Docker engine answers, if any image is built. This needs no call to AWS."""
    if not any(workload.build for workload in context.config.images.values()):
        return []
    say = warning if context.config.target == "local" else failed
    if not engine.named():
        return [say("docker", "no Docker engine responds", "start Docker, or set DOCKER_HOST")]
    try:
        engine.connect().close()
    except engine.EngineError as error:
        what, _, fix = str(error).partition(": ")
        return [say("docker", what, fix)]
    return [ok("docker", "running")]


def ready(context: Context) -> Sequence[Checked]:
    """Check that each prebuilt image exists for the platform of its tasks, in ECR or to be copied there."""
    return context.aws.each(lambda name: _ready(context, name), _services(context))


def own(context: Context) -> Sequence[Checked]:
    """Check only the prebuilt images in the ECR of this account and Region."""
    config = context.config
    names = [name for name in _services(context) if is_own(context.aws, parse(str(config.images[name].image)))]
    return context.aws.each(lambda name: _ready(context, name), names)


def _services(context: Context) -> list[str]:
    """Return the names of the containers of declared services and jobs that have a prebuilt image."""
    declared = {one.name for one in context.wanted(TaskDefinition)}
    return [name for name, one in context.config.images.items() if one.image and name.partition(".")[0] in declared]


def _ready(context: Context, service: str) -> Checked:
    config = context.config
    name, image, platform = f"image {service}", parse(str(config.images[service].image)), platform_for(config, service)
    try:
        if is_own(context.aws, image):
            return _in_ecr(context, name, service, image, platform)
        return _elsewhere(context, name, service, platform)
    except Exception as error:  # noqa: BLE001 (each image has its own verdict)
        return stopped(name, error)


def _elsewhere(context: Context, name: str, service: str, platform: str) -> Checked:
    """Check that ECR has a copy of an image or can get one, by the same method as `up`."""
    try:
        copy = image_copies.find(context.aws, context.config, context.file.name, [service])[service]
    except ConfigurationError as error:
        what, _, fix = str(error).removeprefix(f"{context.file.name}: ").rpartition(": ")
        return failed(name, what, fix)
    if copy.notice:
        what, _, then = copy.notice.rpartition(": ")
        return warning(name, what, then)
    return ok(
        name,
        f"{copy.source} exists, for {platform}; `up` copies it to ECR if needed",
    )


def _in_ecr(context: Context, name: str, service: str, image: Reference, platform: str) -> Checked:
    ecr = context.aws.client("ecr")
    image_id = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag}
    try:
        found = ecr.batch_get_image(repositoryName=image.repository, imageIds=[image_id], acceptedMediaTypes=MANIFESTS)[
            "images"
        ]
    except ClientError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
        return failed(name, f"ECR has no repository {image.repository}", "push the image, or choose another")
    if not found:
        return failed(name, f"ECR has no {image}", "push it, or choose another")
    try:
        platforms, runs = _configured(context, image, Manifest(found[0]["imageManifest"].encode(), ""))
    except RegistryError as error:
        return unknown(name, f"{image} exists; its platform could not be read: {error}")
    if platform not in platforms:
        there = ", ".join(sorted(platforms)) or "an unknown platform"
        fix = f"build it with `docker build --platform {platform}`, and push it"
        return failed(name, f"{image} is for {there}, but tasks run on {platform}", fix)
    if not runs and context.config.runs_as_it_is(service):
        return failed(name, NOTHING_TO_RUN.format(image), "add one of them to its Dockerfile, and push it")
    return ok(name, f"{image} exists, for {platform}")


def _configured(context: Context, image: Reference, manifest: Manifest) -> tuple[set[str], bool]:
    """Return the platforms of an image in ECR, and whether it has a command to run; an index counts as having one."""
    if parts := manifest.parsed.get("manifests"):
        return {platform_of(part.get("platform") or {}) for part in parts} - {"/", "unknown/unknown"}, True
    access = login(context.aws)
    # the address of this account's registry: AWS's, or the embedded cloud's
    there = replace(image, registry=urlsplit(access["serveraddress"]).netloc)
    registry = Registries(login=lambda _: credentials.Login(access["username"], access["password"]))
    configuration = registry.configuration(there, manifest)
    return {platform_of(configuration)}, runs_something(configuration.get("config"))
