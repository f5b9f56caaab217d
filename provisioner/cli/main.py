"""The program `provision`: it runs a command line, and makes each way of ending a message and an exit code."""

from __future__ import annotations

import atexit
import gc
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import make_dataclass
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import typer

from provisioner.cli.app import GROUPS, USAGE, app, only
from provisioner.operations.context import signals
from provisioner.render.channels import UNREAD, Unwritable, dependable, drop

if TYPE_CHECKING:
    from provisioner.engine.errors import ProvisionError

GARBAGE = 300_000
"""New objects before Python collects garbage. A command needs most objects until it ends: with Python's default, 700,
the collection takes a tenth of the time of a `plan`."""
MODULES = {
    "exec": "exec_",
    "import": "import_",
    "list": "list_",
    "state": "state_edit",
}
"""The module of a command that has another name."""
NAMES = frozenset(name for names in GROUPS.values() for name in names)
COMPLETION = "_PROVISION_COMPLETE"
"""The variable with which a shell asks for completion."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return the exit code.

    Exit codes: 0 success, 1 failure, 2 `plan` found changes or `status` found a problem, 3 the user has to act, 4 wrong
    configuration or usage, 130 interrupted.
    `run` and `exec` end with the code of the program that they ran, or 125.
    """
    gc.set_threshold(GARBAGE)
    # none of pydantic's plugins is used: to find them, it reads the files of every installed distribution
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    # the process ends with all its memory: no garbage collection at the end, and no object is taken apart
    atexit.register(gc.freeze)
    try:
        with dependable(), signals.watched():
            return _ended(arguments)
    except KeyboardInterrupt:
        # the first signal came while the message at the end was printed
        return signals.INTERRUPTED
    finally:
        _forget_interruption()


def _forget_interruption() -> None:
    """Make Python end with our exit code, even after a KeyboardInterrupt that we have caught.

    Each dataclass is made by an evaluation of text. If a KeyboardInterrupt leaves such an evaluation, CPython remembers
    it, and ends `python -m` by SIGINT although the exception was caught. The next evaluation of text clears that
    (pythonrun.c, run_eval_code_obj).
    """
    make_dataclass("Forgotten", ())


def _ended(arguments: Sequence[str] | None) -> int:
    """Run one command line, print its error if it fails, and return the exit code."""
    try:
        code = _program(arguments)(arguments, prog_name="provision", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", signals.INTERRUPTED)
    except SystemExit:
        # typer ends this way if the reader of a pipe is gone
        return _unread()
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNREAD:
            return _unread()
        if os.environ.get("PROVISION_DEBUG") == "1":
            raise
        return _failed(error, sys.argv[1:] if arguments is None else arguments)
    return int(code or 0)


def _program(arguments: Sequence[str] | None) -> typer.Typer:
    """Return the program with the command of a command line alone, or with all commands if none is named.

    To build all of them takes longer than most commands run.
    """
    word = next(iter(sys.argv[1:] if arguments is None else arguments), "")
    if word in NAMES and COMPLETION not in os.environ:
        import_module(f"provisioner.cli.{MODULES.get(word, word)}")
        return only(word)
    import_module("provisioner.cli.commands")
    return app


def _unread() -> int:
    """Drop the buffered output, as its reader or the terminal is gone, and return the exit code."""
    drop(sys.stdout)
    return signals.INTERRUPTED if signals.interrupted() else 1


def _failed(error: Exception, arguments: Sequence[str] = ()) -> int:
    from provisioner.engine.errors import Cancelled, ProvisionError
    from provisioner.render.text import say
    from provisioner.state.model import StateError

    if isinstance(error, Cancelled):
        say([str(error)], sys.stderr)
        return error.exit_code
    if isinstance(error, ProvisionError):
        return _fail(_placed(error, arguments), error.exit_code, error.code)
    if isinstance(error, StateError):
        return _fail(str(error), 1, error.code)
    if isinstance(error, Unwritable):
        return _fail(f"standard output cannot be written: {error.strerror}", 1)
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "provision"
        message = _usage(error, arguments)
        if where == "provision" and message.startswith("No such option"):
            message += " Options come after the command, as in `provision up --env staging`."
        return _fail(f"{message} See `{where} --help`", USAGE)
    from provisioner.cli.unforeseen import told

    return _fail(*told(error))


def _placed(error: ProvisionError, arguments: Sequence[str]) -> str:
    """Return the message of an error, with the lines of the configuration that it is about."""
    full = error.in_full()
    if ".toml: " not in full:
        return full
    from provisioner.config.places import located

    env = next((after for word, after in pairwise([*arguments, ""]) if word == "--env"), "")
    return located(full, env or next((word[6:] for word in arguments if word.startswith("--env=")), ""))


def _usage(error: typer.TyperException, arguments: Sequence[str]) -> str:
    """Return the error of a command line as a sentence: words of other tools are answered, and numbers asked for."""
    from provisioner.cli import other_words

    message = " ".join(error.format_message().split()).replace(": Value error, ", ": ")
    context = getattr(error, "ctx", None)
    if message.startswith("No such option"):
        own = [one for parameter in context.command.params for one in parameter.opts] if context else []
        answers = (other_words.option(word, own) for word in other_words.arguments(arguments))
        message = next(filter(None, answers), message)
    if number := re.fullmatch(r"(.*): Input should be a valid (integer|number).*", message):
        wrong: list[Any] = getattr(error.__cause__, "errors", list)()
        given = f"{str(wrong[0]['input'])[:40]!r} is no number" if wrong else "this is no number"
        message = f"{number[1]}: {given}: write {'a whole number' if number[2] == 'integer' else 'one'}, such as 2"
    pair = next(filter(re.compile(r"[\w-]+=\d+").fullmatch, arguments), "")
    if pair and message.startswith("Missing argument"):
        path = context.command_path if context else "provision"
        message = f"{message.rstrip('.')}: write `{path} {pair.replace('=', ' ')}`"
    return message if message.endswith(("?", "!")) else f"{message.rstrip('.')}."


def _fail(message: str, code: int, family: str = "") -> int:
    """Print an error, with a pointer to its explanation if there is one, and return the exit code."""
    from provisioner.render.error_families import more
    from provisioner.render.text import tell

    tell([f"error: {message or 'no reason was given'}", *more([family] if family else [])], sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
