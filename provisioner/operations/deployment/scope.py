"""The scope of a deployment: the services and jobs that run an image, and the resources between it and them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.config.facts import Deployed
from provisioner.config.loader import suggestion
from provisioner.config.models import Config
from provisioner.docker.reference import parse
from provisioner.engine.declaration import Declared, reachable
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.plan import orphans
from provisioner.engine.words import names
from provisioner.operations.overrides.images import source_of
from provisioner.resources.ecr.copied_images import CopiedImage
from provisioner.resources.ecr.images import DeployedImage, Image, ImageInUse, WantedImage
from provisioner.resources.ecr.repository import Repository
from provisioner.resources.ecs.job_run import JobRun
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.scheduler import Schedule
from provisioner.resources.stepfunctions import StateMachine
from provisioner.state.model import Record

IMAGES = tuple(one.type_name for one in (Image, CopiedImage, ImageInUse, WantedImage))
"""The types of an image's resources."""
STARTS = tuple(one.type_name for one in (Service, Schedule, StateMachine))
"""The types that start tasks of a service or a job."""
RUNS = (TaskDefinition.type_name, JobRun.type_name, *STARTS)
"""The types of the resources of a service or job that change with its image."""


@dataclass(frozen=True)
class DeployOptions:
    """The options of `deploy`.

    Attributes:
        services: the services to deploy; all services if it is empty.
        image: the image to run instead of the configured one.
        build: whether to go back to the image that the configuration builds.
    """

    services: Sequence[str] = ()
    image: str | None = None
    build: bool = False


def owners(config: Config, wanted: DeployOptions) -> list[str]:
    """Return the services and jobs whose images are deployed.

    Raises:
        ConfigurationError: the options do not go together, or not with the configuration.
    """
    if wanted.image is not None and wanted.build:
        raise ConfigurationError("--image and --build do not go together: leave one of the two out")
    if unknown := [name for name in wanted.services if name not in config.services]:
        job = " is a job: run it with `provision run`" if unknown[0] in config.jobs else " is not a service"
        near = "" if unknown[0] in config.jobs else suggestion(unknown[0], config.services)
        raise ConfigurationError(f"{unknown[0]}{job}{near}")
    chosen = list(dict.fromkeys(config.image_of(name) for name in wanted.services or config.services))
    if wanted.image is not None:
        _check_image(wanted.image, wanted.services, chosen)
    if wanted.build and (ready := [name for name in chosen if not config.images[name].build]):
        raise ConfigurationError(
            f"--build: {names([config.key(name) for name in ready])} has no build: name services that have, "
            f"or use --image"
        )
    return chosen


def _check_image(image: str, services: Sequence[str], chosen: Sequence[str]) -> None:
    try:
        parse(image)
    except ValueError as error:
        raise ConfigurationError(f'--image: "{image}" {error}') from None
    if len(chosen) > 1:
        raise ConfigurationError(f"--image: {names(chosen)} have images of their own: name one service")
    for name in services:
        if name != chosen[0]:
            raise ConfigurationError(
                f"--image: services.{name} extends {chosen[0]} and runs its image: name {chosen[0]}, and all "
                f"that run its image are deployed"
            )


def changed(
    config: Config, before: Mapping[str, Deployed], wanted: DeployOptions, chosen: Sequence[str]
) -> dict[str, Deployed]:
    """Return the deployed images after this deployment, unchanged ones included."""
    after = {name: one for name, one in before.items() if not (wanted.build and name in chosen)}
    if wanted.image is not None:
        name = chosen[0]
        says = source_of(config.images[name])
        if says == f"image {wanted.image}":
            after.pop(name, None)
        else:
            after[name] = Deployed(wanted.image, says)
    return after


def workloads(config: Config, chosen: Collection[str]) -> list[str]:
    """Return the services and jobs that run one of these images."""
    return [name for name in config.workloads if config.image_of(name) in chosen]


def addresses(declared: Mapping[str, Declared], config: Config, chosen: Collection[str]) -> list[str]:
    """Return the addresses of all resources that change with these images, in declared order."""
    own = {f"{kind}/{name}" for kind in RUNS for name in workloads(config, chosen)}

    def parts(address: str) -> Iterator[str]:
        return (one for one in declared[address].built_on if one in own or one.partition("/")[0] in IMAGES)

    roots = [address for address in declared if address in own]
    found = {one for root in roots for one in reachable(root, parts)}
    found |= {f"{DeployedImage.type_name}/{name}" for name in chosen}
    return [address for address in declared if address in found]


def services_of(declared: Mapping[str, Declared], names: Collection[str]) -> list[str]:
    """Return the addresses of the resources that start tasks of these services and jobs."""
    return [address for kind in STARTS for name in names if (address := f"{kind}/{name}") in declared]


def tags_of(declared: Mapping[str, Declared], owner: str) -> list[str]:
    """Return the addresses of the tags that keep an image from expiring."""
    return [address for address in declared if _tags(address, owner)]


def _tags(address: str, owner: str) -> bool:
    """Return whether an address is the tag that keeps an owner's image; tags of its sidecars have one more dot."""
    before = f"{ImageInUse.type_name}/{owner}."
    return address.startswith(before) and "." not in address.removeprefix(before)


def replaced(records: Mapping[str, Record], declared: Mapping[str, Declared], chosen: Collection[str]) -> list[str]:
    """Return the addresses of recorded resources of the former images that are no longer declared.

    Tags of sidecars' images stay until the next `up`: a service that extends another may run them by another revision.
    """
    repositories = {f"{Repository.type_name}/{name}" for name in chosen}
    own = {f"{DeployedImage.type_name}/{name}" for name in chosen}
    return [
        address
        for address in orphans(records, declared)
        if address in own
        # the record of a tag may have its image as only dependency
        or any(_tags(address, name) for name in chosen)
        or (records[address].type in IMAGES and repositories & {*records[address].dependencies})
    ]


def find_begun(
    config: Config, chosen: Sequence[str], before: Mapping[str, Record], now: Mapping[str, Record]
) -> dict[str, str]:
    """Return for each image one service that has begun to run it, with the revision number before."""
    by_image = dict[str, tuple[str, str]]()
    for name in workloads(config, chosen):
        former, record = (records.get(f"{Service.type_name}/{name}") for records in (before, now))
        ran = former.arguments["task_definition"] if former else None
        if ran and record and record.arguments["task_definition"] != ran:
            by_image.setdefault(config.image_of(name), (name, str(ran).rpartition(":")[2]))
    return dict(by_image.values())
