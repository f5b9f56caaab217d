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
from tests.cloud.every_key import OTHER_STACK, VALUES, Row, changes, keys

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "rehearse.md"
SECONDS = 900

REASONS = {
    "dns.host": "there is no DNS record of this name",
    "services.web.public": "none of its running tasks is registered in its target group|the listener answers 404",
    "services.web.path": "the listener answers 404",
}
"""By change, why what is down has to be: the URL is no longer declared. It stands in the plan."""
EXPECTED = {
    # the node of a zone that the load balancer has left is known to clients for 60 s, its route goes before
    ("network.zones", False): "clients use a node's address",
    # the listener has one certificate, and takes the new one before the old name has gone, also if the run then fails
    ("dns.domain", False): "the listener has no certificate for this name",
    ("dns.domain", True): "the listener has no certificate for this name",
    # ECS calls a deployment complete while the last old tasks drain, and then the rules that these use are revoked
    ("services.web.calls", False): "no security groups let its running tasks call",
    ("services.web.database", False): "no security groups let its running tasks reach the database",
    # a task is told one port, and tasks with either run behind one name
    ("services.api.port, which web calls", False): "on port 9200",
    ("services.api.port, which web calls", True): "on port 9200",
    # the service is drained before the rule that leads to it is deleted
    ("services.built removed", False): "none of its running tasks is registered in its target group",
}
"""By change, and whether an image exits, what is down today and need not be: to be emptied."""
UNCHANGED = {
    # scaling decides on the number of tasks
    "services.web.count",
    # the zone is there, and the service runs already
    "dns.create_zone",
    "services.web.wait_for_database",
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
    assert set(keys()) == {*VALUES, *OTHER_STACK}


@pytest.mark.parametrize("fails", [False, True], ids=["alone", "with an image that exits"])
@pytest.mark.parametrize("change", changes())
def test_what_a_change_takes_down(rows: dict[tuple[str, bool], Row], change: str, fails: bool) -> None:
    row = rows[change, fails]
    if fails and not row.refused:
        assert row.failed, "the image did not exit"
    else:
        assert row.failed == []
        assert bool(row.counts.keys() - {"unchanged"}) == (not row.refused and change not in UNCHANGED)
    if (expected := EXPECTED.get((change, fails))) is not None:
        assert row.outages, "mended: take it off the list"
        assert all(re.search(expected, why) for _, _, why in row.outages)
        pytest.xfail(expected)
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
