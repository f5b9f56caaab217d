"""No key of `stack.toml` takes anything down when it is changed, also together with an image that exits, but for these.

The table stands in docs/rehearse.md; `UPDATE_NUMBERS=1` writes it there.
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
from tests.cloud.every_key import OTHER_ENGINE, OTHER_STACK, VALUES, Row, changes, keys

SECONDS = 1700
# all rows come from one process, which the first test waits for
pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 100)]

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "rehearse.md"

REASONS = {
    # the URL is no longer declared
    "dns.host": "the listener has no certificate for this name",
    "dns.domain": "the listener has no certificate for this name|there is no DNS record of this name",
    "services.web.public": "none of its running tasks is registered in its target group|the listener answers 404",
    "services.web.path": "the listener answers 404",
    # it needs a path that it can take off, and is changed together with one
    "services.web.strip_path": "the listener answers 404",
    "services.built removed": "the listener answers|none of its running tasks is registered in its target group",
    # a task is told one port, and tasks with either run behind one name (docs/developers/adr/0009-changes-in-parts.md)
    "services.api.port, which web calls": "on port 9200",
}
"""By change, the reason for an outage that cannot be avoided. It stands in the plan."""
UNCHANGED = {
    # scaling decides on the number of tasks
    "services.web.count",
    # the zone is there, and the service runs already
    "dns.create_zone",
    "services.web.wait_for_database",
    # no job of it has a schedule
    "alarms.schedules",
    "alarms.failed_jobs",
    # there is no queue
    "alarms.dead_letters",
    # Aurora's storage grows by itself
    "alarms.storage",
    # a database that exists keeps its data
    "database.from_snapshot",
    # what it is about is a sum in the plan
    "cost.budget",
    # by which calls roles are read
    "account.bulk_roles",
    # all that it would take over is written
    "services.web.extends",
}
"""Changes that `up` leaves alone."""


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, bool], Row]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cloud.every_key"], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return {(row["change"], row["fails"]): Row(**row) for row in json.loads(done.stdout)}


def test_every_key_has_another_value() -> None:
    assert set(keys()) == {*VALUES, *OTHER_STACK, *OTHER_ENGINE}


@pytest.mark.parametrize("fails", [False, True], ids=["alone", "with an image that exits"])
@pytest.mark.parametrize("change", changes())
def test_what_a_change_takes_down(rows: dict[tuple[str, bool], Row], change: str, fails: bool) -> None:
    row = rows[change, fails]
    if fails and not row.refused:
        assert row.failed, "the image did not exit"
    else:
        assert row.failed == []
        assert bool(row.counts.keys() - {"unchanged"}) == (not row.refused and change not in UNCHANGED)
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
