"""How much a stack is used, as a file says it: what `provision cost --load` counts with."""

from __future__ import annotations

import tomllib
from pathlib import Path

from provisioner.engine.costs import HOURS
from provisioner.engine.errors import ConfigurationError

MEASURES = {
    "requests_per_second": "requests at all times, on average; gives lcu_hours and out_gb where they are not said",
    "kb_per_response": "size of an answer",
    "lcu_hours": "load balancer capacity units, by the hour",
    "out_gb": "data to the internet",
    "endpoint_gb": "data through interface endpoints",
    "nat_gb": "data through NAT gateways",
    "log_gb": "logs that are written",
    "image_gb": "images that are kept",
    "bucket_gb": "files in buckets",
    "dns_million_queries": "millions of DNS queries",
    "database_acu": "capacity of a database instance at all times, on average",
    "database_gb": "data in the database",
    "database_million_io": "millions of reads and writes of the database's data",
    "backup_gb": "backups beyond the size of the data",
}
"""What such a file may say, in a month."""
CONNECTIONS = 25
"""New connections in a second that are one capacity unit; so is one GB in an hour (Elastic Load Balancing pricing)."""


def read(path: Path) -> dict[str, float]:
    """Read a TOML file of measures.

    Raises:
        ConfigurationError: it cannot be read, or says something that is no measure.
    """
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"--load {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigurationError(f"--load {path}: it is not TOML: {error}") from None
    for key, value in table.items():
        if key not in MEASURES:
            raise ConfigurationError(f"--load {path}: there is no measure {key}; there are {', '.join(MEASURES)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ConfigurationError(f"--load {path}: {key} must be a number, 0 or more")
    return _derived({key: float(value) for key, value in table.items()})


def _derived(load: dict[str, float]) -> dict[str, float]:
    """Add what follows from the number of requests. Each is taken for a connection of its own, which is the most."""
    requests = load.pop("requests_per_second", None)
    size = load.pop("kb_per_response", 0.0)
    if requests is None:
        return load
    gb_an_hour = requests * size * 3600 / 1e6
    return {"out_gb": gb_an_hour * HOURS, "lcu_hours": max(requests / CONNECTIONS, gb_an_hour) * HOURS} | load
