"""The first lines of the live view, and the text that stays on the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.events import Event, ResourceDone, ResourceFailed, RunCost, RunEstimate, RunStarted
from provisioner.engine.remaining import RemainingWork
from provisioner.render import live, status
from provisioner.render.progress import Progress
from provisioner.render.text import wrapped

ARN = "arn:aws:ecs:ap-northeast-1:123456789012:service/ecs-sample-production/frontend-with-a-long-name"
EVENTS: list[Event] = [
    RunStarted("up", "ecs-sample-production", "123456789012", "ap-northeast-1", 82),
    RunEstimate({"db_cluster/main": RemainingWork("cluster_capacity_providers", 600.0)}),
    RunCost(1384.2),
    *(ResourceDone(f"subnet/{number}", "network", "created", 1.0) for number in range(46)),
    *(ResourceDone(f"role/{number}", "roles", "unchanged", 0.0) for number in range(17)),
    *(ResourceDone(f"service/{number}", "services", "changed", 0.0) for number in range(3)),
    ResourceDone("instances/main", "capacity", "unchanged", 0.0),
    ResourceFailed("bucket/logs", "logs", "refused"),
]


def head(width: int) -> list[str]:
    progress = Progress(clock=lambda: 0.0)
    for event in EVENTS:
        progress.emit(event)
    drawn = live.draw(progress, width)
    return drawn[: next(n for n, line in enumerate(drawn) if line.startswith("! "))]


@pytest.mark.parametrize("width", range(40, 161))
def test_the_head_leaves_out_and_never_cuts(width: int) -> None:
    lines = head(width)
    assert len(lines) <= 3
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    words = "  ".join(lines).split("  ")
    assert words[0] == "up ecs-sample-production"
    assert any(word.endswith("66/82") for word in words), "what does not count is not counted"
    assert "1 failed" in words
    assert any(word.startswith("about 10 min left") for word in words)


@pytest.mark.parametrize("width", [80, 120])
def test_the_head_says_all_where_there_is_room(width: int) -> None:
    assert head(width)[0] == "up ecs-sample-production  account 123456789012  ap-northeast-1  0.0 s"
    assert {"46 created", "3 changed", "17 unchanged", "about 1,384 USD a month on AWS"} < {
        *"  ".join(head(width)).split("  ")
    }


def test_the_region_goes_first_then_the_account() -> None:
    assert head(60)[0] == "up ecs-sample-production  account 123456789012  0.0 s"
    assert head(40)[0] == "up ecs-sample-production  0.0 s"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_ids_and_commands_are_not_broken(width: int) -> None:
    command = "`provision up --target-step x`"
    line = f"  Not deleted: {ARN}, of which 4 more are there. To delete it, run {command} again and look at it."
    lines = wrapped(line, width, 6)
    assert any(ARN in one for one in lines)
    assert any(command in one for one in lines)
    assert all(len(one) <= width for one in lines if ARN not in one)
    assert " ".join("".join(f" {one}" for one in lines).split()) == line.strip()


def test_little_stays_of_an_interrupted_run() -> None:
    progress = Progress()
    for event in EVENTS:
        progress.emit(event)
    assert live.closing(progress)
    progress.interrupted = True
    assert live.closing(progress) == []


@pytest.mark.parametrize("width", [60, 80, 120])
def test_an_id_without_room_has_a_line_of_its_own(width: int) -> None:
    resources: list[dict[str, Any]] = [{"address": "service/web", "step": "services", "phase": "ready", "id": ARN}]
    resources.append({"address": "vpc/main", "step": "network", "phase": "ready", "id": "vpc-1"})
    live: dict[str, Any] = {
        "services": [],
        "instances": [],
        "databases": [],
        "caches": [],
        "queues": [],
        "volumes": [],
        "amis": [],
    }
    document: dict[str, Any] = {
        "stack": "s",
        "target": "aws",
        "account": "1",
        "region": "r",
        "restarted": None,
        "notes": [],
    }
    document |= {"resources": resources, "live": live, "locked_by": "", "url": "", "local_url": ""}
    told = status.lines(document, lambda *words: f"`provision {' '.join(words)}`", width)
    assert "  vpc/main     ready  vpc-1" in told
    whole = f"  service/web  ready  {ARN}"
    own = ["  service/web  ready", f"      {ARN}"]
    assert [line for line in told if "service/web" in line or ARN in line] == ([whole] if width == 120 else own)
