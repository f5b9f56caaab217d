"""Each protection that the pages on security claim is checked by an existing test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = ("security.md", "accounts.md", "developers/threat-model.md")


def test_each_test_that_the_threat_model_names_is_there() -> None:
    text = "".join((ROOT / "docs" / page).read_text() for page in PAGES)
    named = set(re.findall(r"`(test_\w+)`", text))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text())
    }
    assert len(named) > 20
    assert named - there == set()


def test_no_line_of_the_threat_model_is_without_its_test() -> None:
    page = (ROOT / "docs/developers/threat-model.md").read_text()
    text = page.partition("## Who can do what")[2].partition("### Accepted")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    assert [row for row in rows if not re.search(r"`test_\w+`(, `test_\w+`)* \|$", row)] == []
