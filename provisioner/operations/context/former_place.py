"""Refuse to begin a second state while a stack's state is in the place where earlier versions kept it."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.config import paths
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import count
from provisioner.operations.context.stacks import RecordedStack, in_place
from provisioner.state.model import StateError

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options


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
    from provisioner.config.stack_file import load

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
        return in_place(place, config.target)
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
