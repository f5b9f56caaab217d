"""CPU units and MiB in the forms that RegisterTaskDefinition takes."""

from __future__ import annotations


def units(text: str, suffix: str) -> int:
    """Return CPU units or MiB from "256", "0.25 vCPU" or "1 GB"; 0 if the text is neither."""
    plain = text.lower().replace(" ", "")
    try:
        return int(float(plain.removesuffix(suffix)) * 1024) if plain.endswith(suffix) else int(plain)
    except ValueError:
        return 0
