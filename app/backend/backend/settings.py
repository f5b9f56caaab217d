"""What the backend is told by its environment."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from service.environment import SettingsError, Variables
from service.telemetry import LEVELS


@dataclass(frozen=True)
class Settings:
    """The settings.

    Attributes:
        db_ca_bundle: the file of CA certificates that the database's own is checked against.
        show_databases: whether the overview names the server's version, databases and tables.
    """

    host: str
    port: int
    drain_seconds: int
    log_level: str
    db_host: str
    db_port: int
    db_name: str
    db_user: str
    db_password: str = field(repr=False)
    db_ca_bundle: str
    show_databases: bool = False


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings. The defaults fit a container of the stack, whose names in DNS are remembered for 10 seconds.

    Raises:
        SettingsError: with all that is missing or wrong.
    """
    variables = Variables(environ)
    settings = Settings(
        host=variables.text("HOST", "0.0.0.0"),  # noqa: S104 (a container's own network)
        port=variables.number("PORT", 8080, low=1, high=65535),
        drain_seconds=variables.number("DRAIN_SECONDS", 12, low=0, high=100),
        log_level=variables.text("LOG_LEVEL", "info", LEVELS),
        db_host=variables.text("DB_HOST"),
        db_port=variables.number("DB_PORT", 3306, low=1, high=65535),
        db_name=variables.text("DB_NAME"),
        db_user=variables.text("DB_USER"),
        db_password=variables.text("DB_PASSWORD"),
        db_ca_bundle=variables.text("DB_CA_BUNDLE"),
        show_databases=variables.text("SHOW_DATABASES", "no", ("yes", "no")) == "yes",
    )
    variables.check()
    try:
        ssl.create_default_context(cafile=settings.db_ca_bundle)
    except FileNotFoundError:
        raise SettingsError(f'DB_CA_BUNDLE is "{settings.db_ca_bundle}": there is no such file') from None
    except OSError as error:
        problem = f'DB_CA_BUNDLE is "{settings.db_ca_bundle}": no certificate can be read from it ({error.strerror})'
        raise SettingsError(problem) from None
    return settings
