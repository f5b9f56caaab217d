"""Check whether container images can be built and pushed on this machine."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.config.builds import UNKNOWN, image_of
from provisioner.docker import engine
from provisioner.docker.context import located
from provisioner.resources.ecr.images import digest_of, registry_unreachable

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config


def build_obstacle(aws: Aws, config: Config, root: Path) -> tuple[str, frozenset[str]]:
    """Return why no image can be built here (empty if images can), and the names whose image is already in ECR.

    An engine is asked only if there is something to build. ECR is asked only if there is no engine to build it.
    """
    built = {name: workload for name, workload in config.images.items() if workload.build}
    if not any(located(root / str(one.build), one.dockerfile).is_file() for one in built.values()):
        return "there is nothing to build", frozenset()
    if not (why := no_engine(aws, local=config.target == "local")):
        return "", frozenset()
    wanted = {name: image_of(config, name, root) for name in built}
    known = [name for name, (_, tag) in wanted.items() if tag != UNKNOWN]
    digests = aws.each(lambda name: digest_of(aws, *wanted[name]), known)
    return why, frozenset(name for name, digest in zip(known, digests, strict=True) if digest)


def no_engine(aws: Aws, *, local: bool) -> str:
    """Return why no image can be built and pushed; empty if images can."""
    if not engine.named():
        return "no Docker engine responds"
    try:
        with closing(engine.connect()) as client:
            return registry_unreachable(aws, client) if local else ""
    except engine.EngineError as error:
        return str(error)
