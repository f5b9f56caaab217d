"""Time and threads of a run on the embedded cloud."""

from __future__ import annotations

from ecs_emulator.client_runtime import INTERRUPTIBLE, CloudRuntime
from provisioner.operations.context import signals
from provisioner.state.runtime import Host

signals.raise_only_in(INTERRUPTIBLE)


class EmbeddedRuntime(CloudRuntime, Host):
    """The embedded cloud's clock, with threads that take turns on it; randomness and processes are this machine's."""
