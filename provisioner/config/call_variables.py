"""Environment variables by which a container finds the services that it calls."""

from __future__ import annotations

HTTP, TCP = "http", "tcp"


def url_variable(callee: str) -> str:
    """Return the name of the variable with a service's URL, in the containers of its callers."""
    return f"{_stem(callee)}_URL"


def call_variables(callee: str, protocol: str, host: str = "", port: int | None = None) -> dict[str, str]:
    """Return the variables of a caller: the service's URL, if its protocol has one, and host and port beside HTTP's.

    Args:
        protocol: the protocol of the called service: `http`, `tcp`, or the scheme of its URLs.
        host, port: its address.
    """
    url = {} if protocol == TCP else {url_variable(callee): f"{protocol}://{host}:{port}"}
    apart = {} if protocol == HTTP else {f"{_stem(callee)}_HOST": host, f"{_stem(callee)}_PORT": str(port)}
    return url | apart


def _stem(callee: str) -> str:
    return callee.upper().replace("-", "_")
