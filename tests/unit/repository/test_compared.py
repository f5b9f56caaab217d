"""docs/compared.md names the source of each claim, or says that it was not checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "compared.md").read_text(encoding="utf-8")
LINKS = dict(re.findall(r"^\[([a-z]-[a-z]+)\]: (\S+)$", TEXT, re.MULTILINE))
ROWS = [line.strip("|").split("|") for line in TEXT.splitlines() if re.match(r"\| [^|]", line) and line.count("|") == 8]


def test_each_link_is_used_and_leads_somewhere() -> None:
    assert set(re.findall(r"\]\[([^\]]*)\]", TEXT)) == set(LINKS)
    assert [link for link in LINKS.values() if not link.startswith("https://") and not (DOCS / link).exists()] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip()[:40])
def test_each_row_has_a_source(row: list[str]) -> None:
    cells = [cell.strip() for cell in row]
    assert all(cells), "an empty cell says nothing: write a dash, or not checked"
    assert any("][" in cell for cell in cells[1:]), "none of its cells has a source"
