"""Environment variables by which a container finds the services that it calls."""

from __future__ import annotations

HTTP, HTTPS, TCP = "http", "https", "tcp"


def url_variable(callee: str) -> str:
    """Return the name of the variable with a service's URL, in the containers of its callers."""
    return f"{_stem(callee)}_URL"


def call_variables(callee: str, scheme: str, host: str = "", port: int | None = None) -> dict[str, str]:
    """Return the variables of a caller: the service's URL, if there is one, and host and port beside HTTP's.

    Args:
        scheme: the scheme of the called service's URLs; `tcp` if it has none.
        host, port: its address.
    """
    url = {} if scheme == TCP else {url_variable(callee): f"{scheme}://{host}:{port}"}
    apart = {} if scheme in (HTTP, HTTPS) else {f"{_stem(callee)}_HOST": host, f"{_stem(callee)}_PORT": str(port)}
    return url | apart


def _stem(callee: str) -> str:
    return callee.upper().replace("-", "_")
