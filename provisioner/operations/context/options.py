"""Options that every command takes: the configuration's file, the environment, the cloud, the state directory."""

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
"""Shows the user a line that is not part of the command's result."""
Ask = Callable[[str], bool | None]
"""Asks the user a yes-or-no question. It returns None if no user can answer, as in CI."""


class Target(StrEnum):
    """The cloud of a command: the embedded cloud, or AWS."""

    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Options:
    """The options that every command takes.

    Attributes:
        config: the configuration's file; None: the nearest `stack.toml`.
        env, target: values that replace the configuration's.
        state_dir: the directory of state and embedded cloud; None: the directory beside the configuration.
        profile: the AWS profile.
        yes: ask no questions.
        json: write JSON to standard output.
        wait: wait if another command holds the state's lock.
        log: the log of AWS calls.
        ends: callbacks that run when the command has ended.
        report: shows the user a line that is not part of the result.
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
        """The path given with `--config`, or else the nearest configuration; raises as `paths.configuration` does."""
        return self.config or paths.configuration()

    @property
    def directory(self) -> Path:
        """The path given with `--state-dir`, or else the directory beside the configuration. Raises as `file` does."""
        return self.state_dir or self.file.parent / paths.STATE

    def command_line(self, command: str, *more: str) -> str:
        """Return a command line in backticks that runs another command on the same stack."""
        return f"`{shlex.join(['provision', *self.words(command, *more)])}`"

    def words(self, command: str, *more: str) -> list[str]:
        """Return the words of a command line that runs another command on the same stack."""
        words = [command, *more]
        words += ["-c", str(self.config)] if self.config else []
        words += ["--env", self.env] if self.env else []
        words += ["--target", self.target] if self.target else []
        words += ["--state-dir", str(self.state_dir)] if self.state_dir else []
        words += ["--profile", self.profile] if self.profile else []
        return words
