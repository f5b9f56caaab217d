"""Refuse a command on AWS without credentials before the modules are imported that it needs for its work."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING

from provisioner.aws import credential_sources

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options

COMMANDS = frozenset(
    {
        "up", "plan", "show", "rehearse", "deploy", "approve", "reject", "rollback", "history", "diff", "scale",
        "pause", "resume", "sleep", "wake", "run", "exec", "tunnel", "top", "logs", "down", "recover", "import",
    }
)  # fmt: skip
"""Commands that can do nothing without an account."""


def check_credentials(options: Options, command: str) -> None:
    """Refuse a command on AWS if no place has credentials. Errors of file and variables come first.

    Raises:
        NoCredentials: there are none.
        ConfigurationError: the configuration is wrong.
    """
    if command not in COMMANDS or options.profile or not on_aws(options) or not credential_sources.are_nowhere():
        return
    from provisioner.config.stack_file import load
    from provisioner.operations.context.connection import time_scale

    load(options.file, env=options.env, target=options.target)
    time_scale()
    raise credential_sources.NoCredentials(credential_sources.MISSING)


def on_aws(options: Options) -> bool:
    """Return whether the option or the file says `aws`; a file that cannot be read says nothing."""
    if options.target:
        return options.target == "aws"
    with suppress(Exception):
        return tomllib.loads(options.file.read_text(encoding="utf-8-sig")).get("target") == "aws"
    return False
