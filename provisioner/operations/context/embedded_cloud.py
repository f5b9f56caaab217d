"""The embedded cloud from the tool's side: check that it is installed, find or start it, translate its errors.

It is a separate distribution, which imports nothing of this tool and is installed with the extra `local`.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecs_emulator.control import CloudProcess
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options

DOMAIN = "registered.example"
"""The domain that the embedded cloud registers if the stack creates its own zone (`dns.create_zone`)."""
STAND_INS = "PROVISION_STAND_INS"
"""The environment variable that turns stand-ins off with the value 0: a missing resource is refused as on AWS."""
FIRST_DOMAIN = "example.com"
"""The domain that it registers for a stack without one, which can then be given this one."""


def require() -> None:
    """Raise `ConfigurationError` if the embedded cloud is not installed."""
    # imported here, so that help pages do not load the engine
    from provisioner.engine.errors import ConfigurationError

    if importlib.util.find_spec("ecs_emulator") is None:
        raise ConfigurationError(
            'the embedded cloud, which `target = "local"` and rehearsals need, is not installed: install this tool '
            "with its extra, `ecs-provision[local]`. In a clone: `pip install -e ./emulator -e '.[local]'`"
        )


@contextmanager
def used() -> Iterator[None]:
    """Turn the embedded cloud's errors into the tool's, in a `with` block or a decorated function.

    Raises:
        ConfigurationError: the embedded cloud is not installed, or rejects the request.
        EmbeddedCloudFailed: it could not be started, or does not answer.
    """
    require()
    from ecs_emulator.control import CloudError, UsageError
    from provisioner.engine.errors import ConfigurationError, EmbeddedCloudFailed

    try:
        yield
    except UsageError as error:
        raise ConfigurationError(str(error)) from error
    except CloudError as error:
        raise EmbeddedCloudFailed(str(error)) from error


def stands_in(config: Config) -> bool:
    """Return whether resources that a stack only uses have stand-ins: on the embedded cloud, unless turned off."""
    return config.target == "local" and os.environ.get(STAND_INS) != "0"


def domain(config: Config) -> str:
    """Return the domain that the embedded cloud registers: the stack's, or `DOMAIN` if the stack creates its zone."""
    return DOMAIN if config.dns.create_zone else config.dns.domain or FIRST_DOMAIN


def account(config: Config) -> str | None:
    """Return the number of the account that the stack is written for; None if the configuration names none.

    Certificates are of the stack's own account, and so are parameters.
    """
    from provisioner.config.secrets import users

    if config.account.id:
        return config.account.id
    places = [
        *config.dns.certificate,
        *(one.place for one in users(config.all_secrets) if one.place.startswith("arn:")),
    ]
    named = [place.split(":")[4] for place in places if ":secretsmanager:" not in place]
    return named[0] if named else None


@used()
def start(options: Options, config: Config, port: int | None = None) -> CloudProcess:
    """Return the embedded cloud of the state directory; start it if it is not running, and say so on standard error.

    Raises:
        ConfigurationError: it is not installed, or runs on another port.
        EmbeddedCloudFailed: it could not be started.
        StateError: somebody else could write to the state directory.
    """
    from ecs_emulator import manage
    from provisioner.engine.errors import EmbeddedCloudFailed
    from provisioner.state.directory import trust

    trust(options.directory)
    running = manage.find(options.directory)
    if running is not None:
        return manage.on_port(running, port)
    sys.stderr.write("starting the embedded cloud\n")
    try:
        # an earlier cloud's clock may have run ahead of this machine's: begin later than every recorded time
        more = ["--since", str(_newest(options.directory))]
        if stands_in(config) and (number := account(config)):
            more += ["--account", number]
        return manage.start(options.directory, domain(config), port=port, more=more)
    except OSError as error:
        raise EmbeddedCloudFailed(
            f"{error.filename or options.directory} cannot be written: {error.strerror}. Fix that, then run again"
        ) from None


def _newest(directory: Path) -> float:
    """Return the time after the newest record of any stack on the embedded cloud, in seconds since the epoch."""
    from provisioner.state.local import read
    from provisioner.state.model import StateError

    newest = 0.0
    for here in (directory / "local").glob("*"):
        with suppress(StateError, OSError):
            newest = max([newest, *(record.changed + 1 for record in read(here, here.name).records.values())])
    return newest


@used()
def runs(options: Options) -> bool:
    """Say whether the embedded cloud of the state directory is running.

    Raises:
        ConfigurationError: it is not installed.
    """
    from ecs_emulator import manage

    return manage.find(options.directory) is not None


@used()
def running(options: Options) -> CloudProcess:
    """Return the running embedded cloud of the state directory. It is never started here.

    Raises:
        ConfigurationError: it is not installed, or does not run.
        StateError: somebody else could write to the state directory.
    """
    from ecs_emulator import manage
    from provisioner.engine.errors import ConfigurationError
    from provisioner.state.directory import trust

    trust(options.directory)
    if found := manage.find(options.directory):
        return found
    raise ConfigurationError(
        f"no embedded cloud is running in {options.directory}: name the state directory of the stack that it has with "
        "--state-dir, or leave --target local out to read AWS"
    )


@used()
def started(options: Options) -> float:
    """Return the start time of the state directory's embedded cloud, in seconds since the epoch; 0 if none runs.

    Raises:
        ConfigurationError: it is not installed.
    """
    from ecs_emulator import manage

    return manage.started(options.directory)


@used()
def time(cloud: CloudProcess) -> float:
    """Return the time on the embedded cloud's clock, in seconds since the epoch.

    Raises:
        EmbeddedCloudFailed: it does not answer.
    """
    from ecs_emulator import control

    shown = control.clock(cloud)
    return float(shown["epoch"]) + float(shown["now"])


def is_simulated(options: Options, config: Config) -> bool:
    """Return whether tasks change state and no container runs: on an embedded cloud that has no Docker engine."""
    if config.target != "local" or not runs(options):
        return False
    with used():
        from ecs_emulator import manage

        return not manage.runs_containers(options.directory)


def certificate(options: Options, config: Config) -> Path | None:
    """Return the file of the self-signed certificate with which the stack answers here; None if there is none."""
    names = [config.address or "", *config.names]
    paths = (options.directory / f"{name.replace('*', 'any')}.pem" for name in names if name)
    return next((path for path in paths if path.is_file()), None)


def ahead(options: Options) -> float:
    """Return the seconds by which the clock of the state directory's embedded cloud is ahead of this machine's."""
    if not runs(options):
        return 0.0
    from time import time as here

    return time(running(options)) - here()


def entry(options: Options, config: Config) -> str:
    """Return the URL on this machine at which a stack on the embedded cloud answers.

    It is empty on AWS, and without a public service.
    """
    if config.target != "local" or not config.public:
        return ""
    with used():
        from ecs_emulator import manage

        return manage.entry(options.directory, config.address or config.name)
