"""Hostile input in the state's files and directories, and in the embedded cloud's record."""

from __future__ import annotations

import fcntl
import hmac
import io
import json
import math
import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import provisioner.steps  # noqa: F401  (importing the package registers the resource types)
from ecs_emulator import manage
from ecs_emulator.control import CloudError, CloudProcess
from provisioner.cli.main import main
from provisioner.engine.records import consistency
from provisioner.operations.context.records import find_record
from provisioner.operations.inspection import stack_status
from provisioner.render import status, summary, timeline
from provisioner.render.text import say, table
from provisioner.render.timeline_svg import picture
from provisioner.state.checks import DEPTH, parsed
from provisioner.state.directory import make, trust
from provisioner.state.local import DOCUMENT, JOURNAL, LOCK, LocalStore, read
from provisioner.state.lock import describe
from provisioner.state.model import Record, Run, Span, State, StateError
from tests.unit.cli.hostile import CONFIG, EVIL, harmless

# -- the state -----------------------------------------------------------------------------------------------------

ASKED = {"cidr_block": "10.0.0.0/16", "enable_dns_support": True, "enable_dns_hostnames": True}


def sound() -> dict[str, Any]:
    """A document as the tool writes it."""
    state = State("ecs-sample-dev", "123456789012", "ap-northeast-1", "0" * 32, 7, "0.1.0")
    for record in (
        Record("vpc/main", "vpc", "ready", "t", "vpc-1", ASKED, {"arn": "a"}, [], "network", 1.0, 2.0),
        Record("log_group/web", "log_group", "created", "t", "/ecs/a", {"log_group_name": "/ecs/a"}, {}, ["vpc/main"]),
        Record(
            "load_balancer/main", "load_balancer", "deleting", "t", None, {"load_balancer_name": "a"}, {"dns_name": "a"}
        ),
    ):
        state.records[record.address] = record
    first = Span("vpc/main", "network", "created", 0.5, 1.0, 1.5)
    second = Span("log_group/web", "logs", "failed", 1.0, None, 2.0, "vpc/main")
    state.history.append(Run("up", 1.0, 2.0, "ok", {"created": 2}, [first, second]))
    return state.to_dict()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any, *, key: bool = False) -> Any:
    """Return the document with another value (or another key) at a place."""
    if not path:
        return value
    changed = deepcopy(document)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    if key and isinstance(inner, dict):
        inner[value if isinstance(value, str) else repr(value)] = inner.pop(path[-1])
    else:
        inner[path[-1]] = value
    return changed


def used(directory: Path) -> None:
    """Run everything that the read-only commands do with a state."""
    state = read(directory, CONFIG.name)
    consistency.check(state.records)
    shown = io.StringIO()
    say(
        status.lines(
            stack_status.document(state, CONFIG, "", None, "nobody was asked", now=0.0),
            lambda *words: " ".join(words),
        ),
        shown,
    )
    say(summary.removal(state.records), shown)
    say(table(stack_status.outputs(state, CONFIG, "").items()), shown)
    for address in state.records:
        say(status.record_lines(find_record(state, address)), shown)
    for run in filter(lambda run: run.timeline, state.history):
        say([*timeline.lines(run, CONFIG.name, 100), picture(run, CONFIG.name)], shown)
    assert harmless(shown.getvalue())
    state.guard(state.stack, "123456789012", "ap-northeast-1")


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(min_value=2**60) | st.floats(allow_nan=False) | st.text()
    | st.sampled_from([EVIL, "__class__", "__init__", "../../x", "creating", "vpc", "vpc/main", "log_group/web"])
    | st.sampled_from([10**400, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=100)
@given(st.sampled_from(list(places(sound()))), jsons, st.booleans())
@example(("records", "vpc/main", "type"), "__init__", False)
@example(("records", "vpc/main", "dependencies"), ["log_group/web", "nothing/of the sort"], False)
@example(("records", "vpc/main", "arguments"), {}, False)
@example(("records", "log_group/web", "arguments", "log_group_name"), {"a": []}, False)
@example(("records", "vpc/main", "id"), EVIL, False)
@example(("records", "vpc/main"), {"address": "other/one", "type": "vpc", "phase": "ready", "token": ""}, False)
@example(("history", 0, "started"), 10**400, False)
@example(("history", 0, "timeline", 0, "after"), "log_group/web", False)
@example(("history", 0, "timeline", 1, "address"), EVIL, False)
@example(("history", 0, "timeline", 1, "ended"), 1e15, False)
@example(("history", 0, "timeline", 0, "began"), -1, False)
@example(("history", 0, "timeline", 0), [], False)
@example(("schema",), True, False)
def test_any_value_anywhere_is_read_or_refused_in_one_message(path: tuple[Any, ...], value: Any, key: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / DOCUMENT).write_text(json.dumps(put(sound(), path, value, key=key)))
        with suppress(StateError):
            used(directory)
        record = put(sound(), path, value, key=key)
        (directory / DOCUMENT).write_text(json.dumps(sound()))
        (directory / JOURNAL).write_text(
            '{"base": 7}\n' + json.dumps({"put": record}) + "\n" + json.dumps(value) + "\n"
        )
        with suppress(StateError):
            used(directory)


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        json.dumps(sound()).replace('{"arn": "a"}', '{"arn": ' + "[" * 800 + "]" * 800 + "}"),
        json.dumps(sound()).replace("2.0", "NaN"),
        json.dumps(sound()).replace("2.0", "1e999"),
        json.dumps(sound()).replace("2.0", "9" * 5000),
        json.dumps(sound()).replace("vpc-1", "\\ud800"),
        "\x00",
        "\ufeff{}",
        '{"schema": -1e9}',
        '{"schema": -1000000000}',
        json.dumps({"schema": 2**70, "writer": EVIL * 1000}),
    ],
    ids=[
        "open",
        "deep",
        "deep inside",
        "NaN",
        "infinite",
        "digits",
        "surrogate",
        "NUL",
        "BOM",
        "float",
        "old",
        "newer",
    ],
)
def test_no_document_is_too_much(content: str, tmp_path: Path) -> None:
    (tmp_path / DOCUMENT).write_text(content)
    with pytest.raises(StateError) as caught:
        used(tmp_path)
    assert len(str(caught.value)) < 1000
    with pytest.raises(StateError), LocalStore(tmp_path, CONFIG.name, "up", "1"):
        pass
    assert (tmp_path / DOCUMENT).read_text() == content
    (tmp_path / DOCUMENT).write_text(json.dumps(sound()))
    (tmp_path / JOURNAL).write_text('{"base": 7}\n' + content + "\n")
    with pytest.raises(StateError):
        used(tmp_path)


@given(st.text(st.characters(exclude_categories=())), st.floats(), st.integers(0, 80))
@example("\ud83d", 1.0, 0)
@example("\U0001f600", 1.0, DEPTH - 2)
def test_json_is_read_as_it_was_written_or_refused(text: str, number: float, depth: int) -> None:
    written = "[" * depth + json.dumps([text, number]) + "]" * depth
    (whole,) = json.loads(json.dumps([text]))
    halves = any("\ud800" <= character <= "\udfff" for character in whole)
    if halves or not math.isfinite(number) or depth + 1 >= DEPTH:
        with pytest.raises(ValueError, match=r"surrogate|number|nested"):
            parsed(written.encode())
    else:
        assert parsed(written.encode()) == json.loads(written)


def test_needs_in_a_circle_are_refused_with_the_circle() -> None:
    document = sound()
    document["records"]["vpc/main"]["dependencies"] = ["log_group/web"]
    circle = "vpc/main depends on log_group/web depends on vpc/main|log_group/web depends on vpc/main depends on"
    with pytest.raises(StateError, match=circle):
        consistency.check_order(State.from_dict(document).records)


def test_needs_of_what_is_not_recorded_mean_nothing() -> None:
    document = sound()
    document["records"]["vpc/main"]["dependencies"] = ["nothing/there"]
    consistency.check_order(State.from_dict(document).records)


@pytest.mark.parametrize(
    "holder",
    [
        json.dumps({"user": EVIL, "host": EVIL, "pid": EVIL, "command": EVIL, "since": 0}),
        json.dumps({"user": "a", "host": "b", "pid": 1, "command": "up", "since": 1e300}),
        json.dumps({"user": "a", "host": "b", "pid": 1, "command": "up", "since": [1]}),
        "[" * 4000,
        EVIL,
    ],
    ids=["escapes", "far away", "list", "deep", "garbage"],
)
def test_who_holds_the_lock_cannot_write_on_the_terminal(
    holder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from provisioner.cli.main import _failed

    (tmp_path / LOCK).write_text(holder)
    with (tmp_path / LOCK).open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StateError) as caught, LocalStore(tmp_path, CONFIG.name, "up", "1"):
            pass
    assert _failed(caught.value) == 1
    told = capsys.readouterr().err
    assert harmless(told)
    assert "the state is locked" in told
    assert describe(holder.encode())


def test_links_in_the_state_directory_are_not_written_through(tmp_path: Path) -> None:
    victim, directory = tmp_path / "victim", tmp_path / "state"
    directory.mkdir()
    for name in (*(DOCUMENT, JOURNAL, LOCK), "state.json.tmp", "state.journal.tmp"):
        victim.write_text("precious")
        (directory / name).symlink_to(victim)
        with suppress(StateError), LocalStore(directory, CONFIG.name, "up", "1") as store:
            store.put(Record("vpc/main", "vpc", "ready", ""))
        assert victim.read_text() == "precious", name
        for path in directory.iterdir():
            path.unlink()


# -- the directories ---------------------------------------------------------------------------------------------------


def test_directories_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make(tmp_path / "a" / "b" / "c")
        with LocalStore(tmp_path / "x" / "local" / "shop", CONFIG.name, "up", "1") as store:
            store.put(Record("vpc/main", "vpc", "ready", ""))
    finally:
        os.umask(before)
    for path in tmp_path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda place: place.chmod(0o777), "other users can write to the state directory"),
        (lambda place: place.chmod(0o1777), "other users can write to the state directory"),
        (
            lambda place: (place.rename(place.with_name("real")), place.symlink_to(place.with_name("real"))),
            "symbolic link",
        ),
        (lambda place: (place.rmdir(), place.touch()), "is not a directory"),
    ],
    ids=["writable", "sticky", "link", "file"],
)
@pytest.mark.parametrize("level", [".provision", ".provision/local", ".provision/local/ecs-sample-dev"])
def test_a_state_directory_that_others_could_fill_is_refused(
    spoil: Callable[[Path], object], says: str, level: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(here / level)
    spoil(here / level)
    before = sorted(here.rglob("*"))
    assert main(["status"]) == 1
    assert says in capsys.readouterr().err
    assert sorted(here.rglob("*")) == before


def test_a_directory_of_another_user_or_group_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o770)
    trust(tmp_path)
    monkeypatch.setattr(os, "getegid", lambda: tmp_path.stat().st_gid + 1)
    with pytest.raises(StateError, match="other users can write"):
        trust(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(StateError, match="belongs to another user"):
        trust(tmp_path)


@pytest.mark.parametrize("part", ["account", "region"])
def test_records_without_an_account_or_region_are_refused(
    part: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`down` would delete the recorded resources from any account that it runs in."""
    make(here / ".provision" / "local" / "ecs-sample-dev")
    (here / ".provision" / "local" / "ecs-sample-dev" / DOCUMENT).write_text(json.dumps(sound() | {part: ""}))
    assert main(["status"]) == 1
    assert "but no account or Region" in capsys.readouterr().err


# -- the embedded cloud's record -----------------------------------------------------------------------------------

CLOUD = CloudProcess("http://127.0.0.1:9", 5353, 4_000_000, "A" * 36, "example.com")


@pytest.mark.parametrize(
    "endpoint",
    [
        *("http://169.254.169.254", "http://169.254.169.254:80", "http://127.0.0.1:80@evil.example", "http://[::1]:80"),
        *("http://127.0.0.1.evil.example:80", "https://127.0.0.1:80", "http://localhost:80", "file:///etc/passwd"),
        *("http://127.0.0.1:80/path", "http://127.0.0.1", "http://127.0.0.1:٣", ""),
    ],
    ids=ascii,
)
def test_a_cloud_elsewhere_is_refused(endpoint: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(here / ".provision")
    (here / ".provision" / "cloud.json").write_text(json.dumps(asdict(CLOUD) | {"endpoint": endpoint}))
    for words in (["up", "--yes"], ["cloud", "stop"], ["cloud", "status"], ["cloud", "delegate", "example.org"]):
        assert main(words) == 1
        told = capsys.readouterr()
        assert "names an embedded cloud of another machine" in told.err
        assert told.err.count("error: ") == 1


@pytest.mark.parametrize(
    "odd",
    [
        *(
            {"pid": -1},
            {"pid": 0},
            {"pid": 1},
            {"pid": True},
            {"pid": "5"},
            {"pid": 1.5},
            {"started": ""},
            {"started": 1},
        ),
        *({"started": "0" * 31}, {"dns_port": 70000}, {"dns_port": "x"}, {"domain": EVIL}, {"domain": None}),
        *(
            {"more": 1},
            {"endpoint": "http://127.0.0.1:80\n"},
        ),
    ],
    ids=ascii,
)
def test_an_odd_record_of_a_cloud_is_none_and_ends_nobody(
    odd: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: killed.append(pid))
    (tmp_path / "cloud.json").write_text(json.dumps(asdict(CLOUD) | odd))
    assert manage.find(tmp_path) is None
    assert not manage.stop(tmp_path)
    assert killed == []


def test_a_process_that_is_not_the_cloud_is_not_ended(tmp_path: Path) -> None:
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / "cloud.json").write_text(json.dumps(asdict(CLOUD) | {"pid": victim.pid}))
    assert not manage.stop(tmp_path)
    assert victim.poll() is None
    victim.communicate(b"\n")


class Accomplice(BaseHTTPRequestHandler):
    """Knows the key that a clone's record names, and proves it."""

    def do_GET(self) -> None:
        """Answer health as the cloud would."""
        challenge = self.path.partition("challenge=")[2]
        proof = hmac.new(CLOUD.key.encode(), challenge.encode(), "sha256").hexdigest()
        content = json.dumps({"proof": proof, "ready": True}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 (http.server's name)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def accomplice() -> Iterator[CloudProcess]:
    """A cloud as a clone may name it: somebody answers for it, and its process is another one, which does not end."""
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim,
        HTTPServer(("127.0.0.1", 0), Accomplice) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield replace(CLOUD, endpoint=f"http://127.0.0.1:{server.server_address[1]}", pid=victim.pid)
        server.shutdown()
        thread.join()
        victim.kill()


def ps(directory: Path, monkeypatch: pytest.MonkeyPatch, pid: int, shown: str) -> None:
    """Take /proc away, and have macOS's ps, which shows this of a process that is asked for as there (its ps(1))."""
    read, exists = Path.read_bytes, Path.exists

    def missing(path: Path) -> bytes:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", missing)
    monkeypatch.setattr(Path, "exists", lambda path: not path.is_relative_to("/proc") and exists(path))
    program = directory / "bin" / "ps"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$*" = "-E -ww -o command= -p {pid}" ] && echo "{shown}"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize("place", ["here", "without /proc", "without /proc and ps"])
def test_a_process_that_somebody_answers_for_is_not_ended(
    place: str, accomplice: CloudProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place != "here":
        ps(tmp_path, monkeypatch, accomplice.pid, "/usr/bin/victim PROVISION_CLOUD_KEY=AKIA" + "B" * 32)
    if place.endswith("ps"):
        monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(manage, "STOP_SECONDS", 0.2)
    (tmp_path / "cloud.json").write_text(json.dumps(asdict(accomplice)))
    with pytest.raises(CloudError, match=rf"Nothing proves that it is.*`kill -9 {accomplice.pid}`"):
        manage.stop(tmp_path)
    os.kill(accomplice.pid, 0)
    with suppress(ChildProcessError):
        assert os.waitpid(accomplice.pid, os.WNOHANG) == (0, 0)


@pytest.mark.parametrize("place", ["here", "without /proc"])
def test_the_cloud_itself_is_ended_by_force_if_it_hangs(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"PROVISION_CLOUD_KEY={CLOUD.key}"
    environment = {**os.environ, "PROVISION_CLOUD_KEY": CLOUD.key}
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as hung:
        assert hung.stdout
        hung.stdout.readline()
        if place != "here":
            ps(tmp_path, monkeypatch, hung.pid, f"python -m ecs_emulator HOME=/ {key} LANG=C")
        monkeypatch.setattr(manage, "STOP_SECONDS", 0.2)
        (tmp_path / "cloud.json").write_text(json.dumps(asdict(replace(CLOUD, pid=hung.pid))))
        assert manage.stop(tmp_path)
        with pytest.raises(ProcessLookupError):
            os.kill(hung.pid, 0)


@pytest.mark.parametrize("name", ["cloud.lock", "cloud.log", "cloud.tmp"])
def test_links_beside_the_record_are_not_written_through(name: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / name).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        manage.start(tmp_path / "state", "example.com")
    assert victim.read_text() == "precious"
