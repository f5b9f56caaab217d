"""Starts the frontend: `python -m frontend`."""

from __future__ import annotations

import logging
import os
import sys
from threading import Event

import httpx

from frontend.client import TIMEOUT
from frontend.settings import from_environment
from frontend.web import create_app
from service.environment import SettingsError
from service.serving import serve
from service.telemetry import log_as_json
from service.whereabouts import find_out


def main() -> int:
    """Run until told to stop; 2 if the settings are wrong."""
    log_as_json("frontend", "info")
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        logging.getLogger("frontend").error("The environment variables are wrong: %s", error)  # noqa: TRY400 (no trace)
        return 2
    log_as_json("frontend", settings.log_level)
    draining = Event()
    client = httpx.AsyncClient(base_url=settings.backend_url, timeout=TIMEOUT, trust_env=False)
    app = create_app(client, find_out(os.environ), draining)
    serve(app, host=settings.host, port=settings.port, draining=draining, drain_seconds=settings.drain_seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
