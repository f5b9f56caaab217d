"""Environments with a date of expiry: `up` sets it, later runs keep it, and `down --expired` deletes them after it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import MOMENTS, AtCall, AtStateStep, Cut
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import NETWORK, SMALL, Project

pytestmark = world.EMPTY

HOUR = 3600.0
BUCKET = "expiring-states"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack of a few resources, of which nothing is there yet."""
    here = Project(cloud, tmp_path)
    here.write(SMALL)
    yield here
    here.close()


def listed(project: Project) -> dict[str, dict[str, Any]]:
    """The stacks that `list` shows, by their environment."""
    return {one["env"]: one for one in project.run("list", "--json").document["stacks"]}


def left(project: Project, *words: str, code: int = 0) -> dict[str, str]:
    """Return the stacks that `down --expired` leaves, each with the reason."""
    ended = project.run("down", "--expired", "--yes", "--json", *words, code=code)
    return {one["stack"]: one["why"] for one in ended.said("left")}


@pytest.mark.slow
def test_each_up_with_a_span_sets_the_date_and_others_keep_it(project: Project) -> None:
    began = project.cloud.time()
    said = project.run("up", "--yes", *NETWORK, "--expires", "8h").err
    assert "the stack is wanted until" in said
    assert "`provision down --expired` deletes it after that" in said
    first = project.run("plan", "--json", code=2).document
    assert not first["expired"]
    assert listed(project)["dev"]["expires"] == first["expires"]

    assert "`up` keeps that date, and --expires extends it" in project.run("up", "--yes", *NETWORK).err
    assert listed(project)["dev"]["expires"] == first["expires"]
    project.cloud.advance(HOUR)
    said = project.run("up", "--yes", *NETWORK, "--expires", "8h").err
    assert " instead of " in said
    assert listed(project)["dev"]["expires"] > first["expires"]
    assert project.cloud.time() - began > HOUR

    assert "the stack has no date any more" in project.run("up", "--yes", *NETWORK, "--expires", "never").err
    shown = project.run("status", "--json").document
    assert (shown["expires"], shown["expired"], shown["notes"]) == (None, False, [])
    assert "wanted until" not in project.run("list").out


@pytest.mark.slow
def test_what_is_over_goes_and_all_else_stays(project: Project) -> None:
    before = project.inventory()
    project.run("up", "--yes", *NETWORK)
    kept = project.inventory()
    for env, span in {"pr-1": "8h", "pr-2": "3d"}.items():
        project.run("up", "--yes", *NETWORK, "--env", env, "--expires", span)
    assert left(project).keys() == {"ecs-sample-dev", "ecs-sample-pr-1", "ecs-sample-pr-2"}
    project.cloud.advance(9 * HOUR)

    assert ", expired" in next(line for line in project.run("list").out.splitlines() if "ecs-sample-pr-1" in line)
    assert {env: one["expired"] for env, one in listed(project).items()} == {"dev": False, "pr-1": True, "pr-2": False}
    for command, code in (("plan", 2), ("status", 0)):
        told = project.run(command, "--env", "pr-1", code=code).out
        assert ": `down --expired` deletes it" in told
    since = project.last_call()
    assert "confirmation required" in project.run("down", "--expired", code=4).err
    assert project.writes(since) == []

    ended = project.run("down", "--expired", "--yes")
    assert "ecs-sample-pr-1 on local: expired at" in ended.err
    assert ended.out.splitlines()[0] == "ecs-sample-dev on local stays: it has no date"
    assert "down done: " in ended.out
    assert "ecs-sample-pr-2 on local stays: it is wanted until" in ended.out
    assert left(project).keys() == {"ecs-sample-dev", "ecs-sample-pr-2"}
    assert "No stack here has expired." in project.run("down", "--expired", "--yes").out

    project.cloud.advance(72 * HOUR)
    assert left(project, "--env", "dev") == {"ecs-sample-dev": "it has no date"}
    # without credentials nobody knows whether AWS has one whose state is lost
    assert left(project, "--target", "aws", code=1) == {}
    assert left(project).keys() == {"ecs-sample-dev"}
    assert difference(kept, project.inventory(), *NEVER_REMOVED) == {}
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
    assert left(project) == {}


@pytest.mark.slow
def test_what_ends_is_taken_up_again_wherever_it_was_killed(project: Project) -> None:
    before = project.inventory()
    cuts: tuple[Cut, ...] = (
        *(AtCall(call, when) for call in (1, 9) for when in MOMENTS),
        *(AtStateStep("journal", step, "torn") for step in (1, 7)),
    )
    for cut in cuts:
        project.run("up", "--yes", *NETWORK, "--expires", "1h")
        project.cloud.advance(2 * HOUR)
        assert cut(project, "down --expired --yes"), cut
        assert listed(project)["dev"]["expired"], cut
        project.run("down", "--expired", "--yes")
        assert left(project) == {}, cut
        assert difference(before, project.inventory(), *NEVER_REMOVED) == {}, cut


def test_a_first_up_that_is_killed_has_its_date_already(project: Project) -> None:
    assert AtCall(1, "after")(project, " ".join(("up --yes", *NETWORK, "--expires 1h")))
    project.cloud.advance(2 * HOUR)
    assert listed(project)["dev"]["expired"]
    project.run("down", "--expired", "--yes")
    assert left(project) == {}


def test_a_date_that_is_refused_is_not_kept(project: Project) -> None:
    for span in ("0h", "400d", "tomorrow"):
        assert "--expires" in project.run("up", "--yes", "--expires", span, code=4).err
    for words in (("--env", "prod"),):
        said = project.run("up", "--yes", *NETWORK, "--expires", "8h", *words, code=4).err
        assert 'ecs-sample-prod is protected (protect = true, the default of env = "prod")' in said
    assert listed(project) == {}
    assert "leave --unprotect out" in project.run("down", "--expired", "--unprotect", code=4).err
    assert "leave --expires out" in project.run("up", "--give-back", "a.example.com", "--expires", "8h", code=4).err


@pytest.mark.slow
def test_a_protected_stack_does_not_end_by_itself(project: Project) -> None:
    project.run("up", "--yes", *NETWORK, "--expires", "1h")
    project.write("protect = true\n" + SMALL)
    project.run("up", "--yes", *NETWORK)
    project.write(SMALL)
    project.cloud.advance(2 * HOUR)
    since = project.last_call()
    assert "the stack is protected from deletion" in left(project, code=1)["ecs-sample-dev"]
    again = project.run("up", "--yes", *NETWORK, "--expires", "1h", code=4).err
    assert "the stack is protected from deletion still" in again
    assert project.writes(since) == []


@pytest.mark.slow
def test_what_is_protected_locked_or_unreadable_is_named(project: Project) -> None:
    words = ("--yes", "--target-step", "load_balancer")
    project.run("up", *words, "--expires", "1h")
    project.cloud.advance(2 * HOUR)
    with locked(project.state / "local" / "ecs-sample-dev"):
        assert "it is locked by `provision up` by " in left(project, code=1)["ecs-sample-dev"]

    protect = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb = project.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=[protect])
    since = project.last_call()
    assert "load_balancer/main is protected from deletion" in left(project, code=1)["ecs-sample-dev"]
    assert "load_balancer/main is protected" in project.run("up", *words, "--expires", "8h", code=4).err
    assert project.writes(since) == []

    other = project.state / "local" / "ecs-sample-pr-1"
    other.mkdir(mode=0o700)
    (other / "state.json").write_text("{")
    assert "state.json" in left(project, code=1)["ecs-sample-pr-1"]
    project.run("up", *words, "--expires", "never")
    assert left(project, code=1).keys() == {"ecs-sample-dev", "ecs-sample-pr-1"}


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Hold the lock of a state as a command of another process does."""
    holder = {"user": "somebody", "host": "elsewhere", "pid": 1, "command": "up", "since": 1e9}
    with (place / "state.lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(holder))
        file.flush()
        yield
        file.truncate(0)


@pytest.mark.slow
def test_in_a_shared_bucket_as_on_this_machine(project: Project) -> None:
    project.write(f'{SMALL}\n[state]\nbucket = "{BUCKET}"\n')
    project.run("state", "init")
    for env, span in {"pr-1": "1h", "pr-2": "1d"}.items():
        project.run("up", "--yes", *NETWORK, "--env", env, "--expires", span)
    project.cloud.advance(2 * HOUR)
    assert project.run("status", "--env", "pr-1", "--json").document["expired"]
    assert left(project).keys() == {"ecs-sample-pr-2"}
    assert listed(project)["pr-1"]["resources"] == 0
    project.write(project.config.read_text().replace('"ecs-sample"', '"other"'))
    project.cloud.advance(24 * HOUR)
    assert "another project" in left(project)["ecs-sample-pr-2"]


@pytest.mark.slow
def test_a_step_that_goes_and_a_recovery_keep_the_date(project: Project) -> None:
    project.run("up", "--yes", "--target-step", "security_groups", "--expires", "1h")
    until = listed(project)["dev"]["expires"]
    project.run("down", "--yes", "--target-step", "security_groups")
    project.run("recover", "--yes")
    assert listed(project)["dev"]["expires"] == until


def test_a_reviewed_plan_counts_from_when_it_is_done(project: Project) -> None:
    project.run("plan", *NETWORK, "--expires", "8h", "--out", "plan.json", code=2)
    project.cloud.advance(HOUR)
    assert "leave --expires out" in project.run("up", "--plan", "plan.json", "--expires", "1h", code=4).err
    began = project.cloud.time()
    project.run("up", "--plan", "plan.json")
    until = datetime.fromisoformat(listed(project)["dev"]["expires"]).timestamp()
    assert began + 8 * HOUR - 1 <= until <= project.cloud.time() + 8 * HOUR
