"""`provision exec` and `provision tunnel`, as typed: into tasks of the embedded cloud, by shells of this machine."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from provisioner.aws.permissions import Part
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.policies import asked, denied, enforce, policies
from tests.cloud.project import SMALL, Project
from tests.cloud.sessions_rig import opened
from tests.cloud.warm import PROGRAM, environment

pytestmark = pytest.mark.slow

SECONDS = 60


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack that is up."""
    here = Project(cloud, tmp_path)
    here.write(SMALL)
    here.up()
    yield here
    enforce(cloud)
    here.close()


def sessions(project: Project, query: str) -> None:
    """Choose the program behind sessions."""
    project.cloud.control("POST", "sessions", query)


def fed(project: Project, given: bytes, *words: str) -> tuple[int, bytes, bytes]:
    """Run a command with bytes on standard input; return its exit code, its output and its errors, to the byte."""
    project.cloud.away()
    ended = subprocess.run(
        [*PROGRAM, *words],
        cwd=project.directory,
        env=environment(),
        input=given,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert b"Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


def tasks(project: Project) -> list[dict[str, Any]]:
    """The service's tasks."""
    ecs = project.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=NAME, serviceName="frontend")["taskArns"]
    found: list[dict[str, Any]] = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"]
    return found


def test_a_command_has_its_own_exit_code_and_bytes(project: Project) -> None:
    # nothing runs there without Docker, which is said; a shell knows how to end
    ended = project.run("exec", "frontend", "--", "ls", "-l")
    assert ended.out == "ls -l: nothing was run: without Docker there is no container here\n"
    project.run("exec", "frontend", "--", "sh", "-c", "exit 7", code=7)

    sessions(project, "shell=1")
    ended = project.run("exec", "frontend", "--", "sh", "-c", "echo 'a  b'; echo äöü >&2; exit 9", code=9)
    assert ended.out == "a  b\näöü\n"
    assert project.run("exec", "frontend", "--", "nowhere-at-all", code=127).out.endswith("not found\n")
    content = bytes(range(256)) * 200
    code, out, err = fed(project, content, "exec", "frontend", "--", "sh", "-c", "cat; echo apart >&2; exit 3")
    note = b"simulated: without Docker no container runs, and a stand-in for the shell answers\n"
    assert (code, out, err) == (3, content, note + b"apart\n")
    (task,) = tasks(project)
    task_id = task["taskArn"].rpartition("/")[2]
    ended = project.run(
        "exec", "frontend", "--task", task_id[:6], "--json", "--", "sh", "-c", "echo hi; exit 4", code=4
    )
    assert ended.events[0] == {"event": "session", "task": task_id, "container": "frontend"}
    assert "".join(event["text"] for event in ended.said("output")) == "hi\n"
    assert ended.said("ended") == [{"event": "ended", "exit_code": 4}]
    assert "there are " + task_id[:8] in project.run("exec", "frontend", "--task", "x", "--", "true", code=4).err
    assert 'did you mean "frontend"' in project.run("exec", "fronted", "--", "true", code=4).err
    assert "a shell needs a terminal" in project.run("exec", "frontend", code=4).err


def test_a_connection_that_another_takes_is_taken_back(project: Project) -> None:
    sessions(project, "shell=1")
    log = project.directory / "log"
    process = project.start(
        "exec", "frontend", "--log", str(log), "--", "sh", "-c", "echo one; sleep 3; echo two; exit 5"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "one\n"
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    (begun,) = [call["answer"]["session"] for call in calls if call.get("operation") == "ExecuteCommand"]
    assert begun["tokenValue"] == "(hidden)"
    resumed = project.cloud.client("ssm").resume_session(SessionId=begun["sessionId"])
    with opened(project.cloud, {"streamUrl": resumed["StreamUrl"], "tokenValue": resumed["TokenValue"]}):
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (5, "two\n")
    assert "connection lost (another connection has come), reconnecting" in err
    assert "connected again" in err
    assert resumed["TokenValue"] not in log.read_text()
    assert "ResumeSession" in log.read_text()


@dataclass
class Terminal:
    """A command on a terminal of 30 lines and 90 columns; `text` is all that it has written there."""

    project: Project
    words: Sequence[str]
    text: str = ""
    running: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.project.cloud.away()
        self._ours, theirs = pty.openpty()
        self.resize(30, 90)
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs

        def own() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.running = subprocess.Popen(
            [*PROGRAM, *self.words],
            cwd=self.project.directory,
            env=environment() | {"TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=own,  # noqa: PLW1509  (no thread runs here yet)
        )

    def resize(self, rows: int, columns: int) -> None:
        """Give it another size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Type something."""
        os.write(self._ours, keys.encode())

    def until(self, pattern: str) -> None:
        """Read until a pattern has been written."""
        deadline = time.monotonic() + SECONDS
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, self.text[-2000:]
            if select.select([self._ours], [], [], 0.2)[0]:
                self.text += os.read(self._ours, 4096).decode("utf-8", "replace")

    def end(self) -> int:
        """Wait for its end; the terminal must be as it was."""
        code = self.running.wait(SECONDS)
        while select.select([self._ours], [], [], 0.1)[0]:
            self.text += os.read(self._ours, 4096).decode("utf-8", "replace")
        assert termios.tcgetattr(self._theirs) == self.before
        os.close(self._ours)
        os.close(self._theirs)
        return code


def test_a_terminal_is_one(project: Project) -> None:
    sessions(project, "shell=1")
    seen = Terminal(project, ("exec", "frontend", "--", "sh"))
    seen.until(r"\$ $|# $")
    seen.type("stty size; echo 'gr''üße €'\r")
    seen.until("30 90")
    seen.until("grüße €")
    seen.resize(40, 120)
    time.sleep(0.6)
    seen.type("stty size\r")
    seen.until("40 120")
    seen.type("sleep 100\r")
    time.sleep(0.4)
    seen.type("\x03")
    seen.type("echo after $?\r")
    seen.until("after 130")
    seen.type("exit 6\r")
    assert seen.end() == 6
    assert "\x1e" not in seen.text

    # ~. leaves whatever hangs
    left = Terminal(project, ("exec", "frontend", "--", "sleep", "1000"))
    left.until("leaves it")
    time.sleep(2)
    left.type("\r~.")
    assert left.end() == 130


def test_what_keeps_one_out_is_named(project: Project) -> None:
    iam, ec2 = project.cloud.client("iam"), project.cloud.client("ec2")
    iam.delete_role_policy(RoleName=f"{NAME}-task-frontend", PolicyName="exec")
    refused = project.run("exec", "frontend", "--", "true", code=125)
    assert "does not allow ssmmessages:CreateControlChannel, ssmmessages:CreateDataChannel" in refused.err
    assert "AWS says: The execute command failed due to an internal error" in refused.err
    project.up()
    (endpoint,) = [
        one["VpcEndpointId"]
        for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]
        if one["ServiceName"].endswith(".ssmmessages")
    ]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    project.cloud.advance(300)
    refused = project.run("tunnel", "frontend", code=125)
    assert "no endpoint of ssmmessages with private DNS" in refused.err
    project.up()
    project.change("public = true", "public = true\nexec = false")
    project.up()
    refused = project.run("exec", "frontend", "--", "true", code=125)
    assert "ECS Exec is off for frontend: write exec = true under [services.frontend]" in refused.err
    project.change("exec = false", "exec = true")
    refused = project.run("exec", "frontend", "--", "true", code=125)
    assert "is on in the configuration and not in ECS for frontend: run `provision up`" in refused.err


@contextlib.contextmanager
def echoing() -> Iterator[int]:
    """Yield the port of a server on this machine that sends back all that it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def echo(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def _usable(task: dict[str, Any]) -> bool:
    (agent,) = task["containers"][0]["managedAgents"]
    return bool(agent["lastStatus"] == "RUNNING")


def listening(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The event of a tunnel that takes connections."""
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    assert found["event"] == "listening"
    return found


def answers(port: int, content: bytes) -> bool:
    """Return whether a port sends the content back."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(content)
        found = b""
        while len(found) < len(content) and (data := connection.recv(4096)):
            found += data
        return found == content


def test_a_tunnel_leads_to_a_service_and_goes_on(project: Project) -> None:
    with echoing() as port:
        sessions(project, f"port={port}")
        process = project.start("tunnel", "frontend", "--json")
        event = listening(process)
        assert event["client"] == f"curl http://127.0.0.1:{event['port']}/"
        assert all(answers(event["port"], os.urandom(20_000)) for _ in range(3))
        taken = project.run("tunnel", "frontend", "--port", str(event["port"]), code=4)
        assert "cannot be listened on: Address already in use" in taken.err
        # AWS ends a session that nobody uses: the next connection begins another one
        project.cloud.advance(1300)
        time.sleep(1)
        assert answers(event["port"], b"again")
        # nor does it end with its task: ECS starts another one
        (task,) = tasks(project)
        project.cloud.client("ecs").stop_task(cluster=NAME, task=task["taskArn"])
        project.cloud.wait(
            lambda: [one for one in tasks(project) if _usable(one) and one["taskArn"] != task["taskArn"]], "a new task"
        )
        time.sleep(1)
        assert answers(event["port"], b"through another one")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 130
        assert "terminated due to inactivity" in err
        assert "the agent is gone" in err


def test_a_tunnel_leads_to_the_database(project: Project) -> None:
    assert "there is no service database" in project.run("tunnel", "database", code=4).err
    project.write(SMALL.replace("public = true", "public = true\ndatabase = true") + "\n[database]\n")
    assert "the database is not in the stack yet" in project.run("tunnel", "database", code=4).err
    project.up()
    with echoing() as port:
        sessions(project, f"port={port}")
        process = project.start("tunnel", "database", "--json")
        event = listening(process)
        assert event["client"] == f"mysql -h 127.0.0.1 -P {event['port']} -u dbadmin -p sample"
        assert answers(event["port"], b"select 1")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)


def test_exec_and_tunnel_have_a_policy_of_their_own(project: Project) -> None:
    cloud = project.cloud
    enforce(cloud, *policies(project.config, part=Part.MAIN))
    assert (
        "`provision policy --shell` prints what is needed" in project.run("exec", "frontend", "--", "x", code=125).err
    )
    enforce(cloud, *policies(project.config, part=Part.SHELL))
    project.run("exec", "frontend", "--", "sh", "-c", "exit 7", code=7)
    with echoing() as port:
        sessions(project, f"port={port}")
        process = project.start("tunnel", "frontend", "--json")
        assert answers(listening(process)["port"], b"hello")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)
    # why there is no session may be looked up as well
    enforce(cloud)
    cloud.client("iam").delete_role_policy(RoleName=f"{NAME}-task-frontend", PolicyName="exec")
    enforce(cloud, *policies(project.config, part=Part.SHELL))
    assert "does not allow ssmmessages" in project.run("exec", "frontend", "--", "x", code=125).err
    assert denied(asked(cloud)) == []
    # nothing else is allowed by it
    assert "UnauthorizedOperation" in project.run("up", "--yes", code=1).err
