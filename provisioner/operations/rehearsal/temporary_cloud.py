"""Run an embedded cloud in this process for one rehearsal. Nothing of it is left when the command ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import __version__
from provisioner.docker.engine import SWITCH
from provisioner.engine.errors import Interrupted
from provisioner.operations.context import connection, embedded_cloud, graceful_stop, signals
from provisioner.operations.rehearsal.memory_disk import MemoryDisk
from provisioner.state.local import LocalStore

if TYPE_CHECKING:
    from ecs_emulator.inside import OwnCloud
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.events import Emit
    from provisioner.operations.context.options import Options
    from provisioner.operations.runs.summary import Summary
    from provisioner.state.store import Store

PLACE = Path("/rehearsal")
"""The directory of the copy's state on its disk."""


@dataclass(frozen=True)
class TemporaryCloud:
    """An embedded cloud, with the options and the configuration for commands in it."""

    cloud: OwnCloud
    options: Options
    config: Config
    disk: MemoryDisk = field(default_factory=MemoryDisk)

    @contextmanager
    def connected(self) -> Iterator[Aws]:
        """Connect to the cloud as one command does; afterwards its clock no longer waits for this connection."""
        aws = replace(connection.connect(self.options, self.config, self.cloud), stand_ins=True)
        try:
            yield aws
        finally:
            aws.pace.runtime.close()

    @contextmanager
    def state(self, aws: Aws, command: str) -> Iterator[Store]:
        """Open the state of the stack's copy."""
        store = LocalStore(PLACE, self.config.name, command, __version__, None, aws.pace.runtime, self.disk)
        with signals.held(), store:
            store.guard(self.config.name, aws.account, aws.region)
            yield store

    def emptied(self) -> TemporaryCloud:
        """Return the same cloud without any resources, with an empty state."""
        self.cloud.empty()
        return replace(self, disk=MemoryDisk())


def temporary_cloud(options: Options, config: Config, account: str) -> TemporaryCloud:
    """Return an embedded cloud of this process; no container runs in it.

    Args:
        options: the options of the command.
        account: the id of its account; empty for the default one.
    """
    # containers would take real time
    os.environ[SWITCH] = "0"
    from ecs_emulator import inside
    from provisioner.aws.service_models import PlainFiles

    # security groups outside the stack are in a VPC that the copy does not have
    alone = {
        kind: {name: one.model_copy(update={"security_groups": ()}) for name, one in getattr(config, kind).items()}
        for kind in ("services", "jobs")
    }
    state = config.state.model_copy(update={"bucket": None})
    here = config.model_copy(update={"target": "local", "state": state, **alone})
    # the models are large: they are parsed once for the cloud's moto and for its clients
    cloud = inside.start(embedded_cloud.domain(config), account, PlainFiles().load_file)
    return TemporaryCloud(cloud, replace(options, log=None, target=None), here)


def run_interruptibly(aws: Aws, command: Callable[[Emit], Summary]) -> Summary:
    """Run a command in the temporary cloud without showing its events.

    Raises:
        Interrupted: the user ended it.
    """
    with graceful_stop.interruptible(aws.pace, lambda event: None):
        outcome = command(lambda event: None)
    if isinstance(outcome.error, Interrupted):
        raise Interrupted("interrupted: the rehearsal's cloud is gone, and nothing was changed: run it again")
    return outcome
