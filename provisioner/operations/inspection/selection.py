"""Select the services and jobs that a command line names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from provisioner.config.loader import suggestion
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options

T = TypeVar("T")


def named(
    options: Options, config: Config, there: Mapping[str, T], names: Sequence[str], what: str, declared: Collection[str]
) -> dict[str, T]:
    """Return the items with these names, in this order; without names, all items in alphabetical order.

    Args:
        there: the items that exist in the stack, by name.
        what: the kind of the items for messages, such as `service`.
        declared: the names in the configuration.

    Raises:
        ConfigurationError: a name is declared but not in the stack yet, or unknown; the message then suggests a name.
    """
    for name in names:
        if name in there:
            continue
        if name in declared:
            up = options.command_line("up")
            raise ConfigurationError(f"{config.key(name)} is not in the stack yet: create it with {up}")
        raise ConfigurationError(f"there is no {what} {name}{suggestion(name, {*there, *declared})}")
    return {name: there[name] for name in names or sorted(there)}
