"""The options that every command takes, and the decorator that gives them to it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

DEFAULT_CONFIG, DEFAULT_STATE_DIR = Path("stack.toml"), Path(".provision")


class Target(StrEnum):
    """Which cloud a command is about."""

    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Options:
    """What was said on the command line beside the command's own arguments."""

    config: Annotated[
        Path, typer.Option("--config", "-c", metavar="FILE", help="The stack's configuration.")
    ] = DEFAULT_CONFIG
    env: Annotated[str | None, typer.Option(metavar="NAME", help="The environment, instead of the file's.")] = None
    target: Annotated[
        Target | None,
        typer.Option(envvar="PROVISION_TARGET", help="The embedded cloud or AWS, instead of the file's."),
    ] = None
    state_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the state and the embedded cloud's files are kept.")
    ] = DEFAULT_STATE_DIR
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="The AWS profile to use.")] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False
    json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")] = False

    def again(self, command: str) -> str:
        """Return how to call another command on the same stack, in backticks."""
        words = ["provision", command]
        words += ["-c", str(self.config)] if self.config != DEFAULT_CONFIG else []
        words += ["--env", self.env] if self.env else []
        words += ["--target", self.target] if self.target else []
        words += ["--state-dir", str(self.state_dir)] if self.state_dir != DEFAULT_STATE_DIR else []
        words += ["--profile", self.profile] if self.profile else []
        return f"`{' '.join(words)}`"


def command(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Register a function as a command of the app; its first parameter is handed the `Options`, it returns the exit code.

    Args:
        examples: lines of the form `command line  # what it does`, shown at the end of the help.
    """

    def register(function: Callable[..., int]) -> Callable[..., int]:
        # Without the mark, the lines would be filled into one paragraph.
        epilog = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)])
        app.command(name, epilog=epilog)(_with_options(function))
        return function

    return register


def _with_options(function: Callable[..., int]) -> Callable[..., int]:
    """Return the function with the common options among its own parameters, for typer to read off its signature."""
    common = inspect.signature(Options, eval_str=True).parameters
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

    def run(**given: Any) -> int:
        options = Options(**{field.name: given.pop(field.name) for field in fields(Options)})
        return function(options, **given)

    parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in (*own, *common.values())]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = function.__doc__
    return run
