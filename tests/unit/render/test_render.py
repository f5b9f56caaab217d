"""Views for the user, drawn from lists of events and plans."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.errors import Failed, Interrupted, SomeFailed, WaitingOnUser
from provisioner.engine.events import (
    Event,
    Notice,
    ResourceDone,
    ResourceFailed,
    ResourceProgress,
    ResourceSkipped,
    ResourceStarted,
    ResourceWaiting,
    RunFinished,
    RunStarted,
)
from provisioner.engine.execution.leftovers import Leftover
from provisioner.engine.planning.actions import Planned
from provisioner.engine.resource import Change
from provisioner.operations.impact import hourly_charges
from provisioner.operations.runs.summary import Summary
from provisioner.render import advice, lines, live, plain, plan, status, summary
from provisioner.render.progress import Progress
from provisioner.render.text import duration, say, table
from provisioner.state.model import Record

BEGUN = RunStarted("up", "shop-dev", "123456789012", "eu-west-1", 4)
RUN: list[Event] = [
    Notice("image web is not built"),
    BEGUN,
    ResourceStarted("vpc/main", "network", "create"),
    ResourceWaiting("vpc/main", "network", "pending", 0.0),
    ResourceDone("vpc/main", "network", "created", 0.31, "vpc-1"),
    ResourceDone("role/web", "roles", "unchanged", 0.0, "web"),
    ResourceFailed("db_cluster/main", "database", "CreateDBCluster was refused: AccessDenied. Give the permission"),
    ResourceSkipped("db_instance/main", "database", "db_cluster/main"),
]


class Clock:
    """A clock that moves when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(events: Sequence[Event], clock: Clock | None = None) -> Progress:
    progress = Progress(clock=clock or Clock())
    for event in events:
        progress.emit(event)
    return progress


# -- text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (-0.001, "0.0 s"), (0.31, "0.3 s"), (9.97, "10 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")],
)
def test_durations_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_table_aligns_its_columns_and_may_be_empty() -> None:
    assert table([("a", "1"), ("long", "")]) == ["a     1", "long"]
    assert table([]) == []


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    text = ["  + vpc/main made", "network"]
    say(text, terminal := Terminal())
    assert terminal.getvalue() == "\033[32m  + vpc/main made\033[0m\nnetwork\n"
    say(text, pipe := io.StringIO())
    assert pipe.getvalue() == "  + vpc/main made\nnetwork\n"
    monkeypatch.setenv("NO_COLOR", "1")
    say(text, plain := Terminal())
    assert plain.getvalue() == pipe.getvalue()


# -- events as lines ---------------------------------------------------------------------------------------------------


def test_plain_lines_say_each_event_once() -> None:
    assert [text for event in RUN if (text := plain.line(event)) is not None] == [
        "note: image web is not built",
        "up shop-dev: account 123456789012, eu-west-1, 4 resources",
        ". vpc/main: pending",
        "+ vpc/main created (vpc-1) 0.3 s",
        "! db_cluster/main failed: CreateDBCluster was refused: AccessDenied. Give the permission",
        "! db_instance/main not started, because its dependency db_cluster/main was not completed",
    ]


def test_progress_is_printed_now_and_then_and_shown_at_once() -> None:
    first, second = (ResourceProgress("image/web", "images", f"building {number}/9 RUN x\033") for number in (1, 2))
    stream, clock = io.StringIO(), Clock()
    progress = Progress(clock=clock)
    with plain.shown(progress, stream):
        for event in (BEGUN, ResourceStarted("image/web", "images", "create"), first, second):
            progress.emit(event)
    assert stream.getvalue().splitlines()[1:] == [". image/web: building 1/9 RUN x\\u001b"]
    clock.now = 65
    assert "    image/web  building 2/9 RUN x\\u001b  1 min 05 s" in live.draw(progress)
    assert '"text": "building 1/9' in json.dumps(first.to_dict())


@pytest.mark.parametrize(
    ("result", "words"),
    [("created", "+ created"), ("adopted", "+ adopted"), ("changed", "~ changed"), ("deleted", "- deleted")],
)
def test_every_result_has_a_symbol_and_its_word(result: str, words: str) -> None:
    symbol, word = words.split()
    assert plain.line(ResourceDone("a/b", "s", result, 1)) == f"{symbol} a/b {word} 1.0 s"  # type: ignore[arg-type]


def test_what_is_kept_says_why() -> None:
    kept = ResourceDone(
        "service_linked_role/ecs", "service_roles", "retained", 0, "AWSServiceRoleForECS", "the account shares it"
    )
    assert plain.line(kept) == "= service_linked_role/ecs retained (AWSServiceRoleForECS) 0.0 s: the account shares it"


@pytest.mark.parametrize("error", ["", " ", "\n"])
def test_a_failure_without_a_reason_leaves_no_colon(error: str) -> None:
    failed = ResourceFailed("a/b", "s", error)
    assert plain.line(failed) == "! a/b failed: no reason was given"
    assert "! a/b failed: no reason was given" in live.draw(run([BEGUN, failed]))


def test_a_resource_not_found_is_not_reported_as_deleted() -> None:
    done = ResourceDone("vpc/main", "network", "not_found", 1, "vpc-1")
    assert plain.line(done) == "= vpc/main not found, removed from the state (vpc-1) 1.0 s"
    assert json.loads(json.dumps(done.to_dict()))["result"] == "not_found"
    outcome = Summary("down", {"not_found": 1, "deleted": 3}, 9)
    assert summary.result(summary.finished(outcome, []))[0] == (
        "down done: 3 deleted, 1 not found, removed from the state, in 9.0 s."
    )


def test_a_heartbeat_names_the_longest_and_counts_the_rest() -> None:
    clock = Clock()
    progress = run([], clock)
    assert plain.heartbeat(progress) is None
    progress.emit(BEGUN)
    for number in range(5):
        progress.emit(ResourceWaiting(f"service/s{number}", "services", f"{number}/9 tasks", 0))
        clock.now += 10
    assert plain.heartbeat(progress) == (
        ". 0 of 4 done after 50 s: service/s0 (0/9 tasks, 50 s), service/s1 (1/9 tasks, 40 s), "
        "service/s2 (2/9 tasks, 30 s) and 2 more"
    )


def test_a_heartbeat_says_the_same_once() -> None:
    told: dict[str, str] = {}
    progress = run([BEGUN, ResourceWaiting("service/web", "services", "web:2: 0/1 running", 5)])
    assert "service/web (web:2: 0/1 running, 0.0 s)" in (plain.heartbeat(progress, told) or "")
    assert (plain.heartbeat(progress, told) or "").endswith(": service/web (0.0 s)")
    progress.emit(ResourceWaiting("service/web", "services", "web:2: 1/1 running", 5))
    assert "service/web (web:2: 1/1 running, 0.0 s)" in (plain.heartbeat(progress, told) or "")


def test_a_heartbeat_comes_when_nothing_else_is_said() -> None:
    progress, stream, beaten = Progress(), io.StringIO(), threading.Event()
    with plain.shown(progress, stream, quiet=0.05):
        progress.emit(BEGUN)
        for _ in range(100):
            if "done after" in stream.getvalue():
                break
            beaten.wait(0.05)
    assert stream.getvalue().splitlines()[1].startswith(". 0 of 4 done after ")
    written = stream.getvalue()
    beaten.wait(0.2)
    assert stream.getvalue() == written


def test_json_lines_are_the_events_one_object_each() -> None:
    progress, stream = Progress(), io.StringIO()
    progress.view = lines.view(stream)
    for event in [*RUN, RunFinished("up", False, {"created": 1}, 2.5, ("Do it again.",))]:
        progress.emit(event)
    objects = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [o["event"] for o in objects] == [
        "notice", "run_started", "started", "waiting", "done", "done", "failed", "skipped", "run_finished",
    ]  # fmt: skip
    assert objects[4] == {
        "event": "done", "address": "vpc/main", "step": "network", "result": "created", "seconds": 0.31, "id": "vpc-1",
        "why": "",
    }  # fmt: skip
    assert objects[-1]["next"] == ["Do it again."]


def test_events_from_many_threads_are_shown_one_at_a_time() -> None:
    progress, stream = Progress(), io.StringIO()
    progress.view = lines.view(stream)

    def emit(number: int) -> None:
        for item in range(50):
            progress.emit(ResourceDone(f"a/{number}-{item}", "s", "created", 0))

    threads = [threading.Thread(target=emit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in stream.getvalue().splitlines()]) == progress.counts["created"] == 400


# -- the live view -----------------------------------------------------------------------------------------------------


def test_the_live_view_shows_steps_waits_failures_and_the_newest() -> None:
    clock = Clock()
    progress = run(RUN, clock)
    progress.emit(ResourceStarted("subnet/public-a", "network", "create"))
    clock.now = 2
    progress.emit(ResourceWaiting("load_balancer/main", "load_balancer", "provisioning", 0))
    progress.emit(ResourceWaiting("subnet/public-a", "network", "waiting for the change to take effect", 0))
    clock.now = 63
    assert live.draw(progress, 78) == [
        "up shop-dev  account 123456789012  eu-west-1  1 min 03 s",
        "[############............] 2/4  1 failed  1 created  1 unchanged",
        "  network",
        "    subnet/public-a     waiting for the change to take effect  1 min 03 s",
        "  load_balancer",
        "    load_balancer/main  provisioning  1 min 01 s",
        "i image web is not built",
        "! db_cluster/main failed: CreateDBCluster was refused: AccessDenied. Give the…",
        "+ vpc/main created 0.3 s",
    ]


def test_why_tasks_fail_is_read_on_a_narrow_terminal() -> None:
    """In one line of 80 columns the reason would be cut off, though the user waits for it."""
    reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found"
    counts = "ecs-sample-dev-web:2: 0/1 running, 1 pending, old tasks still running, 1 failed (given up at 3)"
    waiting = ResourceWaiting("service/web", "services", f"{counts}: {reason}", 5)
    _, _, step, *lines = live.draw(run([BEGUN, waiting]), 80, 24)
    assert step == "  services"
    assert len(lines) == 3
    assert lines[0].startswith("    service/web  ecs-sample-dev-web:2: 0/1 running")
    assert "CannotPullContainerError" in " ".join(lines)
    assert "\n" not in "".join(lines)
    assert max(map(len, lines)) <= 80
    short = live.draw(run([BEGUN, waiting]), 80, 4)
    assert len(short) == 4
    assert short[-1].endswith("…  0.0 s"), "without room it is cut"


def test_the_live_view_begins_before_anything_is_known() -> None:
    assert live.draw(Progress(clock=Clock())) == [
        "reading live resources from AWS  0.0 s",
        "[........................] 0/0",
    ]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 24), (200, 60), (80, 10), (20, 5)])
def test_the_live_view_never_grows_beyond_24_lines(width: int, height: int) -> None:
    events: list[Event] = [BEGUN]
    events += [Notice(f"note {n}\nand more") for n in range(5)]
    events += [ResourceFailed(f"role/{n}", "roles", "refused " * 40) for n in range(20)]
    events += [ResourceDone(f"vpc/{n}", "network", "created", 1) for n in range(20)]
    events += [ResourceWaiting(f"{step}/{n}", step, "creating " * 30, 0) for step in "abcdef" for n in range(30)]
    drawn = live.draw(run(events), width, height)
    assert len(drawn) <= min(height, 24)
    assert max(map(len, drawn)) <= width
    assert not any("\n" in line for line in drawn)
    if height >= 24:
        assert len(drawn) == 24
        shown = sum(line.startswith("    ") for line in drawn)
        assert f"  and {180 - shown} more in progress" in drawn


class Screen(Terminal):
    """A terminal that takes every character."""

    encoding = "utf-8"


def test_the_picture_goes_and_notices_and_results_stay() -> None:
    progress, screen = Progress(), Screen()
    created = [ResourceDone(f"subnet/{number}", "network", "created", 1) for number in range(15)]
    changed = [ResourceDone("service/web", "services", "changed", 1), ResourceDone("role/web", "roles", "unchanged", 0)]
    with live.shown(progress, screen):
        for event in (BEGUN, *(Notice(f"notice {number}") for number in range(4)), *created, *changed):
            progress.emit(event)
    # The cursor is shown again, and the last resource done to each line of the picture is that it is erased.
    picture, _, rest = screen.getvalue().rpartition("\x1b[2K")
    assert "\x1b[?25h" in picture + rest
    assert [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", rest).split("\n") if line] == [
        "note: notice 0",
        "note: notice 1",
        "note: notice 2",
        "note: notice 3",
        "+ network: 15 created",
        "~ services: 1 changed: service/web",
    ]


def test_settings_after_a_creation_are_configured_not_changed() -> None:
    progress = run(
        [
            BEGUN,
            ResourceStarted("load_balancer/new", "s", "create"),
            ResourceStarted("load_balancer/new", "s", "change"),
        ]
    )
    progress.emit(ResourceStarted("load_balancer/old", "s", "change"))
    assert [active.what for active in progress.active.values()] == ["configuring", "changing"]


# -- the plan ----------------------------------------------------------------------------------------------------------


def planned(action: str, address: str = "vpc/main", step: str = "network", why: str = "", **changes: Change) -> Planned:
    return Planned(address, action, step, changes, why)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("actions", "code"),
    [(["none"], 0), ([], 0), (["create", "none"], 2), (["delete"], 2), (["adopt"], 2), (["change", "refused"], 1)],
)
def test_the_exit_code_tells_what_the_plan_found(actions: list[str], code: int) -> None:
    assert plan.exit_code([planned(action) for action in actions]) == code


def test_a_plan_as_a_document_holds_everything() -> None:
    document = plan.document([planned("none"), planned("change", a=Change(1, 2))], "shop-dev", "1", "eu-west-1")
    assert document["counts"] == {"none": 1, "change": 1}
    assert [resource["action"] for resource in document["resources"]] == ["none", "change"]
    assert document["resources"][1]["changes"] == {"a": {"old": 1, "new": 2}}


# -- the summary and the next steps ------------------------------------------------------------------------------------


def test_a_summary_counts_and_says_what_is_next() -> None:
    outcome = Summary("up", {"unchanged": 3, "created": 2}, 61.2)
    assert summary.result(summary.finished(outcome, ["Open https://app.example.com."])) == [
        "up done: 2 created, 3 unchanged, in 1 min 01 s.",
        "  Open https://app.example.com.",
    ]
    assert summary.result(summary.finished(Summary("down", {}, 0.1), [])) == ["down done: no changes, in 0.1 s."]


def test_what_was_kept_is_named_with_the_reason() -> None:
    kept = [
        ResourceDone(f"service_linked_role/{name}", "s", "retained", 0, None, "the account shares it") for name in "ab"
    ]
    kept.append(ResourceDone("default_security_group/main", "network", "retained", 0))
    kept.append(ResourceDone("delegation/a.b", "dns", "retained", 0))
    outcome = summary.finished(Summary("down", {"deleted": 4, "retained": 3}, 9), [])
    assert summary.result(outcome, kept) == [
        "down done: 4 deleted, 3 retained, in 9.0 s.",
        "  Retained: default_security_group/main.",
        "  Retained: service_linked_role/a, service_linked_role/b: the account shares it.",
    ]


def test_two_errors_at_once_are_both_reported() -> None:
    error = SomeFailed({"a/b": Failed(""), "c/d": Failed("no\nway")}, {})
    outcome = Summary("down", {}, 9, error=error, leftovers=[Leftover("subnet", "subnet-1", "")])
    assert summary.failures(outcome, run([])) == [
        "! a/b failed:",
        "    no reason was given",
        "! c/d failed:",
        "    no",
        "    way",
        "! not deleted: subnet subnet-1",
        "error: 2 failed: a/b, c/d",
        "error: 1 resource of this stack not deleted",
        "More: `provision explain resource-failed`",
    ]


def test_an_unstarted_resource_is_named_and_no_wait_for_the_user() -> None:
    error = SomeFailed({}, {"service/web": "cluster/main"})
    assert (error.exit_code, str(error)) == (1, "0 failed, 1 not started: service/web")


def test_each_failure_says_what_where_why_and_what_was_skipped() -> None:
    skipped = {f"task_definition/{n}": "role/web" for n in range(8)} | {"service/web": "task_definition/0"}
    error = SomeFailed({"role/web": Failed("CreateRole was refused. Mend it"), "vpc/main": KeyError("x")}, skipped)
    progress = run([BEGUN, ResourceFailed("role/web", "roles", ""), ResourceFailed("vpc/main", "network", "")])
    told = summary.failures(Summary("up", {}, 1, error=error), progress)
    assert told[:3] == [
        "! role/web failed, in step roles:",
        "    CreateRole was refused. Mend it",
        "! vpc/main failed, in step network:",
    ]
    bug = "This is a bug in provision: report it with the traceback that PROVISION_DEBUG=1 prints"
    assert told[3] == f"    unexpected KeyError: 'x'. {bug}"
    assert told[4].startswith("  not started, because role/web failed: task_definition/0, ")
    assert told[4].endswith(" and 3 more"), "with what needs one of these in turn"
    assert told[5] == "error: 2 failed, 9 not started: role/web, vpc/main"


def test_failures_of_one_reason_are_reported_once() -> None:
    """One list that could not be read, and two hundred resources of that type."""
    bad = Failed("the list cannot be read")
    error = SomeFailed({f"scalable_target/{n}": bad for n in range(200)}, {})
    progress = run([BEGUN, *(ResourceFailed(f"scalable_target/{n}", "scaling", "") for n in range(200))])
    names = ", ".join(f"scalable_target/{n}" for n in range(6))
    assert summary.failures(Summary("up", {}, 1, error=error), progress)[:-2] == [
        f"! {names} and 194 more failed, in step scaling:",
        "    the list cannot be read",
    ]


def test_an_unexpected_failure_shows_where_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_DEBUG", "1")
    error = SomeFailed({"vpc/main": KeyError("x")}, {})
    assert "    KeyError: 'x'" in summary.failures(Summary("up", {}, 1, error=error), run([]))


def test_what_is_left_after_a_teardown_is_named() -> None:
    outcome = Summary("down", {"deleted": 4}, 9, leftovers=[Leftover("subnet", "subnet-1", "in use")])
    assert summary.failures(outcome, run([])) == [
        "! not deleted: subnet subnet-1: in use",
        "error: 1 resource of this stack not deleted",
    ]


def test_what_is_left_because_nothing_is_recorded_is_named_so() -> None:
    outcome = Summary("down", {}, 9, leftovers=[Leftover("subnet", "subnet-1", "")])
    assert summary.failures(outcome, run([]))[-1].endswith("not deleted, since the state has no records")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Interrupted("stopped"), "To resume: `provision up`."),
        (
            SomeFailed({"a/b": Failed("x")}, {}),
            "Fix the errors above, then run `provision up` again.",
        ),
        (SomeFailed({"a/b": WaitingOnUser("x")}, {}), "Complete the action above, then run `provision up` again."),
    ],
)
def test_what_to_do_next_depends_on_how_it_ended(error: Exception, words: str) -> None:
    outcome = Summary("up", {}, 1, error=error)  # type: ignore[arg-type]
    assert advice.after_up(outcome, lambda command: f"`provision {command}`", None, "", "") == [words]  # type: ignore[arg-type]


def configured(target: str) -> Config:
    service = {"image": "a:1", "port": 80, "public": True}
    return Config.model_validate({"target": target, "dns": {"domain": "example.com"}, "services": {"web": service}})


@pytest.mark.parametrize(("target", "charged"), [("aws", True), ("local", False)])
def test_an_interrupted_run_tells_its_costs_and_how_to_delete_it(target: str, charged: bool) -> None:
    made = [Record(f"{one}/main", one, "created", "", "id", step="s") for one in ("db_cluster", "load_balancer")]
    made.append(Record("vpc_endpoint/s3", "vpc_endpoint", "ready", "", "id", {"vpc_endpoint_type": "Gateway"}))
    outcome = Summary(
        "up", {"created": 1}, 1, error=Interrupted("stopped"), unfinished=made[:2], billed=hourly_charges.billed(made)
    )
    told = advice.after_up(outcome, lambda command, *more: f"`provision {command}`", configured(target), "", "")
    costs = ["AWS charges by the hour for: db_cluster/main, load_balancer/main."] if charged else []
    assert told == [*costs, "To resume: `provision up`.", "To delete the created resources instead: `provision down`."]
    shown = summary.result(summary.finished(outcome, told))
    assert shown[0] == "up not finished: 1 created, 2 there but not finished, in 1.0 s."
    assert shown[1] == "  Not finished: db_cluster/main, load_balancer/main."
    progress = run([])
    progress.unfinished = summary.by_step(outcome)
    assert live.closing(progress) == [". s: 2 not finished: db_cluster/main, load_balancer/main"]


@pytest.mark.parametrize(
    ("target", "entry", "words"),
    [
        ("aws", "", "Open https://app.example.com."),
        (
            "local",
            "",
            "Without Docker no containers run here. On AWS the URL would be https://app.example.com.",
        ),
        (
            "local",
            "https://127.0.0.1:1/",
            (
                "Open https://127.0.0.1:1/, which is https://app.example.com on this machine "
                "(self-signed: `curl --cacert 'a b/app.pem' https://127.0.0.1:1/`)."
            ),
        ),
        ("local", "http://127.0.0.1:1/", "Open http://127.0.0.1:1/, which is https://app.example.com on this machine."),
    ],
)
def test_what_to_open_is_said_as_it_is(target: str, entry: str, words: str) -> None:
    again = lambda command, *more: f"`provision {command}`"  # noqa: E731
    url = "https://app.example.com"
    said = advice.after_up(
        Summary("up", {}, 1), again, configured(target), url, entry,
        urls={"web": "https://www.example.com"}, certificate=Path("a b/app.pem"),
    )  # fmt: skip
    assert said[0] == words
    leads = target == "aws" or bool(entry)
    assert ("web: https://www.example.com." in said) == leads, "no URL that leads elsewhere"


# -- the status --------------------------------------------------------------------------------------------------------


def test_the_status_shows_resources_by_step_and_how_they_run() -> None:
    resources = [
        {"address": "vpc/main", "step": "network", "phase": "ready", "id": "vpc-1"},
        {"address": "service/web", "step": "services", "phase": "created", "id": None},
    ]
    service = {
        "name": "web",
        "running": 1,
        "desired": 2,
        "rollout": "IN_PROGRESS",
        "capacity": ["FARGATE_SPOT"],
        "revision": "shop-web:2",
        "strategy": "ROLLING",
    }
    live = {
        "services": [service | {"problem": "1 failed: no image"}],
        "instances": [],
        "databases": [],
        "caches": [],
        "queues": [],
        "volumes": [],
        "amis": [],
    }
    document: dict[str, Any] = {"stack": "shop-dev", "target": "aws", "account": "1", "region": "eu-west-1"}
    document |= {"url": "https://a.b"}
    document |= {"local_url": "", "live_unavailable": "", "restarted": None, "notes": [], "locked_by": ""}

    def again(*words: str) -> str:
        return f"`provision {' '.join(words)}`"

    assert status.lines(document | {"resources": resources, "live": live}, again) == [
        "shop-dev on aws (1, eu-west-1): 1 of 2 resources ready",
        "",
        "network",
        "  vpc/main     ready    vpc-1",
        "services",
        "  service/web  created",
        "",
        "service  tasks  revision    deployment   capacity",
        "web      1/2    shop-web:2  IN_PROGRESS  FARGATE_SPOT  1 failed: no image",
        "",
        "no instances",
        "",
        "no amis",
        "",
        "no databases",
        "",
        "url  none: there is no load balancer",
    ]
    assert status.lines(document | {"resources": []}, again) == [
        "shop-dev on aws: no resources. Create the stack: `provision up`."
    ]
    shared = [{"address": "listener_rule/shop", "step": "", "phase": "ready", "id": "rule"}]
    assert status.url(document | {"resources": shared}) == ["url  https://a.b"], "at an existing listener"
    several = document | {"resources": shared, "urls": {"web": "https://a.b", "api": "https://c.b/v1/"}}
    each = ["url  https://a.b  web", "url  https://c.b/v1/  api"]
    assert status.url(several) == ["url  https://a.b", *each]
    here = several | {"local_url": "https://127.0.0.1:1/"}
    assert status.url(here) == ["url  https://127.0.0.1:1/", *(f"{one} on AWS" for one in each)]
    assert status.url(here | {"simulated": True}) == ["url  none here, without Docker: on AWS https://a.b"]
    up = [{"address": "load_balancer/main", "step": "", "phase": "ready", "id": "lb"}]
    silent = status.lines(
        document | {"resources": up, "live": None, "live_unavailable": "no credentials. Sign in."}, again
    )
    assert silent[0].endswith("1 of 1 resource recorded as ready")
    assert silent[-3:] == ["Live status unavailable: no credentials. Sign in.", "", "url  https://a.b"]


def test_what_comes_after_a_plan_or_down_keeps_their_limits() -> None:
    def again(command: str, *words: str) -> str:
        return " ".join([command, *words])

    words = ["--target-step", "logs", "--redeploy"]
    assert advice.after_plan([Planned("a/b", "create", "logs")], again, [], words) == [
        "Apply it: up --target-step logs --redeploy."
    ]
    left = Summary("down", {}, 1, target_step="logs", leftovers=[Leftover("vpc", "vpc-1", "why")])
    (text,) = advice.after_down(left, again, configured("local"))
    assert "run recover, then down --target-step logs." in text
