"""No key of `stack.toml` takes anything down when it is changed, also together with an image that exits, but for these.

`make tables` would be the place to look at all of it; the same table stands in docs/rehearse.md. `UPDATE_NUMBERS=1`
writes it there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cloud import every_key
from tests.cloud.every_key import OTHER_STACK, VALUES, Row, changes, keys

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "rehearse.md"
SECONDS = 900

GONE = r"there is no DNS record of this name"
REASONS: dict[str, str] = {}
"""By change, the reason for which AWS leaves no other way; it stands in the plan."""
EXPECTED: dict[str, str] = {}
"""By change, what is down today and need not be: to be emptied."""


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, bool], Row]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cloud.every_key"], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return {(row["change"], row["fails"]): Row(**row) for row in json.loads(done.stdout)}


def test_every_key_has_another_value() -> None:
    assert set(keys()) == {*VALUES, *OTHER_STACK}


@pytest.mark.parametrize("fails", [False, True], ids=["alone", "with an image that exits"])
@pytest.mark.parametrize("change", changes())
def test_what_a_change_takes_down(
    rows: dict[tuple[str, bool], Row], change: str, fails: bool, request: pytest.FixtureRequest
) -> None:
    row = rows[change, fails]
    if fails and not row.refused:
        assert row.failed, "the image did not exit"
    else:
        assert row.failed == []
    if change in EXPECTED:
        assert any(re.search(EXPECTED[change], why) for _, _, why in row.outages) or fails, (
            "mended: take it off the list"
        )
        pytest.xfail(EXPECTED[change])
    allowed = REASONS.get(change)
    assert [one for one in row.outages if not (allowed and re.search(allowed, one[2]))] == []


def test_the_document_has_the_table(rows: dict[tuple[str, bool], Row]) -> None:
    text = DOCUMENT.read_text()
    before, rest = text.split("<!-- table: tests/cloud/every_key.py -->\n")
    _, after = rest.split("<!-- end of table -->\n")
    table = "\n".join(every_key.markdown(list(rows.values())))
    new = f"{before}<!-- table: tests/cloud/every_key.py -->\n{table}\n<!-- end of table -->\n{after}"
    if os.environ.get("UPDATE_NUMBERS"):
        DOCUMENT.write_text(new)
    assert text == new, "run this test with UPDATE_NUMBERS=1"
