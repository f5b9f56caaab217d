"""The control paths for rehearsals: what is in the account beside the stack, and which services are down."""

from __future__ import annotations

from typing import Any

from provisioner.emulator import foreign
from provisioner.emulator.lock import LOCK
from provisioner.emulator.outages import WATCH
from state import checks


def answer(path: str, method: str, body: bytes, account: str) -> tuple[str, Any]:
    """Return status and answer of `POST /_cloud/foreign`, `POST /_cloud/outages` or `GET /_cloud/outages`.

    Args:
        body: of the first, what is to be there (see `provisioner.emulator.foreign`).
    """
    with LOCK:
        if path == "outages" and method == "GET":
            return "200 OK", WATCH.shown()
        if path == "outages":
            WATCH.begin()
            return "200 OK", {"ok": True}
        try:
            foreign.put(account, checks.parsed(body))
        except (KeyError, TypeError, ValueError) as error:
            return "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
        return "200 OK", {"ok": True}
