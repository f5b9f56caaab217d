"""Find services that run an undeclared image, while no state records a deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.engine.declaration import unknown
from provisioner.resources.ecs.revisions import image_of, revision_or_empty
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.task_definition import TaskDefinition

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.declaration import Declared
    from provisioner.operations.state_admin.recovery import RecoveredResource


def notes(
    aws: Aws, config: Config, declared: Mapping[str, Declared], recovered: Mapping[str, RecoveredResource]
) -> Iterator[str]:
    """Yield a sentence on each running image that is not the declared one, once for all services that run it.

    AWS does not show whether the image was deployed or stack.toml was edited later.

    Args:
        recovered: the resources that were found, by address.
    """
    running = {
        name: str(service.record.arguments["task_definition"])
        for name in config.services
        if (service := recovered.get(f"{Service.type_name}/{name}"))
    }
    shown = dict(zip(running, aws.each(lambda name: revision_or_empty(aws, running[name]), running), strict=True))
    told = set[str]()
    for name, revision in shown.items():
        definition, owner = declared.get(f"{TaskDefinition.type_name}/{name}"), config.image_of(name)
        if definition is None or owner in told:
            continue
        runs = image_of(revision, name)
        asked = image_of({"containerDefinitions": definition.resource.fields()["container_definitions"]}, name)
        if runs and not unknown(asked) and runs != asked:
            told.add(owner)
            yield (
                f"{config.key(owner)} runs {runs}, and the configuration says {asked}: `up` changes that. To keep the "
                f"present image, run `provision deploy {owner} --image {runs}`"
            )
