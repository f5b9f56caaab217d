"""List the recorded stacks of a state directory and of the bucket, and warn of states that a command would miss."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from provisioner.config import paths
from provisioner.engine.errors import ConfigurationError
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
        yield from (one for place in found if (one := _in_place(place, target)))


def _in_place(place: Path, target: str) -> RecordedStack | None:
    """Return the stack whose state is in a directory, None if there is no state."""
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


def check_place(options: Options, config: Config) -> None:
    """Refuse to begin a second state while the stack's state is still in its former place, the current directory.

    Raises:
        ConfigurationError: it is there. The message has the command that moves it.
    """
    former, place = Path(paths.STATE), options.directory
    if options.state_dir or not former.is_dir() or (place.exists() and former.samefile(place)):
        return
    if _others_own(config, options):
        return
    old, new = (_of(config, directory) for directory in (former, place))
    if old is None or not (old.resources or old.problem) or (new and (new.resources or new.problem)):
        return
    kept = count(old.resources, "resource") if old.state else old.problem
    raise ConfigurationError(
        f"the state of {config.name} ({kept}) is in {former}, where earlier versions kept it. It belongs beside the "
        f"configuration now: move it with `{_move(old, former, place, config.target)}`, or add --state-dir {former} to "
        f"each command to keep it where it is. To create another stack instead, add --state-dir {place}"
    )


def _others_own(config: Config, options: Options) -> bool:
    """Return whether the state in the current directory belongs to another configuration there of the same name."""
    from provisioner.config.models import load

    here = Path(paths.CONFIG)
    if not here.exists() or here.samefile(options.file):
        return False
    try:
        return load(here).name == config.name
    except ConfigurationError:
        return False


def _of(config: Config, directory: Path) -> RecordedStack | None:
    """Return the configuration's stack in a state directory; None if there is none, or others could write to it."""
    from provisioner.state.directory import trust

    with suppress(StateError):
        place = directory / config.target / config.name
        trust(directory, place.parent)
        return _in_place(place, config.target)
    return None


def _move(old: RecordedStack, former: Path, place: Path, target: str) -> str:
    """Return the command that moves a stack's state to another directory, together with its embedded cloud."""
    if not place.exists():
        return shlex.join(["mv", str(former), str(place)])
    there, cloud = place / target / old.name, "cloud.json"
    steps = [["mkdir", "-p", str(there.parent)]]
    if there.exists():
        # the state of a deleted stack
        steps.append(["mv", str(there), str(place / f"{old.name}.old")])
    steps.append(["mv", old.location, str(there)])
    if target == "local" and (former / cloud).exists() and not (place / cloud).exists():
        steps.append(["mv", str(former / cloud), str(place / cloud)])
    return " && ".join(map(shlex.join, steps))


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
