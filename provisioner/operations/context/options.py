"""The options of all commands: the configuration, the target, the place of the state."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.config import paths

if TYPE_CHECKING:
    from provisioner.aws.call_log import CallLog


Report = Callable[[str], None]
"""Takes a line for the user that is no result."""
Ask = Callable[[str], bool | None]
"""Asks the user a question that is answered with yes or no; None: nobody can be asked."""


class Target(StrEnum):
    """The cloud of a command."""

    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Options:
    """The options that every command has.

    Attributes:
        config: the configuration's file; the nearest `stack.toml` if left out.
        env, target: instead of what the configuration says.
        state_dir: where state and embedded cloud are kept, instead of beside the configuration.
        profile: the AWS profile.
        yes: nothing is asked.
        json: standard output is JSON.
        wait: another command at work on the state is waited for.
        log: where AWS calls are written down.
        ends: what is to be let go when the command has ended.
        report: takes a line for the user that is no result.
        ask: asks the user whether to trust own steps.
    """

    config: Path | None = None
    env: str | None = None
    target: Target | None = None
    state_dir: Path | None = None
    profile: str | None = None
    yes: bool = False
    json: bool = False
    wait: bool = False
    log: CallLog | None = None
    ends: ExitStack = field(init=False, default_factory=ExitStack)
    report: Report = field(default=lambda line: None, compare=False)
    ask: Ask = field(default=lambda question: None, compare=False)

    @property
    def file(self) -> Path:
        """The path of the configuration: the named file, or else the nearest. Raises as `paths.configuration` does."""
        return self.config or paths.configuration()

    @property
    def directory(self) -> Path:
        """The state directory: the named one, or else the one beside the configuration. Raises as `file` does."""
        return self.state_dir or self.file.parent / paths.STATE

    def command_line(self, command: str, *more: str) -> str:
        """Return how to call another command on the same stack, in backticks."""
        return f"`{shlex.join(['provision', *self.words(command, *more)])}`"

    def words(self, command: str, *more: str) -> list[str]:
        """Return the words with which another command is called on the same stack."""
        words = [command, *more]
        words += ["-c", str(self.config)] if self.config else []
        words += ["--env", self.env] if self.env else []
        words += ["--target", self.target] if self.target else []
        words += ["--state-dir", str(self.state_dir)] if self.state_dir else []
        words += ["--profile", self.profile] if self.profile else []
        return words
