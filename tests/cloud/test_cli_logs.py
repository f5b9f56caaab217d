"""`provision logs` where a log group is missing, empty, or read by somebody who has enough."""

from __future__ import annotations

import pytest

from provisioner import __version__
from provisioner.state.local import LocalStore
from provisioner.state.model import Record
from tests.cloud.project import Project, project  # noqa: F401  (a fixture)

STACK = "ecs-sample-dev"


@pytest.fixture
def recorded(project: Project) -> Project:  # noqa: F811
    """A state with the log groups of two services, of which only the frontend's is there."""
    with LocalStore(project.state / "local" / STACK, STACK, "up", __version__) as store:
        store.guard(STACK, "123456789012", "ap-northeast-1")
        for name in ("backend", "frontend"):
            store.put(Record(f"log_group/service-{name}", "log_group", "ready", "t", f"/ecs/{STACK}/{name}"))
    project.cloud.client("logs").create_log_group(logGroupName=f"/ecs/{STACK}/frontend")
    return project


def test_a_missing_or_empty_log_group_is_no_error(recorded: Project) -> None:
    ended = recorded.run("logs", "--since", "2h")
    assert ended.out == ""
    assert ended.err.splitlines() == [
        f"note: log group /ecs/{STACK}/backend of backend does not exist: `provision up` creates it",
        "note: frontend wrote nothing in the last 2h; without Docker no containers run here",
    ]

    logs = recorded.cloud.client("logs")
    where = {"logGroupName": f"/ecs/{STACK}/frontend", "logStreamName": "service/web/0123456789abcdef"}
    logs.create_log_stream(**where)
    now = int(recorded.cloud.time() * 1000)
    events = [{"timestamp": now - 1000 + number, "message": f"line {number}"} for number in range(3)]
    logs.put_log_events(**where, logEvents=events)
    ended = recorded.run("logs")
    assert [line.split("  ")[1:] for line in ended.out.splitlines()] == [
        ["frontend/01234567", f"line {number}"] for number in range(3)
    ]
    assert ended.err.count("note: ") == 1, "only the missing group"

    with recorded.start("logs", "--follow") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "line 0" in process.stdout.readline()
        process.stdout.close()
        # what comes now finds nobody who reads, which ends the command
        logs.put_log_events(**where, logEvents=[{"timestamp": int(recorded.cloud.time() * 1000), "message": "more"}])
        assert "Traceback" not in process.stderr.read()
        assert process.wait(60) == 0


def test_logs_of_another_region_are_none_of_this_stack(recorded: Project) -> None:
    recorded.write('region = "us-east-1"\n' + recorded.config.read_text())
    assert (
        "belongs to Region ap-northeast-1, but this command is for Region us-east-1" in recorded.run("logs", code=1).err
    )


def test_logs_of_nothing_say_so(project: Project) -> None:  # noqa: F811
    ended = project.run("logs")
    assert (ended.out, ended.err) == (
        "",
        "note: there are no log groups, because the stack has not been created yet: run `provision up`\n",
    )
