"""The texts of the dashboard, its requirements, and its updates, without a cloud."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from provisioner.cost.estimate import Estimate, Line, Sums
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.pictures import dashboard
from provisioner.operations.pictures.dashboard import AlarmState, Dashboard
from provisioner.operations.pictures.view import Edge, Node, View
from provisioner.render.dash import opening, texts
from provisioner.state.model import Run, Span
from tests.unit.cli.hostile import EVIL, harmless
from tests.unit.inspection.test_status_screen import NOW, document, service

CANARY = {"deployment": "in progress", "rollout": "IN_PROGRESS", "strategy": "CANARY"}
NODE = Node(
    "task_definition/web", "task_definition", "web", "task_definitions", "web", "service", "ready", "shop-web:3", "",
    "", {"cpu": "256"}, {}, NOW, NOW, {}, bookkeeping=False,
)  # fmt: skip


def line(address: str, usual: float) -> Line:
    return Line(address, "", "key", "hour", 1.0, Sums(0.0, usual, usual), "exists")


def dash(services: list[dict[str, Any]] | None = None, **more: Any) -> Dashboard:
    """A dashboard of these services."""
    role = replace(NODE, address="role/task-web", type="role", step="roles")
    made = replace(NODE, address="image/web", type="image", bookkeeping=True)
    nodes = [replace(NODE, address="vpc/main", type="vpc", step="network", workload="", kind=""), NODE, role, made]
    view = View("shop-prod", "1", "eu-west-1", "recorded", nodes, [Edge(NODE.address, "role/task-web")])
    cost = Estimate(
        "eu-west-1",
        "2026-11-01",
        lines=(line("vpc_endpoint/a", 10.0), line("vpc_endpoint/b", 10.0), line("db/main", 55)),
    )
    made_of = Dashboard(document(services or []), view, cost, None, [], "prod", NOW)
    return replace(made_of, **more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "completed"),
        ({"deployment": "in progress"}, "in progress"),
        (CANARY | {"stage": "PRODUCTION_TRAFFIC_SHIFT", "weight": 5.0}, "5 % of the traffic, production traffic shift"),
        (CANARY | {"stage": "SCALE_UP", "weight": None}, "scale up"),
        (CANARY | {"stage": "", "weight": None}, "in progress"),
        ({"deployment": "rolled back", "strategy": "CANARY"}, "rolled back"),
    ],
)
def test_a_deployment_has_its_stage_and_weight(more: dict[str, Any], said: str) -> None:
    assert texts.services(dash([service("web", **more)]))["web"][5] == said


def test_a_service_has_a_row_and_says_what_is_wrong() -> None:
    failure = {"at": NOW - 7200, "why": "out of memory"}
    seen = dash([service("web", running=1, last_failure=failure, approval=None), service("idle", desired=0, running=0)])
    rows = texts.services(seen)
    assert rows["web"] == ("! web", "1/2", "2", "degraded", "12", "completed", "2 hours", "1.29-alpine b4168b58")
    assert rows["idle"][3] == "off"
    assert texts.problem(seen, "web") == "last failure 2 hours ago: out of memory"
    assert texts.problem(seen, "nobody") == ""
    asked = {"stage": "BAKE_TIME", "until": NOW, "then": "rollback"}
    paused = dash([service("web", **CANARY, stage="BAKE_TIME", weight=100.0, approval=asked)])
    assert "  waits for: approval at BAKE_TIME, until 2027-01-15 08:00:00 UTC" in texts.service(paused, "web", 100)
    assert "  last failure: 2027-01-15 06:00:00 UTC out of memory" in texts.service(seen, "web", 100)


def test_resources_are_found_by_what_they_are_called() -> None:
    seen = dash()
    found = {title: [node.address for node in nodes] for title, nodes in texts.groups(seen, "").items()}
    assert found == {"service web": ["task_definition/web", "role/task-web"], "network": ["vpc/main"]}
    assert [*texts.groups(seen, "VPC")] == ["network"]
    assert texts.groups(seen, "nothing") == {}


def test_one_resource_has_settings_and_neighbours() -> None:
    lines = texts.described(dash(), NODE.address, 80)
    assert lines[0] == "task_definition/web (service web, step task_definitions)"
    assert lines[lines.index("  settings") + 1] == "    cpu: 256"
    assert lines[lines.index("  needs") + 1] == "    role/task-web"
    assert texts.described(dash(), "vpc/other", 80) == ["vpc/other is not recorded"]


def test_the_cost_begins_with_the_dearest() -> None:
    first, idle, *rows = texts.cost(dash())
    assert first == "0.10 USD an hour, 75 a month"
    assert idle == "idle 0.00, at most 75 a month"
    assert [row.split("  ")[0] for row in rows] == ["db/main", "2 × vpc_endpoint"]
    assert rows[0].count("█") == texts.BAR
    assert texts.cost(dash(cost=None)) == ["nothing is recorded that costs anything"]


def test_the_last_run_has_bars_where_there_is_room() -> None:
    spans = [
        Span("vpc/main", "network", "created", 0.0, 1.0, 2.0, ""),
        Span("db/main", "database", "created", 2.0, 3.0, 60.0, "vpc/main"),
    ]
    seen = dash(run=Run("up", NOW, 60.0, "ok", {}, spans))
    assert "# critical path   = API call   - until ready or deleted" in texts.last_run(seen, 100)
    assert texts.last_run(seen, 50)[-2:] == ["db/main   58 s", "vpc/main  2.0 s"]
    assert max(map(len, texts.last_run(seen, 50))) <= 50
    assert texts.last_run(dash(), 50) == ["no run with a timeline is recorded"]


def test_what_cannot_be_asked_is_told_with_its_age() -> None:
    gone = document([]) | {"live": None, "live_unavailable": "ExpiredToken: renew it"}
    assert texts.trouble(dash(status=gone), None) == "trying again: ExpiredToken: renew it"
    shown = texts.trouble(dash(status=gone), NOW)
    assert shown == f"the screen is of {texts.moment(NOW)}; trying again: ExpiredToken: renew it"
    assert texts.trouble(dash(), NOW) == ""
    assert (
        texts.trouble(dash(status=gone | {"restarted": NOW}), None) == "the embedded cloud was restarted and is empty"
    )


def test_the_head_says_which_stack_it_is_or_how_to_make_it() -> None:
    def command(*words: str) -> str:
        return f"`provision {' '.join(words)}`"

    assert texts.head(dash(), command)[0].startswith("shop-prod on aws (123456789012, ap-northeast-1): 1 of 1 resource")
    none = texts.head(dash(status=document([]) | {"resources": []}), command)
    assert none == ["shop-prod on aws: no resources. Create the stack: `provision up`."]


def test_an_alarm_is_named_without_its_stack() -> None:
    one = AlarmState("shop-prod-web-cpu", "ALARM", "service web uses more than 90 %")
    assert texts.alarm(one, "shop-prod") == ("web-cpu", "ALARM", "service web uses more than 90 %")


def test_no_text_of_others_moves_the_terminal() -> None:
    from provisioner.render.dash.panes import coloured

    assert harmless(coloured(EVIL).plain)
    failure = {"at": NOW, "why": EVIL}
    seen = dash([service("web", last_failure=failure, problem=EVIL, approval=None)])
    assert all(harmless(line) for line in texts.service(seen, "web", 80))
    assert all(harmless(line) for line in texts.described(dash(), "task_definition/web", 80))


@pytest.mark.parametrize("seconds", [0.0, 1.9, -5.0, 3601.0, float("nan"), float("inf")])
def test_a_rate_that_makes_no_sense_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="write a number of seconds from 2"):
        dashboard.check_every(seconds)
    assert dashboard.check_every(2.0) == 2.0


def test_without_its_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual", None)
    with pytest.raises(ConfigurationError, match=r"`uv tool install 'ecs-provision\[dash\]'`"):
        opening.require("`provision status`")
