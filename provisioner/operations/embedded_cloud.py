"""What the tool needs to use the embedded cloud: that it is installed, and that its errors are shown as the tool's own.

It is a distribution of its own, which imports nothing of this tool and comes with the extra `local`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager


def require() -> None:
    """Raise `ConfigurationError` if the embedded cloud is not installed."""
    # not above: the help pages load no engine
    from provisioner.engine.errors import ConfigurationError

    if importlib.util.find_spec("ecs_emulator") is None:
        raise ConfigurationError(
            'the embedded cloud, which `target = "local"` and rehearsals need, is not installed: install this tool '
            "with its extra, `ecs-provision[local]`. In a clone: `pip install -e ./emulator -e '.[local]'`"
        )


@contextmanager
def used() -> Iterator[None]:
    """While the context lasts, or the decorated function runs, the embedded cloud's errors become the tool's.

    Raises:
        ConfigurationError: it is not installed, or what it is asked makes no sense.
        ProvisionError: it could not be started, or does not answer.
    """
    require()
    from ecs_emulator.control import CloudError, UsageError
    from provisioner.engine.errors import ConfigurationError, ProvisionError

    try:
        yield
    except UsageError as error:
        raise ConfigurationError(str(error)) from error
    except CloudError as error:
        raise ProvisionError(str(error)) from error
