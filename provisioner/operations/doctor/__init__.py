"""Check the conditions for the first `up`. Each check only reads, and returns its finding and a remedy."""

from __future__ import annotations
