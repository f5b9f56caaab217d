"""Run `provision show`: read the stack from its configuration, its state or AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.operations.context import configuration, connection, stores
from provisioner.operations.pictures.view import Source, View, declared, live, recorded
from provisioner.operations.planning import declaration

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options


def show(options: Options, source: Source) -> View:
    """Return the stack by its configuration, its state, or AWS. Only reads are made; none for the recorded stack.

    Raises:
        ProvisionError: the source cannot be read.
    """
    config = configuration.load(options, declares=source == "declared")
    if source == "recorded":
        state = stores.as_written(options, config)
        return recorded(config, state)
    aws = connection.connect(options, config).reading()
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    if source == "live":
        return live(config, aws, state)
    wanted = declaration.declare_stack(options, config, aws, state.records).declared
    return declared(config, aws.account, state.records, state.history, wanted)
