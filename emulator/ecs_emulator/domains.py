"""Records which domains are delegated to this account's public hosted zones."""

from __future__ import annotations

delegated: set[str] = set()


def normal(domain: str) -> str:
    """A domain as it is kept here: lower case, without the final dot."""
    return domain.rstrip(".").lower()


def delegate(domain: str) -> None:
    """Note that the parent zone now points at this account's name servers for `domain`."""
    delegated.add(normal(domain))


def is_delegated(name: str) -> bool:
    """Whether `name` is a delegated domain or lies under one."""
    labels = normal(name).split(".")
    return any(".".join(labels[start:]) in delegated for start in range(len(labels)))
