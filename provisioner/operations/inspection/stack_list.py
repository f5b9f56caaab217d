"""List all recorded stacks of the state directory and of the state bucket."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.errors import ProvisionError
from provisioner.operations.context import configuration, connection, embedded_cloud
from provisioner.operations.context.stacks import RecordedStack, in_bucket, in_directory
from provisioner.operations.impact import costs
from provisioner.state.model import StateError

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options


def everywhere(options: Options) -> tuple[list[RecordedStack], list[str]]:
    """Return all stacks of the state directory and the bucket, and a note for each failed read. Starts nothing.

    Raises:
        StateError: other users can access the state directory, or it cannot be read.
    """
    there, notes, config = list(in_directory(options.directory)), list[str](), None
    try:
        # without a configuration no bucket is known
        config = configuration.load(options) if options.config or os.path.lexists(options.file) else None
        if config and config.state.bucket:
            there += in_bucket(config, connection.reader(options, config))
    except (ProvisionError, StateError) as error:
        what = f"the bucket {config.state.bucket}" if config else "the configuration, which may name a state bucket,"
        notes.append(f"{what} could not be read: {error}")
    own = f"{config.project}-" if config else ""
    clocks = _clocks(options, {one.target for one in there if one.expires})
    return [
        replace(
            one,
            env=one.name.removeprefix(own) if own and one.name.startswith(own) else "",
            now=clocks.get(one.target, 0.0),
        )
        for one in there
    ], notes


def _clocks(options: Options, targets: Collection[str]) -> dict[str, float]:
    """Return the current time by target. A running embedded cloud has its own clock, which may be ahead."""
    shown = dict.fromkeys(targets, time.time())
    if "local" in targets:
        with suppress(ProvisionError, StateError):
            shown["local"] = embedded_cloud.time(embedded_cloud.running(options))
    return shown


def priced(found: Iterable[RecordedStack], options: Options) -> list[RecordedStack]:
    """Return the stacks with their cost on AWS. Imports the resource types only if a stack has resources."""
    return [
        replace(one, cost=costs.of_records(one.state.records, one.state.region, options.directory))
        if one.state and one.state.records
        else one
        for one in found
    ]


def working(options: Options, *, answers: bool) -> str:
    """Return the commands that hold the locks of stacks in the embedded cloud, as one phrase; empty if none does.

    Args:
        answers: whether the embedded cloud answers, so that a state in its bucket can be read.
    """
    try:
        found = everywhere(options)[0] if answers else in_directory(options.directory)
        return " and ".join(one.holder for one in found if one.target == "local" and one.holder)
    except StateError:
        return ""  # every command refuses such a directory, so none is at work in it
