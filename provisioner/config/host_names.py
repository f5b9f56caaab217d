"""The public names of services: labels below `dns.domain`, the domain itself, all names below it, or whole names."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from provisioner.config import validators as values

APEX, ANY = "@", "*"
"""The domain itself, as in zone files, and all names one level below it."""
Host = Annotated[
    str,
    values.matching(
        rf"@|\*|({values.LABEL}\.)*{values.LABEL}",
        'is not a host: use a label such as "api", "@" for dns.domain itself, "*" for all names below it, or a whole '
        'name such as "shop.example.org", in lower case',
    ),
]


def whole(host: str, domain: str) -> str:
    """Return a host as a whole name."""
    if host == APEX:
        return domain
    return host if "." in host else f"{host}.{domain}"


def title(name: str) -> str:
    """Return the name of a certificate or record in the stack: tags do not take the wildcard's sign."""
    return name.replace(ANY, "_")


def covered(name: str, certified: Collection[str]) -> bool:
    """Return whether a certificate's names cover a name: a wildcard stands for one label (RFC 6125, 6.4.3)."""
    return name in certified or f"*.{name.partition('.')[2]}" in certified


def zone_of(name: str, zones: Collection[str]) -> str | None:
    """Return the longest zone that a name is in; None if it is in none."""
    return max((zone for zone in zones if name == zone or name.endswith(f".{zone}")), key=len, default=None)
