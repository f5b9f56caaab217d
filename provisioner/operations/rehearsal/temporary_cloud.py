"""Starts an embedded cloud for one rehearsal, in a directory and a process that end with the command."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.docker.engine import SWITCH
from provisioner.emulator import manage
from provisioner.engine.errors import Interrupted
from provisioner.operations import context, stores

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.emulator.control import CloudProcess
    from provisioner.operations.options import Options
    from state.store import Store

PREFIX = "provision-rehearsal-"


@dataclass(frozen=True)
class TemporaryCloud:
    """An embedded cloud, and the options and the configuration with which commands go there."""

    cloud: CloudProcess
    options: Options
    config: Config

    @contextmanager
    def connected(self) -> Iterator[Aws]:
        """Be connected, as one command is; the clock waits for nobody afterwards."""
        aws = replace(context.connect(self.options, self.config), stand_ins=True)
        try:
            yield aws
        finally:
            aws.pace.runtime.close()

    def state(self, aws: Aws, command: str) -> AbstractContextManager[Store]:
        """Open the state that the stack has there."""
        return stores.open_store(self.options, self.config, aws, command)


@contextmanager
def temporary_cloud(options: Options, config: Config, account: str) -> Iterator[TemporaryCloud]:
    """Have a fresh cloud while the context lasts; no container runs in it, and nothing is left of it.

    Args:
        options: the command's.
        account: the number of its account; empty for the usual one.
    """
    more = ["--with-parent", *(["--account", account] if account else [])]
    domain = context.EMULATOR_DOMAIN if config.dns.create_zone else config.dns.domain
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, _without_engine():
        directory = Path(name)
        here = config.model_copy(update={"target": "local", "state": config.state.model_copy(update={"bucket": None})})
        try:
            cloud = manage.start(directory, domain, more=more)
            yield TemporaryCloud(cloud, replace(options, state_dir=directory, log=None, target=None), here)
        finally:
            manage.stop(directory)


@contextmanager
def _without_engine() -> Iterator[None]:
    """Do as if there were no Docker engine, in the cloud's process as well: containers take real time."""
    before = os.environ.get(SWITCH)
    os.environ[SWITCH] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SWITCH]
        else:
            os.environ[SWITCH] = before


def raise_interruption(error: Exception | None) -> None:
    """Raise what ended a run if it was the user."""
    if isinstance(error, Interrupted):
        raise Interrupted("interrupted: the rehearsal's cloud is deleted, and nothing else was changed")
