"""The remaining time of a run: the longest path through the unfinished work, by made-up timelines."""

from __future__ import annotations

import json
import threading

import pytest

from provisioner.engine.events import (
    ResourceDone,
    ResourceQueued,
    ResourceStarted,
    ResourceWaiting,
    RunEstimate,
    RunStarted,
)
from provisioner.engine.remaining import RemainingWork, TimeLeft, left
from provisioner.operations.impact import duration
from provisioner.operations.impact.duration import Seen, times
from provisioner.render import lines, live, plain
from provisioner.render.progress import Progress
from provisioner.render.text import roughly
from provisioner.state.model import Record, Run, Span
from tests.unit.render.test_render import Clock, Terminal

TASKS = {
    "vpc": RemainingWork("network"),
    "cluster": RemainingWork("database", 60.0, {"vpc": 0.0}),
    "instance": RemainingWork("database", 500.0, {"cluster": 60.0}),
    "balancer": RemainingWork("load_balancer", 180.0, {"vpc": 0.0}),
    "service": RemainingWork("services", 75.0, {"instance": 500.0, "balancer": 180.0}),
}
"""A cluster and then its instance, a load balancer beside them, and a service that needs both to be ready."""


@pytest.mark.parametrize(
    ("done", "begun", "expected"),
    [
        ([], {}, TimeLeft(635.0, "database")),
        (["vpc"], {"cluster": 10.0, "balancer": 10.0}, TimeLeft(625.0, "database")),
        (["vpc", "cluster"], {"instance": 100.0, "balancer": 160.0}, TimeLeft(475.0, "database")),
        (["vpc", "cluster", "instance"], {"balancer": 80.0}, TimeLeft(175.0, "load_balancer")),
        (["vpc", "cluster", "instance", "balancer"], {"service": 70.0}, TimeLeft(7.5, "services")),
        (list(TASKS), {}, TimeLeft(0.0, "")),
        (["vpc", "cluster", "instance", "service"], {"balancer": 500.0}, TimeLeft(18.0, "load_balancer")),
    ],
    ids=["nothing begun", "begun", "half", "the other branch", "late in the last", "all done", "longer than expected"],
)
def test_the_longest_path_through_what_is_not_done(
    done: list[str], begun: dict[str, float], expected: TimeLeft
) -> None:
    assert left(TASKS, done, begun) == expected


def test_what_is_needed_only_to_exist_holds_nobody_up() -> None:
    tasks = {"cluster": RemainingWork("database", 60.0), "record": RemainingWork("names", 5.0, {"cluster": 0.0})}
    assert left(tasks, [], {"cluster": 30.0}) == TimeLeft(30.0, "database")


def test_resources_that_wait_for_each_other_end_nothing() -> None:
    tasks = {"a": RemainingWork("one", 5.0, {"b": 5.0}), "b": RemainingWork("one", 5.0, {"a": 5.0})}
    assert 0 < left(tasks, [], {}).seconds <= 20


def test_what_failed_or_needs_what_failed_is_not_waited_for() -> None:
    assert left(TASKS, ["vpc", "cluster", "instance", "service"], {"balancer": 90.0}) == TimeLeft(90.0, "load_balancer")


def test_earlier_runs_count_more_than_the_table() -> None:
    def run(command: str, *spans: Span) -> Run:
        return Run(command, 0.0, 900.0, "ok", {}, list(spans))

    def span(address: str, took: float | None, result: str = "created") -> Span:
        return Span(address, "database", result, 10.0, 20.0, None if took is None else 20.0 + took)

    history = [
        run("up", span("db_instance/a", 400.0), span("db_instance/b", 600.0)),
        run("up", span("db_instance/a", 420.0), span("db_instance/a", None, "unfinished")),
        run("up", span("db_instance/a", 1.0, "failed")),
        run("down", span("db_instance/a", 5.0, "deleted")),
    ]
    seen = Seen(history, "up")
    assert seen.seconds("db_instance/a") == 410.0
    assert seen.seconds("db_instance/new") == 420.0, "the middle of its like"
    assert seen.seconds("load_balancer/main") is None
    assert Seen(history, "down").seconds("db_instance/b") == 5.0
    assert Seen([], "up").seconds("db_instance/a") is None


def test_the_table_knows_what_aws_takes() -> None:
    assert times("db_instance", {}).ready > 300
    fargate = times("service", {"capacity_provider_strategy": [{"capacityProvider": "FARGATE_SPOT"}]})
    assert times("service", {}).ready > fargate.ready, "which waits for no instance"
    assert times("vpc_endpoint", {"vpc_endpoint_type": "Gateway"}).ready == 0.0
    assert times("nothing_known", {}) == times("vpc", {})


@pytest.mark.parametrize(
    ("seconds", "words"), [(11, "20 s"), (50, "50 s"), (56, "1 min"), (66, "1 min"), (70, "2 min"), (340, "6 min")]
)
def test_an_estimate_as_a_person_says_it(seconds: float, words: str) -> None:
    assert roughly(seconds) == words


def test_the_views_say_what_is_left_and_why_something_waits() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    progress.emit(RunStarted("up", "shop-dev", "1", "eu-west-1", 5))
    assert progress.left == ("", "")
    progress.emit(RunEstimate(TASKS))
    progress.emit(ResourceDone("vpc", "network", "created", 1.0))
    progress.emit(ResourceStarted("cluster", "database", "create"))
    progress.emit(ResourceQueued("balancer", "load_balancer", "elasticloadbalancing", "Elastic Load Balancing"))
    progress.emit(ResourceQueued("role", "roles", "iam", "IAM"))
    clock.now = 300.0
    assert progress.left == ("about 10 min left", "mostly for the database")
    drawn = live.draw(progress, 100)
    assert drawn[1] == "[####....................] 1/5  about 10 min left, mostly for the database  1 created"
    assert "    balancer  waiting for Elastic Load Balancing's rate limit  5 min 00 s" in drawn
    assert "    role      waiting for IAM's rate limit  5 min 00 s" in drawn
    assert (plain.heartbeat(progress) or "").startswith(
        ". 1 of 5 done after 5 min 00 s, about 10 min left, mostly for the database: cluster (creating, 5 min 00 s)"
    )
    progress.emit(ResourceWaiting("balancer", "load_balancer", "provisioning", 0.0))
    for address in ("cluster", "instance", "balancer"):
        progress.emit(ResourceDone(address, "", "created", 1.0))
    assert progress.left == ("about 2 min left", "mostly for the services")
    progress.emit(ResourceStarted("service", "services", "create"))
    clock.now += 70
    assert progress.left == ("", ""), "not worth a word"


def test_plain_lines_repeat_the_estimate_without_a_silence() -> None:
    stream = Terminal()
    progress = Progress()
    with plain.shown(progress, stream, quiet=30, often=0):
        progress.emit(RunStarted("up", "shop-dev", "1", "eu-west-1", 5))
        progress.emit(RunEstimate(TASKS))
        for number in range(1000):
            progress.emit(ResourceWaiting("cluster", "database", f"creating {number}", 0.0))
            if "left, mostly for the database" in stream.getvalue():
                break
            threading.Event().wait(0.05)
    assert "about 11 min left, mostly for the database" in stream.getvalue()

    threading.Event().wait(0.05)


def test_programs_get_no_graph() -> None:
    stream = Terminal()
    view = lines.view(stream)
    view(RunEstimate(TASKS))
    view(ResourceQueued("role", "roles", "iam", "IAM"))
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["queued"]


def test_a_long_chain_is_walked_in_the_order_in_which_it_goes() -> None:
    chain = {f"a/{n}": RemainingWork("s", 1.0, {f"a/{n - 1}": 1.0} if n else {}) for n in range(5000)}
    assert left(chain, (), {}) == TimeLeft(5000.0, "s")
    records = {
        f"a/{n}": Record(f"a/{n}", "vpc", "ready", "t", f"vpc-{n}", {}, {}, [f"a/{n - 1}"] if n else [], "s")
        for n in range(5000)
    }
    tasks = duration.for_down(records, [])
    assert next(iter(tasks.tasks)) == "a/4999", "what nothing is built on goes first"
