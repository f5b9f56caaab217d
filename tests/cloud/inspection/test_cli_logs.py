"""`provision logs`: the choice of lines and their form, events that come late, and groups that are missing or empty."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from provisioner import __version__
from provisioner.state.local import LocalStore
from provisioner.state.model import Record
from tests.cloud.cli.test_cli_terminal import Screen
from tests.cloud.faults.life import met, set_faults
from tests.cloud.project import SAMPLE, Project, project  # noqa: F401  (a fixture)

STACK = "ecs-sample-dev"
SECONDS = 60
"""Seconds within which a written line must be read."""


@pytest.fixture
def recorded(project: Project) -> Project:  # noqa: F811
    """A state with the log groups of two services, of which only the frontend's is there."""
    with LocalStore(project.state / "local" / STACK, STACK, "up", __version__) as store:
        store.guard(STACK, "123456789012", "ap-northeast-1")
        for name in ("backend", "frontend"):
            store.put(Record(f"log_group/service-{name}", "log_group", "ready", "t", f"/ecs/{STACK}/{name}"))
    project.cloud.client("logs").create_log_group(logGroupName=f"/ecs/{STACK}/frontend")
    return project


def about_logs(err: str) -> str:
    """Return notes without the one about the embedded cloud's clock, which may be ahead of this machine's."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("note: times are "))


def test_a_missing_or_empty_log_group_is_no_error(recorded: Project) -> None:
    ended = recorded.run("logs", "--since", "2h")
    assert ended.out == ""
    assert about_logs(ended.err).splitlines() == [
        f"note: log group /ecs/{STACK}/backend of backend does not exist: `provision up` creates it",
        "note: frontend wrote nothing in the last 2h; without Docker no containers run here",
    ]

    logs = recorded.cloud.client("logs")
    where = {"logGroupName": f"/ecs/{STACK}/frontend", "logStreamName": "service/frontend/0123456789abcdef"}
    logs.create_log_stream(**where)
    now = int(recorded.cloud.time() * 1000)
    events = [{"timestamp": now - 1000 + number, "message": f"line {number}"} for number in range(3)]
    logs.put_log_events(**where, logEvents=events)
    ended = recorded.run("logs")
    assert [line.split("  ")[1:] for line in ended.out.splitlines()] == [
        ["frontend/01234567", f"line {number}"] for number in range(3)
    ]
    assert about_logs(ended.err).count("note: ") == 1, "only the missing group"

    with recorded.start("logs", "--follow") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "line 0" in process.stdout.readline()
        process.stdout.close()
        # what comes now finds nobody who reads, which ends the command
        logs.put_log_events(**where, logEvents=[{"timestamp": int(recorded.cloud.time() * 1000), "message": "more"}])
        assert "Traceback" not in process.stderr.read()
        assert process.wait(60) == 0


@pytest.fixture
def written(recorded: Project) -> Project:
    """The same, where the job `report` is in the stack as well, and has run twice, before the frontend's task."""
    recorded.write(SAMPLE + '\n[jobs.report]\nextends = "backend"\n')
    with LocalStore(recorded.state / "local" / STACK, STACK, "up", __version__) as store:
        store.put(Record("log_group/service-report", "log_group", "ready", "t", f"/ecs/{STACK}/report"))
    for name in ("backend", "report"):
        recorded.cloud.client("logs").create_log_group(logGroupName=f"/ecs/{STACK}/{name}")
    put(recorded, "report", "1111", "first run", 5000)
    put(recorded, "report", "2222", "second run", 400)
    put(recorded, "frontend", "3333", '{"level":"error","msg":"no [way] (1.5)","caf\\u00e9":"a.b"}', 300)
    put(recorded, "frontend", "3333", "GET /healthz", 200)
    return recorded


def put(project: Project, name: str, task: str, text: str, ago: float = 0) -> None:  # noqa: F811
    """Have a task write a line, so many seconds ago."""
    logs = project.cloud.client("logs")
    where = {"logGroupName": f"/ecs/{STACK}/{name}", "logStreamName": f"{name}/{name}/{task * 8}"}
    if not logs.describe_log_streams(logGroupName=where["logGroupName"], logStreamNamePrefix=where["logStreamName"])[
        "logStreams"
    ]:
        logs.create_log_stream(**where)
    at = int((project.cloud.time() - ago) * 1000)
    logs.put_log_events(**where, logEvents=[{"timestamp": at, "message": text}])


def texts(out: str) -> list[str]:
    """The lines that were shown, without the time (with its date, where more than today is shown), one blank apart."""
    return [" ".join(re.sub(r"^(\d{4}-\d\d-\d\d )?\S+", "", line).split()) for line in out.splitlines()]


JSON_LINE = 'frontend/33333333 {"level":"error","msg":"no [way] (1.5)","caf\\u00e9":"a.b"}'


def test_services_and_jobs_are_shown_together(written: Project) -> None:
    shown = ["report/22222222 second run", JSON_LINE, "frontend/33333333 GET /healthz"]
    assert texts(written.run("logs").out) == shown
    assert texts(written.run("logs", "report", "frontend").out) == shown
    assert texts(written.run("logs", "report", "--since", "1h30m").out) == ["report/11111111 first run", shown[0]]
    instant = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(written.cloud.time() - 250))
    assert texts(written.run("logs", "--since", instant).out) == shown[2:]
    events = written.run("logs", "frontend", "--json").events
    assert [set(event) for event in events] == [{"time", "service", "container", "task", "text"}] * 2
    assert json.loads(events[0]["text"])["café"] == "a.b"


@pytest.mark.parametrize("wanted", ["no [way] (1.5)", "café", "ERROR no", "caf\\u00e9", '"level":"error"'])
def test_a_text_is_looked_for_letter_by_letter(written: Project, wanted: str) -> None:
    assert texts(written.run("logs", "--grep", wanted).out) == [JSON_LINE]


def test_what_nobody_wrote_is_said(written: Project) -> None:
    ended = written.run("logs", "frontend", "--grep", "n. .way.", "--since", "1h")
    assert ended.out == ""
    assert about_logs(ended.err).startswith("note: frontend wrote nothing with 'n. .way.' in the last 1h; ")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("repor",), 'there is no service or job repor; did you mean "report"?'),
        (("frontend", "x"), "there is no service or job x; there are backend, frontend, report"),
        (("--since", "soon"), "--since 'soon' is neither a duration nor an instant: write \"15m\""),
        (("--since", "2999-01-01"), "--since 2999-01-01 lies ahead"),
    ],
)
def test_wrong_words_are_named(written: Project, words: tuple[str, ...], error: str) -> None:
    ended = written.run("logs", *words, code=4)
    assert error in ended.err
    assert ended.out == ""


def test_a_service_that_is_not_up_yet_is_named(recorded: Project) -> None:
    recorded.write(SAMPLE + '\n[jobs.report]\nextends = "backend"\n')
    ended = recorded.run("logs", "report", code=4)
    assert ended.err == "error: jobs.report is not in the stack yet: create it with `provision up`\n"


def test_a_terminal_shows_json_as_words(written: Project) -> None:
    screen = Screen(written, ("logs",), settings={"NO_COLOR": ""}).end()
    assert screen.code == 0
    lines = [line.partition("  ")[2] for line in about_logs(screen.text).splitlines()]
    assert lines == [
        "\x1b[35mreport/22222222  \x1b[0m  second run",
        "\x1b[32mfrontend/33333333\x1b[0m  \x1b[31mERROR\x1b[0m no [way] (1.5) café=a.b",
        "\x1b[32mfrontend/33333333\x1b[0m  GET /healthz",
    ]
    plain = Screen(written, ("logs",), settings={"NO_COLOR": "1"}).end().text
    assert about_logs(plain) == re.sub(r"\x1b\[[0-9;]*m", "", about_logs(screen.text))


@contextmanager
def started(project: Project, *words: str) -> Iterator[subprocess.Popen[str]]:  # noqa: F811
    """`logs` with these words, which is at work until it ends, or the context."""
    with project.start("logs", *words) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def following(written: Project) -> Iterator[subprocess.Popen[str]]:
    """`logs --follow --json`, once it has read all lines so far."""
    with started(written, "--follow", "--json") as process:
        assert [read(process)["text"] for _ in range(3)][-1] == "GET /healthz"
        yield process


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the exit code, and the output not read yet: `communicate` would lose some of it."""
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()
    return process.wait(SECONDS), out, err


def read(process: subprocess.Popen[str]) -> Any:
    """The next line that it prints."""
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_following_misses_nothing_and_doubles_nothing(written: Project, following: subprocess.Popen[str]) -> None:
    put(written, "backend", "4444", "new task")
    assert read(following)["text"] == "new task"
    # another task's line was written before, and is found only now
    put(written, "backend", "5555", "late", 20)
    line = read(following)
    assert (line["service"], line["task"], line["text"]) == ("backend", "5" * 32, "late")
    put(written, "report", "6666", "scheduled run")
    assert read(following)["service"] == "report"
    set_faults(written.cloud, "throttle", each=15, only="logs:FilterLogEvents")
    put(written, "frontend", "7777", "throttled")
    assert read(following)["text"] == "throttled"
    assert met(written.cloud) == {"throttle": {"logs:FilterLogEvents": 15}}
    put(written, "frontend", "7777", "last")
    assert read(following)["text"] == "last"
    following.send_signal(signal.SIGINT)
    code, out, err = ended(following)
    assert (code, out) == (130, "")
    assert err == "note: the logs of backend cannot be read now (ThrottlingException): trying again\n"


def test_ctrl_c_shows_all_that_was_read(written: Project) -> None:
    logs, at = written.cloud.client("logs"), int(written.cloud.time() * 1000) - 1000
    where = {"logGroupName": f"/ecs/{STACK}/backend", "logStreamName": "backend/backend/8888"}
    logs.create_log_stream(**where)
    for part in range(2):
        events = [{"timestamp": at + part, "message": f"{part} {number:4}" + "." * 50} for number in range(9999)]
        logs.put_log_events(**where, logEvents=events)
    with started(written, "backend") as process:
        assert process.stdout is not None
        # a page of 10,000 events was read, and the pipe cannot take them: the second is read when they are written
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        code, out, err = ended(process)
    shown = [line.rstrip(".")[-6:].split() for line in (first + out).splitlines()]
    assert shown == [[str(number // 9999), str(number % 9999)] for number in range(10_000)]
    assert (code, about_logs(err)) == (130, "note: interrupted: later lines were not read\n")


def test_a_refusal_ends_it_behind_what_was_read(written: Project, following: subprocess.Popen[str]) -> None:
    set_faults(written.cloud, "denied", only="logs:FilterLogEvents")
    code, _, err = ended(following)
    assert code == 1
    assert err.startswith("error: FilterLogEvents was refused: AccessDeniedException: ")
    set_faults(written.cloud, "")


def test_late_events_and_empty_pages_are_waited_for(written: Project) -> None:
    # what is there by now can be found
    written.cloud.advance(20)
    set_faults(written.cloud, "late-logs,small-pages")
    names = ("backend", "frontend", "report")
    for number in range(5):
        put(written, names[number % 3], f"{number}000", f"line {number}")
    put(written, "report", "2222", "last run")
    assert len(written.run("logs", "--json", "--since", "1d").events) < 10, "not all can be found yet"
    before = written.last_call()
    with started(written, "--follow", "--json", "--since", "1d") as process:
        deadline = time.monotonic() + SECONDS
        while not any(call["service"] == "logs" for call in written.cloud.calls(before)):
            assert time.monotonic() < deadline, "nobody looks at the logs"
            time.sleep(0.05)
        written.cloud.advance(20)
        found = [read(process) for _ in range(10)]
        process.send_signal(signal.SIGINT)
        code, out, _ = ended(process)
    every = {"first run", "second run", "GET /healthz", "last run", *(f"line {number}" for number in range(5))}
    assert sorted(line["text"] for line in found if line["text"][0] != "{") == sorted(every)
    assert (code, out) == (130, "")
    assert met(written.cloud).keys() == {"late-logs", "small-pages"}


def test_logs_of_another_region_are_none_of_this_stack(recorded: Project) -> None:
    recorded.write('region = "us-east-1"\n' + recorded.config.read_text())
    assert (
        "belongs to Region ap-northeast-1, but this command is for Region us-east-1" in recorded.run("logs", code=1).err
    )


def test_logs_of_nothing_say_so(project: Project) -> None:  # noqa: F811
    ended = project.run("logs")
    assert (ended.out, about_logs(ended.err)) == (
        "",
        "note: there are no log groups, because the stack has not been created yet: run `provision up`\n",
    )
