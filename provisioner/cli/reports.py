"""The option `--report`: write the result of a command to files, however it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.operations.context import signals
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.render.report.draft import Draft

Report = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Also write a report, however it ends: Markdown (.md), or a page with a picture (.html). May be repeated.",
        show_default=False,
    ),
]
"""An option of `plan`, `rehearse`, `up`, `down` and `deploy`."""
ENDINGS = (".md", ".html")


@contextmanager
def reporting(
    options: Options, command: str, files: Sequence[Path] | None, target_step: str | None = None
) -> Iterator[Draft]:
    """Yield a draft to fill in while the context lasts, and write the report at the end.

    Args:
        files: the files of the report; they are emptied first, so that nobody takes an earlier report for this one.

    Raises:
        ConfigurationError: a file cannot be written, or its name ends with neither .md nor .html.
    """
    for file in files or ():
        _empty(file)
    from provisioner.render.report.draft import Draft

    draft, started = Draft(command, target_step=target_step), time.monotonic()
    try:
        yield draft
    except BaseException as error:
        draft.error, draft.code = _told(error)
        draft.seconds = time.monotonic() - started
        for text in _write(options, draft, files or ()):
            _say(f"error: {text}")
        raise
    draft.seconds = time.monotonic() - started
    if lost := _write(options, draft, files or ()):
        from provisioner.engine.errors import ProvisionError

        raise ProvisionError(f"{'; '.join(lost)}. `{command}` itself has ended, with exit code {draft.code}")


def _empty(file: Path) -> None:
    from provisioner.engine.errors import ConfigurationError

    if file.suffix not in ENDINGS:
        raise ConfigurationError(f"--report: {file}: end the name with .md for Markdown, or .html for a page")
    try:
        file.write_text("", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"--report: {file} cannot be written: {error.strerror}. Name a file in a directory that is there"
        ) from None


def _told(error: BaseException) -> tuple[str, int]:
    """Return the message and the exit code of an error that ends a command; an interruption has no message."""
    from provisioner.cli.app import USAGE
    from provisioner.cli.unforeseen import told
    from provisioner.engine.errors import ProvisionError
    from provisioner.state.model import StateError

    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "", signals.INTERRUPTED
    if isinstance(error, ProvisionError):
        return str(error), error.exit_code
    if isinstance(error, typer.TyperException):
        return error.format_message(), USAGE
    if isinstance(error, StateError):
        return str(error), 1
    message, code, _ = told(error)
    return message, code


def _write(options: Options, draft: Draft, files: Sequence[Path]) -> list[str]:
    """Write the report, and return the errors of the writing."""
    if not files:
        return []
    from provisioner.operations.commands.report import caller, stack_name
    from provisioner.render.report.content import report
    from provisioner.render.report.markdown import markdown
    from provisioner.render.report.page import page

    wrong = []
    with signals.held():
        draft.caller = caller(Path.cwd() if options.config is None else options.config.parent)
        draft.stack = draft.about.config.name if draft.about else stack_name(options)
        said = report(draft)
        for file in files:
            if file.suffix == ".md":
                text = markdown(said)
            else:
                text = page(said, draft.about.picture(draft.failed).diagram if draft.about else None)
            try:
                file.write_text(text, encoding="utf-8")
            except OSError as error:
                wrong.append(f"{file} cannot be written: {error.strerror}")
            else:
                _say(f"Wrote {file}.")
    return wrong


def _say(text: str) -> None:
    from provisioner.render.text import say

    say([text], sys.stderr)
