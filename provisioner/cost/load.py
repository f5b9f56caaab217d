"""Read the use of a stack from a file, for `provision cost --load`."""

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
    "volume_gb": "files in volumes",
    "dns_million_queries": "millions of DNS queries",
    "database_acu": "capacity of a database instance at all times, on average",
    "database_gb": "data in the database",
    "database_million_io": "millions of reads and writes of the database's data",
    "backup_gb": "backups beyond the size of the data",
}
"""The keys of the file, with the meaning of each; quantities are for a month."""
CONNECTIONS = 25
"""New connections a second in one capacity unit; one GB an hour is a unit too (Elastic Load Balancing pricing)."""


def read(path: Path) -> dict[str, float]:
    """Read a TOML file of measures.

    Raises:
        ConfigurationError: the file cannot be read, or has an unknown key or a wrong value.
    """
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"--load {path}: {error.strerror or error}: choose another file") from None
    except ValueError as error:
        raise ConfigurationError(f"--load {path}: it is not TOML: {error}") from None
    for key, value in table.items():
        if key not in MEASURES:
            raise ConfigurationError(f"--load {path}: there is no measure {key}; there are {', '.join(MEASURES)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ConfigurationError(f"--load {path}: {key} must be a number, 0 or more")
    return _derived({key: float(value) for key, value in table.items()})


def _derived(load: dict[str, float]) -> dict[str, float]:
    """Add the measures that follow from the number of requests; as an upper bound, each request is a new connection."""
    requests = load.pop("requests_per_second", None)
    size = load.pop("kb_per_response", 0.0)
    if requests is None:
        return load
    gb_an_hour = requests * size * 3600 / 1e6
    return {"out_gb": gb_an_hour * HOURS, "lcu_hours": max(requests / CONNECTIONS, gb_an_hour) * HOURS} | load
