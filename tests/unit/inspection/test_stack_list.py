"""The output of `list`."""

from __future__ import annotations

import re

import pytest

from provisioner.operations.context.stacks import RecordedStack
from provisioner.render.stacks import lines
from provisioner.state.model import Record, Run, State

NOW = 1_764_000_000.0
RUN = Run("up", NOW - 8000, 600.0, "ok", {"created": 1})
RECORDS = {
    address: Record(address, address.partition("/")[0], phase, "t", "id", created=NOW - 8000)  # type: ignore[arg-type]
    for address, phase in {"vpc/main": "ready", "role/web": "created", "instances/shop-dev": "ready"}.items()
}
STATE = State("shop-dev", "123456789012", "ap-northeast-1", records=RECORDS, history=[RUN])
DEV = RecordedStack("shop-dev", "local", "/states/local/shop-dev", STATE, env="dev")
HOLDER = "`up` of ann@laptop since 10:12"
STAGING = RecordedStack("shop-staging", "aws", "/states/aws/shop-staging", STATE, HOLDER, env="staging")


def shown(width: int) -> list[str]:
    return lines([DEV, STAGING], "/states", NOW, width)


def test_what_is_wrong_stands_below_and_only_resources_count() -> None:
    head, dev, staging, locked = shown(1000)
    assert head.split("  ")[0] == "stack"
    assert re.search(r"^shop-dev +dev +local +123456789012 +ap-northeast-1 +2, 1 not ready +2 hours ago +up ok", dev)
    assert re.search(r"^shop-staging +staging +aws +123456789012 +ap-northeast-1 +2, 1 not ready +", staging)
    assert locked == f"  locked: {HOLDER}"


@pytest.mark.parametrize("width", [70, 80, 100, 120])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    assert max(map(len, shown(width))) <= width
    assert shown(width)[0].startswith("stack  ")
    assert "last run" in shown(width)[0]


def test_columns_go_one_by_one_the_least_needed_first() -> None:
    titles = [shown(width)[0].split() for width in range(140, 50, -1)]
    gone = list(dict.fromkeys(name for some in titles for name in titles[0] if name not in some))
    assert gone == ["env", "created", "account", "region", "target"]
