"""docs/json.md names every event of `--json`, with its members."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from provisioner.engine.events import Checked, Event, RunCost, RunEstimate

DOCUMENT = Path(__file__).parents[3] / "docs" / "json.md"


def test_every_event_is_documented_with_its_members() -> None:
    section = DOCUMENT.read_text().partition("\n## Events")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE)
    # values are in brackets
    documented = {name: re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", members)) for name, members in rows}
    events = {event.type: [member.name for member in fields(event)] for event in Event.__subclasses__()}
    # the first is for the views, the second for `doctor`, which prints one document
    del events[RunCost.type], events[RunEstimate.type], events[Checked.type]
    assert documented == events
