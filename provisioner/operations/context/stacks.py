"""List the recorded stacks of a state directory and of the bucket, and warn of states that a command would miss."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from provisioner.engine.planning.losses import data_of
from provisioner.engine.resource_types import type_named
from provisioner.engine.words import count
from provisioner.operations.overrides import expiration, stack_protection
from provisioner.state.counted import counted
from provisioner.state.model import Record, Run, State, StateError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Estimate
    from provisioner.operations.context.options import Options

RUNS = ("up", "down")
"""The commands that record how they end."""
HIDDEN = "the caller may not read it"
"""The problem of a stack whose state the caller has no permission to read."""
CUT_OFF = "cut off"
"""The outcome of a run that could not record its end, because it was killed for example."""


@dataclass(frozen=True)
class RecordedStack:
    """A stack that is recorded.

    Attributes:
        target: the cloud that it is on.
        location: the directory of its state, or its address in the bucket.
        state: the recorded state; None if it cannot be read.
        holder: the command at work on it; empty if there is none.
        problem: the reason why it cannot be read.
        env: its environment, if the stack is of the configuration's project.
        cost: the estimated cost of its resources on AWS, if it was computed.
        cut_off: the last command that ended without recording its outcome (it was killed, for example), and its start.
        now: the time of its target's clock, in seconds since the epoch.
    """

    name: str
    target: str
    location: str
    state: State | None
    holder: str = ""
    problem: str = ""
    env: str = ""
    cost: Estimate | None = None
    cut_off: tuple[str, float] | None = None
    now: float = 0.0

    @property
    def expires(self) -> int | None:
        """The time at which the stack expires, in seconds since the epoch; None without a date."""
        return expiration.recorded(self.state.records) if self.state else None

    @property
    def protected(self) -> bool:
        """The mark of a stack that its state protects from deletion."""
        return self.state is not None and stack_protection.recorded(self.state.records)

    @property
    def stored(self) -> list[str]:
        """The addresses of resources that may hold data of which this tool knows no more: of AWS's and own types.

        A type of the user's own counts, since its class is not read here.
        """
        records = self.state.records.values() if self.state else ()
        of_others = [one for one in records if "::" in one.type or "." in one.type]
        return [one.address for one in of_others if type_named(one.type) is None or data_of(one)]

    @property
    def resources(self) -> int:
        """The number of recorded resources."""
        return counted(self.state.records) if self.state else 0

    @property
    def ready(self) -> int:
        """The number of recorded resources that are ready."""
        records = self.state.records if self.state else {}
        return counted(address for address, record in records.items() if record.phase == "ready")

    @property
    def created(self) -> float | None:
        """The time at which its first resource was created, in seconds since the epoch; None if there is none."""
        times = [record.created for record in self.state.records.values() if record.created] if self.state else []
        return min(times, default=None)

    @property
    def last(self) -> Run | None:
        """The newest `up` or `down`: the last in the history, or a later run that was cut off."""
        ended = self.state.history[-1] if self.state and self.state.history else None
        if self.holder or self.cut_off is None or self.cut_off[0] not in RUNS:
            return ended
        command, began = self.cut_off
        return Run(command, began, 0.0, CUT_OFF)


def in_directory(directory: Path) -> Iterator[RecordedStack]:
    """Yield the stacks of a state directory, deleted stacks included. Nothing is locked or changed.

    Raises:
        StateError: the directory is not the user's alone, or cannot be read.
    """
    from provisioner.config.models import Target
    from provisioner.state.directory import trust

    for target in get_args(Target):
        trust(directory, directory / target)
        try:
            found = sorted((directory / target).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise StateError(
                f"the state directory {directory / target} cannot be read: {error.strerror}: check its permissions"
            ) from None
        yield from (one for place in found if (one := in_place(place, target)))


def in_place(place: Path, target: str) -> RecordedStack | None:
    """Return the stack whose state is in a directory; None if there is no state."""
    from provisioner.state import local, lock
    from provisioner.state.directory import trust

    if not any(os.path.lexists(place / name) for name in (local.DOCUMENT, local.JOURNAL)):
        return None
    try:
        trust(place)
        state = local.read(place, place.name)
        lock_file = place / local.LOCK
        holder, cut_off = lock.holder(lock_file), lock.cut_off(lock_file)
        return RecordedStack(place.name, target, str(place), state, holder, cut_off=cut_off)
    except (StateError, OSError) as error:
        return RecordedStack(place.name, target, str(place), None, problem=str(error))


def in_bucket(config: Config, aws: Aws) -> Iterator[RecordedStack]:
    """Yield the stacks of the configured bucket. Only reads are made.

    Raises:
        StateError: the bucket cannot be read.
    """
    from provisioner.state import lease, s3_read
    from provisioner.state.objects import Objects

    client, bucket, runtime = aws.client("s3"), str(config.state.bucket), aws.pace.runtime
    for name in Objects(client, bucket, "", aws.account, runtime).directories():
        there = Objects(client, bucket, f"{name}/", aws.account, runtime)
        if s3_read.DOCUMENT not in there.names(s3_read.DOCUMENT):
            continue
        try:
            state = s3_read.read(there, name, runtime)
            holder, cut_off = lease.holder(there, runtime), lease.cut_off(there, runtime)
            yield RecordedStack(name, config.target, there.url_of(), state, holder, cut_off=cut_off)
        except StateError as error:
            problem = HIDDEN if forbidden(error) else str(error)
            yield RecordedStack(name, config.target, there.url_of(), None, problem=problem)


def forbidden(error: StateError) -> bool:
    """Say whether S3 refused because the caller lacks a permission."""
    from botocore.exceptions import ClientError

    from provisioner.aws.errors import DENIED, code_of

    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause) in DENIED | {"403"}


def beside(options: Options, config: Config, records: Mapping[str, Record]) -> list[str]:
    """Return notes on other stacks in the state directory, if nothing is recorded of this stack.

    This stack may be one of them, renamed in the configuration. With `--env` the project's other environments are left
    out.

    Raises:
        StateError: see `in_directory`.
    """
    if records:
        return []
    others = [one for one in in_directory(options.directory) if one.target == config.target and one.resources]
    own = f"{config.project}-"
    return [
        _note(config, one, one.name.removeprefix(own) if one.name.startswith(own) else "", options)
        for one in others
        if one.name != config.name and not (options.env and one.name.startswith(own))
    ]


def _note(config: Config, other: RecordedStack, env: str, options: Options) -> str:
    # with a hyphen, it may also be the end of another project's name
    if env and "-" not in env:
        what = f'write env = "{env}" again, or run {options.command_line("down", "--env", env)} to delete it'
    else:
        what = (
            f"write its project and env again, then run {replace(options, env=None).command_line('down')} to delete it"
        )
    resources = count(other.resources, "resource")
    return (
        f"{config.name} has no resources, but the state directory also has the stack {other.name} ({resources}). If "
        f"this configuration used to be that stack, {what}"
    )
