"""Spans of time as users write them."""

from __future__ import annotations

import re

from provisioner.engine.errors import ConfigurationError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(option: str, text: str) -> int:
    """Return the seconds that `90s`, `10m`, `2h` or `1d` stand for.

    Args:
        option: the option that has the text, for the message.

    Raises:
        ConfigurationError: it is none of these.
    """
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if not found:
        raise ConfigurationError(f'{option} {text!r} is not a duration: write a number and s, m, h or d, such as "10m"')
    return int(found[1]) * UNITS[found[2]]
