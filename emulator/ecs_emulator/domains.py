"""Record the domains that are delegated to this account's public hosted zones."""

from __future__ import annotations

delegated: set[str] = set()


def normal(domain: str) -> str:
    """Return a domain in the form that is kept here: lower case, without the final dot."""
    return domain.rstrip(".").lower()


def delegate(domain: str) -> None:
    """Record that the parent zone points at this account's name servers for `domain` from now on."""
    delegated.add(normal(domain))


def is_delegated(name: str) -> bool:
    """Return whether `name` is a delegated domain or lies under one."""
    labels = normal(name).split(".")
    return any(".".join(labels[start:]) in delegated for start in range(len(labels)))
