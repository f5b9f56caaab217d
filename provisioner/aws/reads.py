"""Read operations, which change nothing: recognise them by their names."""

from __future__ import annotations

import re

READS = re.compile(r"(Describe|List|Get|Filter|Search|Lookup|BatchGet|BatchCheck|Head|Test|Simulate)")
"""The beginnings of the names of read operations."""


def reads(operation: str) -> bool:
    """Say whether an operation, by AWS's name, changes nothing."""
    return READS.match(operation) is not None
