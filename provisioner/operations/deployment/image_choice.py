"""Choose the images that a deployment rolls out, each by its digest, and declare the stack with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.docker.reference import parse
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.deployment import scope
from provisioner.operations.overrides import images
from provisioner.operations.planning import declaration
from provisioner.operations.prerequisites import image_copies
from provisioner.resources.ecr.copied_images import is_own
from provisioner.resources.ecr.images import DeployedImage, digest_of

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.facts import Deployed
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack


def declare_with_images(
    options: Options,
    config: Config,
    aws: Aws,
    records: Mapping[str, Record],
    wanted: scope.DeployOptions,
    chosen: Sequence[str],
) -> Stack:
    """Return the declared stack with the wanted images.

    Args:
        chosen: the services and jobs whose images are deployed.

    Raises:
        ConfigurationError: a wanted image does not exist.
    """
    deployed, _ = images.in_effect(config, records)
    after = scope.changed(config, deployed, wanted, chosen)
    for name in after.keys() & {*chosen}:
        found = _with_digest(aws, config, name, after[name])
        same = name in deployed and found.image == deployed[name].image
        after[name] = deployed[name] if same else replace(found, by="deploy", at=aws.pace.time())
    others = {address: record for address, record in records.items() if record.type != DeployedImage.type_name}
    return declaration.declare_stack(options, config, aws, {**others, **images.as_records(after)}, deploying=chosen)


def _with_digest(aws: Aws, config: Config, name: str, deployed: Deployed) -> Deployed:
    """Return a deployed image with its digest.

    Raises:
        ConfigurationError: the image does not exist.
    """
    named = parse(deployed.image)
    if not is_own(aws, named):
        copies = image_copies.find(aws, images.applied(config, {name: deployed}), "", [name], "--image")
        return replace(deployed, image=copies[name].source)
    digest = digest_of(aws, named.repository, named.tag, named.digest)
    if not digest:
        raise ConfigurationError(f"--image: ECR has no {deployed.image}: push it, or check the name and the tag")
    return replace(deployed, image=str(replace(named, digest=digest)))
