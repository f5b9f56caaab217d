"""Every help page as users read it, 80 columns wide: help.txt.

`UPDATE_HELP=1 pytest tests/unit/cli/test_help.py` writes it anew; read its diff.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from provisioner.cli.commands import app

SNAPSHOT = Path(__file__).with_name("help.txt")


def test_every_help_page_is_as_it_was_read() -> None:
    text = "\n".join(help_pages()) + "\n"
    if os.environ.get("UPDATE_HELP") == "1":
        SNAPSHOT.write_text(text)
    read, now = SNAPSHOT.read_text().splitlines(), text.splitlines()
    if changes := list(difflib.unified_diff(read, now, "as read", "as it is now", n=0, lineterm="")):
        pytest.fail("\n".join(["Read it, then UPDATE_HELP=1 rewrites help.txt:", *changes]), pytrace=False)


def help_pages() -> Iterator[str]:
    """Yield the lines of each command's help, the program's first."""
    root = typer.main.get_command(app)
    waiting = [root.make_context("provision", [], resilient_parsing=True, terminal_width=80)]
    while waiting:
        context = waiting.pop(0)
        yield from (f"== {context.command_path} --help", *context.get_help().splitlines(), "")
        below = getattr(context.command, "commands", {})
        waiting += [
            command.make_context(name, [], parent=context, resilient_parsing=True) for name, command in below.items()
        ]
