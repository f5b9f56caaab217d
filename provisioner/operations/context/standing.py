"""Connect a command that needs a stack that is up: without one, no embedded cloud is started to say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import configuration, connection, embedded_cloud, stores

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options


def connect(options: Options, config: Config) -> Aws:
    """Return an `Aws` as `connection.connect` does.

    Raises:
        ConfigurationError: the stack is not up; known without a call, and only on the embedded cloud.
        ProvisionError, StateError: as `connection.connect`, and as `stores.as_written`.
    """
    if is_nowhere(options, config):
        raise ConfigurationError(f"{config.name} is not up: create it with {options.command_line('up')}")
    return connection.connect(options, config)


def absent(options: Options) -> str:
    """Return the name of the stack if it is nowhere, as `is_nowhere` knows it; else an empty text."""
    config = configuration.load(options)
    return config.name if is_nowhere(options, config) else ""


def is_nowhere(options: Options, config: Config) -> bool:
    """Return whether a stack is neither in the state nor on the embedded cloud, which does not run: nothing is asked.

    Where the embedded cloud runs, the stack may be there without a state, and on AWS as well.

    Raises:
        ProvisionError, StateError: as `stores.as_written`; or the embedded cloud is not installed.
    """
    if config.target != "local" or embedded_cloud.runs(options):
        return False
    if config.state.bucket:
        # the bucket is on the embedded cloud
        stores.not_left_behind(options, config)
        return True
    return not stores.as_written(options, config).records
