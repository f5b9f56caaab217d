"""Services and jobs that a command line names, among those that are in the stack."""

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
    """Return those that are named, in that order, or all of them by the alphabet if none is.

    Args:
        there: what is in the stack, by name.
        what: what a name may be of, such as `service`.
        declared: the names of the configuration.

    Raises:
        ConfigurationError: one is not in the stack yet; or there is none of that name, and those that there are, are
            named.
    """
    for name in names:
        if name in there:
            continue
        if name in declared:
            up = options.command_line("up")
            raise ConfigurationError(f"{config.key(name)} is not in the stack yet: create it with {up}")
        raise ConfigurationError(f"there is no {what} {name}{suggestion(name, {*there, *declared})}")
    return {name: there[name] for name in names or sorted(there)}
