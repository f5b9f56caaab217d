"""Ask the user to confirm, or for a secret value."""

from __future__ import annotations

import contextlib
import getpass
import re
import select
import sys

from provisioner.engine.errors import Cancelled, ConfigurationError, NobodyToAsk
from provisioner.operations.context import signals
from provisioner.render.text import visible

HEARTBEAT = 0.25
"""Seconds between two checks for an interruption, while a question waits for its answer."""


def confirm(question: str, yes: bool, before: str = "nothing was changed") -> None:
    """Return if the user agrees, or has done so beforehand with `--yes`.

    Args:
        before: the changes until now, for the message if the user does not agree.

    Raises:
        NobodyToAsk: there is no terminal to ask on.
        Cancelled: the user does not agree.
    """
    if yes:
        return
    if (answer := agreed(f"{question}. Continue?")) is None:
        raise NobodyToAsk(f"{question}: confirmation required, but standard input is not a terminal: add --yes")
    if not answer:
        raise Cancelled(f"cancelled: {before}")


def agreed(question: str) -> bool | None:
    """Return the user's answer to a question, or None if there is no terminal to ask on."""
    if not sys.stdin.isatty():
        return None
    sys.stderr.write(f"{visible(question)} [y/N] ")
    sys.stderr.flush()
    return _answer().strip().lower() in {"y", "yes"}


def answered(question: str, usual: str) -> str:
    """Return the line that the user types on the terminal, or the usual answer if it is empty."""
    sys.stderr.write(f"{visible(question)} [{visible(usual)}] ")
    sys.stderr.flush()
    return _answer().strip() or usual


def chosen(question: str, *, usual: bool) -> bool:
    """Return the user's yes or no on the terminal, or the usual answer if the line is empty."""
    sys.stderr.write(f"{visible(question)} [{'Y/n' if usual else 'y/N'}] ")
    sys.stderr.flush()
    given = _answer().strip().lower()
    return given in {"y", "yes"} if given else usual


def hidden_input(question: str) -> str:
    """Return hidden input from a terminal, or all of standard input without one final line break.

    Raises:
        ConfigurationError: standard input is no text.
    """
    if sys.stdin.isatty():
        with signals.at_once(), contextlib.suppress(EOFError):
            return getpass.getpass(visible(question))
        return ""
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise ConfigurationError(
            "standard input is not UTF-8 text, so nothing was set: save it in that encoding"
        ) from None
    return re.sub(r"\r?\n\Z", "", text)


def _answer() -> str:
    """Read a line from the terminal."""
    with signals.at_once():
        # a signal just before a blocking read would be noticed only after the read
        while not select.select([sys.stdin], [], [], HEARTBEAT)[0]:
            pass
        return sys.stdin.readline()
