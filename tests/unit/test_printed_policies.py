"""What `provision policy` prints is what it printed before: the same actions on the same resources, as conditioned."""

from __future__ import annotations

import json

from tests.unit.printed_policies import RECORDED, now


def test_policies_allow_what_they_allowed() -> None:
    assert now() == json.loads(RECORDED.read_text(encoding="utf-8")), "see tests/unit/printed_policies.py"
