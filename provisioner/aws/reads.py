"""Which operations change nothing."""

from __future__ import annotations

import re

READS = re.compile(r"(Describe|List|Get|Filter|Search|Lookup|BatchGet|BatchCheck|Head|Test|Simulate)")
"""How the names of those operations begin."""


def reads(operation: str) -> bool:
    """Say whether an operation, named as AWS does, changes nothing."""
    return READS.match(operation) is not None
