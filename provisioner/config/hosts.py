"""The public names of a stack, and the certificates that cover them."""

from __future__ import annotations

from collections.abc import Collection


def covered(name: str, certified: Collection[str]) -> bool:
    """Return whether a certificate's names cover a name: a wildcard stands for one label (RFC 6125, 6.4.3)."""
    return name in certified or f"*.{name.partition('.')[2]}" in certified
