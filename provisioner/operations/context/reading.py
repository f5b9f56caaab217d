"""Open a stack for reading: its configuration, AWS, and its state without a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.operations.context import configuration, standing, stores

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State


def open_unlocked(options: Options) -> tuple[Config, Aws, State]:
    """Return the configuration, the connection to AWS, and the state as it stands. No lock is taken.

    Raises:
        ProvisionError: one of them cannot be read.
        StateError: the state cannot be read, or belongs to another stack, account or Region.
    """
    config = configuration.load(options)
    aws = standing.connect(options, config)
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    return config, aws, state
