"""Starts the backend: `python -m backend`."""

from __future__ import annotations

import logging
import os
import sys
from threading import Event

from backend.database import Database, engine_for
from backend.settings import from_environment
from backend.web import create_app
from service.environment import SettingsError
from service.serving import serve
from service.telemetry import log_as_json
from service.whereabouts import find_out


def main() -> int:
    """Run until told to stop; 2 if the settings are wrong."""
    log_as_json("backend", "info")
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        logging.getLogger("backend").error("The environment variables are wrong: %s", error)  # noqa: TRY400 (no trace)
        return 2
    log_as_json("backend", settings.log_level)
    draining = Event()
    database = Database(engine_for(settings))
    app = create_app(database, find_out(os.environ), draining, show_databases=settings.show_databases)
    serve(app, host=settings.host, port=settings.port, draining=draining, drain_seconds=settings.drain_seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
