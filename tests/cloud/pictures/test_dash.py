"""`provision dash`: its panes on terminals of two sizes, keys, logs, errors of AWS, and that it writes nothing."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.cli.test_cli_terminal import CONTROL, Screen
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.dashes import Shown, shown, unwritten
from tests.cloud.lookups import NAME
from tests.cloud.project import NETWORK, SMALL, Project, ready_image
from tests.cloud.proxy import leaving_unanswered, refusing

SCREENS = Path(__file__).parents[1] / "screens"
SECRET = "canary-of-the-dashboard"
STACK = SMALL.replace("public = true", f'public = true\nenvironment = {{ API_KEY = "{SECRET}", MODE = "{SECRET}" }}')
ALARMS = '\n[alarms]\nemail = ["ops@example.com"]\n'


@pytest.fixture(scope="module")
def stack(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A small stack, which no test here changes."""
    running_cloud.reset()
    here = Project(running_cloud, tmp_path_factory.mktemp("dash"))
    here.write(STACK + ALARMS)
    ready_image(running_cloud, "frontend")
    here.run("up", "--yes")
    yield here
    here.close()


def on(project: Project, columns: int, lines: int, act: Callable[[Shown], Awaitable[None]], every: float = 5.0) -> None:
    """Do something with the dashboard, once it has looked; nothing may be written."""

    async def life() -> None:
        async with shown(project, columns, lines, every) as screen:
            await screen.sees("ecs-sample-dev")
            await act(screen)

    with unwritten(project):
        asyncio.run(life())


def test_a_wide_terminal_shows_all_panes_at_once(stack: Project) -> None:
    async def look(screen: Shown) -> None:
        await screen.sees("= frontend", "services (1)", "USD an hour", "critical path: ", "alarms (", "vpc_endpoint")
        assert len(screen.lines) == 40
        head = screen.lines[0]
        assert re.match(r" ecs-sample-dev on local \(123456789012, ap-northeast-1\): (\d+) of \1 resources ready", head)
        assert re.search(r"= frontend +1/1 +1 +simulated +1 +completed", screen.text)
        assert "logs: go to a service, then press l" in screen.text
        await screen.press("z")
        assert "cost on AWS" not in screen.text
        await screen.press("z", "t")
        await screen.sees("cost on AWS")

    on(stack, 120, 40, look)


@pytest.mark.parametrize("pane", ["services", "resources", "cost", "alarms", "help"])
def test_each_pane_is_as_it_was_on_a_small_terminal(stack: Project, pane: str) -> None:
    seen = []

    async def look(screen: Shown) -> None:
        await screen.sees("= frontend")
        await screen.press("question_mark" if pane == "help" else pane[0])
        assert max(map(len, screen.lines)) <= 80
        assert len(screen.lines) == 24
        seen.append(screen.masked)

    on(stack, 80, 24, look)
    path = SCREENS / f"dash-{pane}.txt"
    if os.environ.get("UPDATE_SCREENS") == "1":
        path.write_text(seen[0])
    assert seen == [path.read_text()]


def test_one_finds_a_resource_and_its_settings_by_keys(stack: Project) -> None:
    async def look(screen: Shown) -> None:
        await screen.sees("= frontend")
        await screen.type("r/Subnet/private")
        await screen.press("enter")
        await screen.sees("resources (2)  /Subnet/private")
        assert "vpc/main" not in screen.text
        await screen.press("escape")
        await screen.sees("▼ service frontend")
        await screen.type(":task_definition/front")
        await screen.press("enter", "enter")
        await screen.sees("task_definition/frontend (service frontend, step task_definitions)", "API_KEY")
        await screen.press("G")
        await screen.press("escape")
        await screen.type(":services")
        await screen.press("enter", "d")
        await screen.sees("service frontend", "tasks: 1 of 1 running, 1 healthy", "deployment: completed (ROLLING)")
        await screen.press("q")
        await screen.type(":nothing")
        await screen.press("enter")
        await screen.sees("there is no pane, service or resource nothing")

    on(stack, 100, 60, look)


def test_a_value_of_a_variable_is_on_no_screen(stack: Project) -> None:
    async def look(screen: Shown) -> None:
        await screen.sees("= frontend")
        await screen.type(":task_d")
        await screen.press("enter", "enter")
        await screen.sees("environment.API_KEY: (hidden)", "environment.MODE: (hidden)")
        assert SECRET not in screen.text

    on(stack, 100, 60, look)
    assert SECRET not in stack.run("dash", "--json").out


def put(project: Project, text: str, moment: float, task: str = "1" * 32) -> None:
    """Have a task of the frontend write a line, dated in seconds since the epoch."""
    logs, group = project.cloud.client("logs"), f"/ecs/{NAME}/frontend"
    stream = f"frontend/frontend/{task}"
    if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    event = {"timestamp": int(moment * 1000), "message": text}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def test_a_log_is_followed_without_gaps(stack: Project) -> None:
    now = stack.cloud.time()
    put(stack, "first", now - 60)

    async def look(screen: Shown) -> None:
        await screen.sees("= frontend")
        await screen.press("l")
        await screen.sees("logs of frontend", "frontend/11111111  first")
        await asyncio.to_thread(put, stack, "second", now - 1)
        await screen.sees("second")
        # another task's, older than the newest line: it comes late
        await asyncio.to_thread(put, stack, '{"level":"error","msg":"late"}', now - 20, "2" * 32)
        await screen.sees("22222222  ERROR late")
        for text in ("first", "second", "late"):
            assert screen.text.count(text) == 1
        await screen.type("/ERROR")
        await screen.sees("logs of frontend  /ERROR")
        await screen.until(lambda: "second" not in screen.text)

    async def life() -> None:
        async with shown(stack, 80, 24) as screen:
            await look(screen)

    asyncio.run(life())


def test_an_error_of_aws_is_one_line_and_the_view_goes_on(stack: Project) -> None:
    refusals = dict[str, str]()
    with refusing(stack.cloud.endpoint, refusals) as endpoint:
        stack.reach(endpoint)

        async def look(screen: Shown) -> None:
            await screen.sees("= frontend")
            refusals["ListTasks"] = "ExpiredTokenException"
            await screen.press("R")
            await screen.sees("ExpiredTokenException", "trying again")
            assert "= frontend" in screen.text, "what was seen last stays"
            assert sum("ExpiredToken" in line for line in screen.lines) == 1
            refusals.clear()
            await screen.until(lambda: "trying again" not in screen.text)

        try:
            on(stack, 120, 40, look, every=2.0)
        finally:
            stack.reach(stack.cloud.endpoint)


def test_a_damaged_state_is_told_until_it_can_be_read(stack: Project) -> None:
    (document,) = stack.state.glob(f"*/{NAME}/state.json")
    whole = document.read_bytes()

    async def look(screen: Shown) -> None:
        await screen.sees("= frontend")
        document.write_text("{")
        try:
            await screen.press("R")
            await screen.sees("trying again", "state.json")
        finally:
            document.write_bytes(whole)
        await screen.press("R")
        await screen.until(lambda: "trying again" not in screen.text)

    on(stack, 120, 40, look)


def test_what_it_shows_is_one_document(stack: Project) -> None:
    with unwritten(stack):
        found: dict[str, Any] = stack.run("dash", "--json").document
    assert set(found) == {"at", "env", "status", "cost", "last_run", "alarms"}
    assert found["status"]["live"]["services"][0]["name"] == "frontend"
    assert [len(found["cost"]["largest"]), found["last_run"]["command"]] == [3, "up"]
    assert {one["state"] for one in found["alarms"]} <= {"OK", "ALARM", "INSUFFICIENT_DATA"}
    assert any(one["name"] == f"{NAME}-frontend-running" for one in found["alarms"])


def test_it_needs_a_terminal_and_a_sensible_rate(stack: Project) -> None:
    said = stack.run("dash", code=4).err
    assert said == (
        "error: the dashboard needs a terminal that can be drawn on: run `provision status --watch` instead\n"
    )
    assert stack.run("dash", "--every", "0.1", code=4).err.startswith("error: --every 0.1: write a number of seconds")


@pytest.mark.slow
def test_on_a_terminal_keys_move_and_q_leaves_it_clean(stack: Project) -> None:
    with unwritten(stack):
        screen = Screen(stack, ("dash",), settings={"NO_COLOR": "1"})
        screen.until("simulated")
        screen.type("r")
        screen.until("role/task-frontend")
        screen.type("q")
        screen.end()
    assert screen.code == 0
    assert screen.text.rindex("\x1b[?1049l") > screen.text.rindex("\x1b[?1049h"), "the screen from before is back"
    assert screen.text.rindex("\x1b[?25h") > screen.text.rindex("\x1b[?25l"), "the cursor is back"
    colours = {part for sgr in re.findall(r"\x1b\[([\d;]*)m", screen.text) for part in sgr.split(";")}
    assert colours <= {"0", "1", "2", "3", "4", "7", "22", "39", "49"}, "no colour where none is wanted"
    assert "Traceback" not in CONTROL.sub("", screen.text)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["ctrl-c", "hang-up"])
def test_it_ends_as_interrupted(stack: Project, how: str) -> None:
    screen = Screen(stack, ("dash",))
    screen.until("simulated")
    if how == "ctrl-c":
        screen.type("\x03")
        assert screen.end().code == 130
    else:
        assert screen.hang_up().code == 130


def test_a_stack_that_is_not_there_is_told_and_seen_to_come(running_cloud: EmbeddedCloud, tmp_path: Path) -> None:
    # beside the other stack, which has to stay: the cloud is not emptied
    other = Project(running_cloud, tmp_path)
    other.write(SMALL.replace('env = "dev"', 'env = "other"'))

    async def life() -> None:
        async with shown(other, 100, 30, every=2.0) as screen:
            await screen.sees("ecs-sample-other on local: no resources. Create the stack: `provision up")
            # on the same clock: whoever only looks on must not hold it
            ended = await asyncio.to_thread(other.run, "up", "--yes", *NETWORK)
            assert "created" in ended.err
            await screen.press("r")
            await screen.sees("resources ready", "vpc/main")

    asyncio.run(life())
    other.close()


@pytest.mark.slow
def test_it_is_left_at_once_though_aws_answers_nothing(stack: Project) -> None:
    shutil.copytree(stack.state / "local", stack.state / "aws", dirs_exist_ok=True)
    silent = threading.Event()
    with leaving_unanswered(stack.cloud.endpoint, lambda request: silent.is_set()) as endpoint:
        keys = {"AWS_ACCESS_KEY_ID": stack.cloud.process.key, "AWS_SECRET_ACCESS_KEY": "testing"}
        screen = Screen(stack, ("dash", "--target", "aws"), settings=keys | {"AWS_ENDPOINT_URL": endpoint})
        screen.until("serving")
        silent.set()
        screen.type("R")
        # what was read until now says nothing of AWS's silence: the next look does not come back
        screen.until("AWS has not answered yet")
        screen.type("q")
        # while the way is open nothing else ends the read
        assert screen.end().code == 0
    shutil.rmtree(stack.state / "aws")
