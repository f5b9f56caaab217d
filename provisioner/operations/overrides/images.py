"""Images that `provision deploy` put in the place of configured ones: the records, and the ones still in effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from provisioner.config.container import Container
from provisioner.config.facts import Deployed, Facts
from provisioner.config.models import Config
from provisioner.config.workload import Workload
from provisioner.engine.words import MINUTE, age, listed
from provisioner.resources.ecr.images import DeployedImage
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.config.models import Config

BY_ROLLBACK = "rollback"
"""The command in the record of an image that `rollback` has put back."""
UNDER_WAY = "rollback under way"
"""The command in the record until all that run the image have their revisions."""


def source_of(container: Container) -> str:
    """Return the configured source of an image: its build context, or its name."""
    return f"build {container.build}" if container.build else f"image {container.image}"


def is_configured(config: Config, owner: str, image: str) -> bool:
    """Return whether an image is the configured one of a service or job."""
    return source_of(config.images[owner]) == f"image {image}"


def records_of(records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the records of deployed images, by address."""
    return {address: record for address, record in records.items() if record.type == DeployedImage.type_name}


def recorded(records: Mapping[str, Record]) -> dict[str, Deployed]:
    """Return the recorded deployed images, by the service or job that owns the image."""
    found = {address.partition("/")[2]: record.arguments for address, record in records_of(records).items()}
    return {
        name: Deployed(told["image"], told["instead_of"], told.get("by", ""), told.get("at", 0.0))
        for name, told in found.items()
    }


def in_effect(
    config: Config, records: Mapping[str, Record], now: float | None = None, changing: Collection[str] = ()
) -> tuple[dict[str, Deployed], list[str]]:
    """Return the deployed images in effect, and notes on all. A configuration that changed since takes precedence.

    Args:
        now: the time in seconds since the epoch; None leaves ages out.
        changing: the services and jobs whose image this command deploys: a note would tell of what still runs.
    """
    holds, told = dict[str, Deployed](), list[str]()
    for name, deployed in recorded(records).items():
        if name not in config.images:
            continue
        key, says = config.key(name), source_of(config.images[name])
        if is_configured(config, name, deployed.image):
            # a rollback to it was cut short
            continue
        if says == deployed.instead_of:
            # any other command that applies the image ends the rollback
            holds[name] = replace(deployed, by=BY_ROLLBACK) if deployed.by == UNDER_WAY else deployed
            if name not in changing:
                told.append(_note(config, records, name, deployed, now))
        else:
            told.append(
                f"{key}: another image was deployed instead of {deployed.instead_of}, and the configuration says "
                f"{says} since: that is used"
            )
    return holds, told


def _note(config: Config, records: Mapping[str, Record], owner: str, deployed: Deployed, now: float | None) -> str:
    """Return the note on a deployed image: its services and their revision, its age, and the way to the configured."""
    services = [name for name in config.services if config.image_of(name) == owner]
    recorded = {name: records[f"service/{name}"] for name in services if f"service/{name}" in records}
    numbers = {str(one.arguments.get("task_definition", "")).rpartition(":")[2] for one in recorded.values()}
    what = f"revision {numbers.pop()}" if len(numbers) == 1 else "a deployed image"
    how = "rolled back" if deployed.by in (BY_ROLLBACK, UNDER_WAY) else "deployed"
    since = now - deployed.at if now is not None and deployed.at else None
    when = "" if since is None else f" {age(since)} ago" if since >= MINUTE else " seconds ago"
    image = config.images[owner]
    option = "--build" if image.build else f"--image {image.image}"
    again = f"builds {image.build} again" if image.build else "goes back to that"
    who = listed(list(recorded) or [owner])
    verb = "runs" if len(recorded) < 2 else "run"
    return f"{who} {verb} {what} ({how}{when}); `provision deploy {owner} {option}` {again}"


def applied(config: Config, deployed: Mapping[str, Deployed]) -> Config:
    """Return the configuration with its images replaced by the deployed ones."""

    def with_images(workloads: Mapping[str, Workload]) -> dict[str, Workload]:
        return {name: with_image(name, workload) for name, workload in workloads.items()}

    def with_image(name: str, workload: Workload) -> Workload:
        if (found := deployed.get(config.image_of(name))) is None:
            return workload
        return workload.model_copy(update={"build": None, "build_args": {}, "target": None, "image": found.image})

    return config.model_copy(update={"services": with_images(config.services), "jobs": with_images(config.jobs)})


def pinned(deployed: Mapping[str, Deployed], facts: Facts) -> dict[str, Deployed]:
    """Return the deployed images with the digests from their registries."""
    return {
        name: replace(one, image=facts.copies[name].source) if name in facts.copies else one
        for name, one in deployed.items()
    }


def as_records(deployed: Mapping[str, Deployed]) -> dict[str, Record]:
    """Return deployed images as the state records them, by address."""
    kind = DeployedImage.type_name
    return {
        f"{kind}/{name}": Record(f"{kind}/{name}", kind, "ready", "", arguments=asdict(one), step="images")
        for name, one in deployed.items()
    }
