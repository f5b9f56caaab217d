"""Error messages of Route 53 that several rules use; `{}` stands for a name."""

from __future__ import annotations

ZONE_HAS_RECORDS = "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
