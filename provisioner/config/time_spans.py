"""Spans of time in the form that users write."""

from __future__ import annotations

import re

from provisioner.engine.errors import ConfigurationError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def span(text: str) -> int | None:
    """Return the seconds of a span such as `90s`, `10m`, `1h30m` or `1d`; None if it is no span."""
    if not re.fullmatch(r"([0-9]{1,6}[smhd])+", text):
        return None
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"([0-9]+)([smhd])", text))


def seconds_of(option: str, text: str) -> int:
    """Return the seconds of an option's span.

    Raises:
        ConfigurationError: the text is no span.
    """
    if (found := span(text)) is None:
        raise ConfigurationError(
            f'{option} {text!r} is not a duration: write a number and s, m, h or d, such as "10m" or "1h30m"'
        )
    return found
