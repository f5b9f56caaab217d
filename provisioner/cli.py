"""The program `provision`: its commands, and how each way of ending becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from provisioner import __version__
from provisioner.commands import cloud, down, init, output, plan, state, status, up

USAGE, INTERRUPTED = 4, 130

app = typer.Typer(
    name="provision",
    no_args_is_help=True,
    # Help made with rich takes 0.4 s to show, plain help 0.1 s.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    epilog="Begin with `provision init`, then `provision up`: without an AWS account, on the embedded cloud.",
)
for module in (init, up, plan, status, output, down):
    module.register(app)
app.add_typer(state.app)
app.add_typer(cloud.app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"provision {__version__}")
        raise typer.Exit


@app.callback()
def provision(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Stand up and tear down a complete Amazon ECS system: on AWS, or rehearsed on the embedded cloud."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return the exit code.

    0 fine, 1 failed, 2 `plan` found changes, 3 waiting on the user, 4 bad configuration or usage, 130 interrupted.
    """
    try:
        code = app(arguments, prog_name="provision", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has enough. What is still buffered must not complain when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", INTERRUPTED)
    except Exception as error:
        return _failed(error)
    return int(code or 0)


def _failed(error: Exception) -> int:
    from provisioner.engine.errors import ProvisionError
    from state.model import StateError

    if os.environ.get("PROVISION_DEBUG") == "1":
        raise error
    if isinstance(error, ProvisionError):
        return _fail(str(error), error.exit_code)
    if isinstance(error, StateError):
        return _fail(str(error), 1)
    # Usage errors know their command; all of them derive from the base of this one.
    if isinstance(error, typer.BadParameter.__bases__):
        return _misused(error)
    return _fail(
        f"unexpected {type(error).__name__}: {error}. This is a fault of the tool; PROVISION_DEBUG=1 shows where", 1
    )


def _misused(error: Exception) -> int:
    message, context = getattr(error, "format_message", error.__str__)(), getattr(error, "ctx", None)
    if not message:  # a group without a command: its help was shown
        return USAGE
    return _fail(f"{message.rstrip('.')}. See `{context.command_path if context else 'provision'} --help`", USAGE)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"error: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
