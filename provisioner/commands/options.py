"""The options that every command takes."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner import calllog, places


class Target(StrEnum):
    """Which cloud a command is about."""

    LOCAL = "local"
    AWS = "aws"


TargetStep = Annotated[
    str | None, typer.Option("--target-step", metavar="STEP", help="Limit it to one step, with what has to go with it.")
]
"""An option of those commands that work step by step."""


Redeploy = Annotated[
    bool, typer.Option("--redeploy", help="Put services back to what is declared where somebody else deployed.")
]
"""An option of `plan` and `up`."""


NewAmi = Annotated[
    bool, typer.Option("--new-ami", help="Take the newest AMI, and replace all instances that are older.")
]
"""An option of `plan` and `up`."""


@dataclass(frozen=True)
class Options:
    """What was said on the command line beside the command's own arguments."""

    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="FILE", help="The configuration, instead of stack.toml in this folder or above."
        ),
    ] = None
    env: Annotated[str | None, typer.Option(metavar="NAME", help="The environment, instead of the file's.")] = None
    target: Annotated[
        Target | None,
        typer.Option(envvar="PROVISION_TARGET", help="The embedded cloud or AWS, instead of the file's."),
    ] = None
    state_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where state and embedded cloud are kept, instead of .provision beside the configuration.",
        ),
    ] = None
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="The AWS profile to use.")] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False
    json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")] = False
    wait: Annotated[
        bool, typer.Option("--wait", help="If another command is at work on the state, wait for it to end.")
    ] = False
    log: Annotated[
        calllog.CallLog | None,
        typer.Option(metavar="FILE", parser=calllog.opened, help="Append each AWS call to a file, without secrets."),
    ] = None

    ends: ExitStack = field(init=False, default_factory=ExitStack)
    """What is to be let go when the command has ended."""

    @property
    def file(self) -> Path:
        """The configuration: the one that was named, or else the nearest; raises as `places.configuration` does."""
        return self.config or places.configuration()

    @property
    def folder(self) -> Path:
        """The state folder: the one that was named, or else the one beside the configuration; raises as `file` does."""
        return self.state_dir or self.file.parent / places.STATE

    def again(self, command: str, *more: str) -> str:
        """Return how to call another command on the same stack, in backticks."""
        words = ["provision", command, *more]
        words += ["-c", str(self.config)] if self.config else []
        words += ["--env", self.env] if self.env else []
        words += ["--target", self.target] if self.target else []
        words += ["--state-dir", str(self.state_dir)] if self.state_dir else []
        words += ["--profile", self.profile] if self.profile else []
        return f"`{shlex.join(words)}`"
