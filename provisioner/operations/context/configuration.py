"""Read the configuration of a command, and import the user's own steps with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options


def load(options: Options, *, declares: bool = False) -> Config:
    """Read the configuration; `--env` and `--target` take precedence over it.

    If the file was found in a directory above, its path is written to standard error.

    Args:
        declares: whether the command declares the stack, so that it needs the user's own steps. Other commands import
            them only if they are trusted already.

    Raises:
        ConfigurationError: there is no configuration, or it is wrong; or the stack's state is still in its former
            place; or its own steps are not trusted or wrong.
    """
    from provisioner.config.stack_file import load as read
    from provisioner.operations.context.former_place import check_place

    path = found(options)
    if not options.config and not os.path.lexists(path):
        raise ConfigurationError(
            f"there is no {path} in this directory or above it: write one with `provision init`, or name one with "
            f"--config FILE"
        )
    config = read(path, env=options.env, target=options.target)
    check_place(options, config)
    if declares or (path.parent / config.steps.dir).is_dir():
        from provisioner.operations.context import own_steps

        own_steps.load(options, config, ask=declares)
    return config


def check_service(config: Config, name: str) -> None:
    """Refuse a name that is no service's.

    Raises:
        ConfigurationError: there is no such service. The message suggests a similar name.
    """
    from provisioner.config.loader import suggestion

    if name not in config.services:
        raise ConfigurationError(f"{name} is not a service{suggestion(name, config.services)}")


def found(options: Options) -> Path:
    """Return the configuration's path; write it to standard error if it was found in a directory above."""
    path = options.file
    if not options.config and path.parent != Path():
        options.report(f"configuration: {path}")
    return path
