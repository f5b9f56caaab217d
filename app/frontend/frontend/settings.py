"""What the frontend is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.environment import Variables
from service.telemetry import LEVELS


@dataclass(frozen=True)
class Settings:
    """The settings; `backend_url` is where the backend is, without a path."""

    host: str
    port: int
    drain_seconds: int
    log_level: str
    backend_url: str


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings. The defaults fit a container of the stack, whose names in DNS are remembered for 10 seconds.

    Raises:
        SettingsError: with all that is missing or wrong.
    """
    variables = Variables(environ)
    settings = Settings(
        host=variables.text("HOST", "0.0.0.0"),  # noqa: S104 (a container's own network)
        port=variables.number("PORT", 80, low=1, high=65535),
        drain_seconds=variables.number("DRAIN_SECONDS", 12, low=0, high=100),
        log_level=variables.text("LOG_LEVEL", "info", LEVELS),
        backend_url=variables.text("BACKEND_URL", pattern=r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?"),
    )
    variables.check()
    return settings
