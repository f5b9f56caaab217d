"""Warnings of values in `stack.toml` that look like secrets, in places that others can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provisioner.config import secret_words
from provisioner.config.container import Container
from provisioner.config.models import Config
from provisioner.config.secret_values import looks_secret


def warnings(config: Config) -> Iterator[str]:
    """Yield a warning for each variable, build argument and command that seems to hold a secret, without the value."""
    for container, settings in config.containers.items():
        key = config.key(container)
        for name, value in settings.environment.items():
            if why := looks_secret(name, value):
                yield (
                    f"{key}.environment.{name} looks like a secret, by its {why}: anybody with "
                    f'ecs:DescribeTaskDefinition can read it. Write secrets = ["{name}"] instead, '
                    f"and set it with `provision secret set {name}`"
                )
        for name, value in settings.build_args.items():
            if why := looks_secret(name, value):
                yield (
                    f"{key}.build_args.{name} looks like a secret, by its {why}: anybody who may pull the "
                    f"image can read it in its history. Remove it from build_args"
                )
        for name, command in commands(settings).items():
            if why := secret_words.looks(command):
                yield (
                    f"{key}.{name} has a word that looks like a secret, by its {why}: anybody with "
                    f"ecs:DescribeTaskDefinition can read it. Have the program read a variable, name that in secrets, "
                    f"and set it with `provision secret set`"
                )


def commands(container: Container) -> dict[str, Sequence[str]]:
    """Return the commands of a container that are set, by their keys."""
    health = getattr(container, "health", None)
    found = {
        "command": container.command,
        "entrypoint": container.entrypoint,
        "health.command": health.command if health else None,
    }
    return {name: command for name, command in found.items() if command}
