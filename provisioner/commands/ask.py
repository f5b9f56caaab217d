"""Ask the user before something is written."""

from __future__ import annotations

import sys

from provisioner.engine.errors import ConfigurationError, Interrupted
from provisioner.render.text import visible


def confirm(question: str, yes: bool) -> None:
    """Return if the user agrees, or has done so beforehand with `--yes`.

    Raises:
        ConfigurationError: there is no terminal to ask on.
        Interrupted: the user does not agree.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"{question}: this needs to be confirmed, and there is no terminal to ask on: add --yes"
        )
    sys.stderr.write(f"{visible(question)}. Continue? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Interrupted("not confirmed: nothing was changed")
