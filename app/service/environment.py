"""Reads a service's settings from environment variables, and says all that is wrong with them at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping


class SettingsError(Exception):
    """Settings that the service cannot start with: one line for each variable."""


class Variables:
    """The environment variables, and what was found wrong with those that were asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def text(self, name: str, default: str | None = None, among: Collection[str] = (), pattern: str = r"(?s).*") -> str:
        """Return the variable's value; empty counts as not set. Without a default it has to be set."""
        value = self._environ.get(name) or default
        if value is None:
            self._problems.append(f"{name} is not set")
        elif among and value not in among:
            self._problems.append(f'{name} is "{value}": use one of {", ".join(among)}')
        elif not re.fullmatch(pattern, value):
            self._problems.append(f'{name} is "{value}", which does not match {pattern}')
        return value or ""

    def number(self, name: str, default: int | None = None, *, low: int, high: int) -> int:
        """Return the variable's value, a whole number from `low` to `high`."""
        value = self.text(name, None if default is None else str(default))
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        if value:
            self._problems.append(f'{name} is "{value}": use a whole number from {low} to {high}')
        return low

    def check(self) -> None:
        """Raise `SettingsError` if any variable was wrong."""
        if self._problems:
            raise SettingsError("; ".join(self._problems))
