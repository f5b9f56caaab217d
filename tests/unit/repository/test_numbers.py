"""The figures in the READMEs are from the newest run, which `docs/numbers.json` keeps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NUMBERS = json.loads((ROOT / "docs" / "numbers.json").read_text())


@pytest.mark.parametrize(
    ("page", "created", "calls"),
    [
        ("README.md", r"(\d+) resources, in dependency order", r"nothing to do makes (\d+) calls"),
        ("README.ja.md", r"合計 (\d+) 個のリソース", r"API 呼び出しは (\d+) 回"),
    ],
)
def test_the_readmes_say_what_was_counted(page: str, created: str, calls: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.findall(created, text) == [str(NUMBERS["created"])]
    assert re.findall(calls, text) == [str(NUMBERS["calls_of_a_run_with_nothing_to_do"])]
