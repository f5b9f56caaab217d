"""The state: acknowledged records survive any cut, and nothing else is believed."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import resource
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.state.journal import checked, encoded, header, replay
from provisioner.state.lease import LEASE, LONGEST, remaining
from provisioner.state.local import DOCUMENT, JOURNAL, LocalStore, read
from provisioner.state.lock import describe, patiently
from provisioner.state.migrate import migrate
from provisioner.state.model import (
    HISTORY,
    SCHEMA,
    TIMELINES,
    ForeignState,
    Record,
    Run,
    Span,
    State,
    StateError,
    StateLocked,
    StateTooNew,
)
from provisioner.state.objects import StoredObject
from provisioner.state.runtime import MACHINE
from tests.schema_1 import as_schema_1, named_as_in_schema_1

addresses = st.sampled_from(["vpc/main", "subnet/a", "subnet/b", "role/task", "cluster/main"])
facts = st.lists(st.tuples(st.sampled_from(["put", "drop"]), addresses, st.integers(0, 99)), max_size=20)


def record(address: str, id: str = "id-1") -> Record:
    return Record(
        address, address.partition("/")[0], "ready", "token", id, {"cidr_block": "10.0.0.0/16"}, {"arn": "a"}, []
    )


def opened(directory: Path) -> LocalStore:
    return LocalStore(directory, "shop-dev", "up", "1.0")


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Limit the size of files as a full disk does: a longer write is cut off, and the next one refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_empty_directory_gives_an_empty_state(tmp_path: Path) -> None:
    assert read(tmp_path / "none", "shop-dev").records == {}
    assert not (tmp_path / "none").exists()


def test_what_was_put_is_there_after_closing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
        store.put(record("subnet/a"))
        store.drop("subnet/a")
        store.finish(Run("up", 1.0, 2.0, "ok", {"created": 1}))
    state = read(tmp_path, "shop-dev")
    assert list(state.records) == ["vpc/main"]
    assert state.history[0].counts == {"created": 1}


def test_what_earlier_versions_called_otherwise_is_read(tmp_path: Path) -> None:
    spans = [{"address": "vpc/main", "step": "network", "result": "removed", "began": 0.5}]
    spans[0] |= {"called": None, "ended": None, "after": None}
    former = {"command": "down", "started": 1.0, "seconds": 2.0, "result": "ok", "counts": {"removed": 1, "kept": 2}}
    run = Run.from_dict({**former, "timeline": spans})
    assert (run.counts, run.timeline[0].result) == ({"deleted": 1, "retained": 2}, "deleted")


def test_the_newest_runs_that_did_something_keep_their_timeline(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for number in range(HISTORY + 2):
            timeline = [Span("vpc/main", "network", "created", 0.5, 1.0, None, "a/b")] if number % 2 else []
            store.finish(Run("up", float(number), 2.0, "ok", {}, timeline))
    history = read(tmp_path, "shop-dev").history
    assert len(history) == HISTORY
    kept = [run for run in history if run.timeline]
    assert [run.started for run in kept] == [float(HISTORY + 1 - 2 * n) for n in reversed(range(TIMELINES))]
    assert kept[0].timeline == timeline
    with opened(tmp_path):
        pass
    assert read(tmp_path, "shop-dev").history == history


def test_a_history_of_before_there_were_timelines_is_read(tmp_path: Path) -> None:
    run = {"command": "up", "started": 1.0, "seconds": 2.0, "result": "ok"}
    (tmp_path / DOCUMENT).write_text(json.dumps(State("shop-dev").to_dict() | {"history": [run]}))
    assert read(tmp_path, "shop-dev").history == [Run("up", 1.0, 2.0, "ok")]


def test_what_was_put_is_there_without_closing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
        assert list(read(tmp_path, "shop-dev").records) == ["vpc/main"]


def test_an_idle_session_leaves_the_document_as_it_was(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
    before = (tmp_path / DOCUMENT).read_bytes()
    with opened(tmp_path):
        pass
    assert (tmp_path / DOCUMENT).read_bytes() == before


@given(facts, st.floats(0, 1))
def test_any_prefix_of_the_journal_gives_the_facts_before_it(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str, int]], part: float
) -> None:
    directory = tmp_path_factory.mktemp("state")
    with opened(directory) as store:
        snapshots = [dict(store.records)]
        sizes = [(directory / JOURNAL).stat().st_size]
        for verb, address, number in history:
            if verb == "put":
                store.put(record(address, f"id-{number}"))
            else:
                store.drop(address)
            snapshots.append(dict(store.records))
            sizes.append((directory / JOURNAL).stat().st_size)
        journal, document = (directory / JOURNAL).read_bytes(), (directory / DOCUMENT).read_bytes()
    cut = round(part * len(journal))
    (directory / JOURNAL).write_bytes(journal[:cut])
    (directory / DOCUMENT).write_bytes(document)
    # the checksum shows that an entry without the end of its line is complete
    durable = [snapshot for size, snapshot in zip(sizes, snapshots, strict=True) if size - 1 <= cut]
    assert read(directory, "shop-dev").records == (durable[-1] if durable else {})


def test_a_journal_of_an_older_document_is_not_applied_again(tmp_path: Path) -> None:
    state = State("shop-dev", serial=7)
    (tmp_path / JOURNAL).write_bytes(header(6, state.lineage) + b'{"drop":"vpc/main"}\n')
    state.records["vpc/main"] = record("vpc/main")
    assert replay(tmp_path / JOURNAL, state) is False
    assert list(state.records) == ["vpc/main"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is incomplete or not JSON"),
        ("[]", "not a state document"),
        ('{"schema": 1}', "lineage is missing"),
        (json.dumps(State("s").to_dict() | {"records": {"a/b": {"color": "red"}}}), "record of the state"),
    ],
)
def test_an_unreadable_document_is_refused_by_name(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / DOCUMENT).write_text(content)
    with pytest.raises(StateError, match=words) as caught:
        read(tmp_path, "shop-dev")
    assert str(tmp_path / DOCUMENT) in str(caught.value)
    assert (tmp_path / DOCUMENT).read_text() == content


def test_a_garbled_journal_line_is_refused_with_its_number(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
        with (tmp_path / JOURNAL).open("ab") as journal:
            journal.write(b"garbage\n")
        store.put(record("subnet/a"))
        with pytest.raises(StateError, match=r"state\.journal:3 is not a journal entry. Run `provision recover`"):
            read(tmp_path, "shop-dev")


def test_a_newer_schema_is_refused_and_names_its_writer(tmp_path: Path) -> None:
    (tmp_path / DOCUMENT).write_text(json.dumps({"schema": SCHEMA + 1, "writer": "provisioner 9.0"}))
    with pytest.raises(StateTooNew, match=r"provisioner 9\.0"):
        read(tmp_path, "shop-dev")


def test_an_older_schema_is_migrated_and_kept_beside(tmp_path: Path) -> None:
    old = as_schema_1(record("vpc/main"))
    assert migrate(old)[1] is True
    (tmp_path / DOCUMENT).write_text(json.dumps(old))
    with opened(tmp_path) as store:
        assert store.records == {"vpc/main": record("vpc/main")}
    written = json.loads((tmp_path / DOCUMENT).read_text())
    assert (written["schema"], [*written["records"]["vpc/main"]]) == (SCHEMA, [*record("vpc/main").row()])
    assert json.loads((tmp_path / "state.schema-1.json").read_text()) == old


def test_the_journal_of_an_older_schema_counts(tmp_path: Path) -> None:
    content = json.dumps(as_schema_1(record("vpc/main"))).encode()
    (tmp_path / DOCUMENT).write_bytes(content)
    head = header(7, "line", f"{crc32(content):08x}")
    later = replace(record("subnet/a"), dependencies=["vpc/main"])
    (tmp_path / JOURNAL).write_bytes(head + checked(encoded({"put": named_as_in_schema_1(vars(later))}), head))
    with opened(tmp_path) as store:
        assert store.records == {"vpc/main": record("vpc/main"), "subnet/a": later}


def test_a_record_with_a_former_and_a_present_name_is_refused(tmp_path: Path) -> None:
    document = as_schema_1(record("vpc/main"))
    document["records"]["vpc/main"]["type"] = "subnet"
    (tmp_path / DOCUMENT).write_text(json.dumps(document))
    with pytest.raises(StateError, match="'kind' is unknown"):
        read(tmp_path, "shop-dev")


@pytest.mark.parametrize("other", [("x", "1", "r"), ("shop-dev", "2", "r"), ("shop-dev", "1", "q")])
def test_a_state_of_another_stack_account_or_region_is_refused(other: tuple[str, str, str]) -> None:
    state = State("shop-dev")
    state.guard("shop-dev", "1", "r")
    with pytest.raises(ForeignState):
        state.guard(*other)


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    with opened(tmp_path / "new") as store:
        store.put(record("vpc/main"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def _try(directory: Path, answer: multiprocessing.Queue[str]) -> None:
    try:
        with LocalStore(directory, "shop-dev", "down", "1.0"):
            answer.put("opened")
    except StateLocked as error:
        answer.put(str(error))


def test_a_second_command_reads_who_is_at_work(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    with opened(tmp_path):
        other = context.Process(target=_try, args=(tmp_path, answer))
        other.start()
        message = answer.get(timeout=120)
        other.join()
    assert "`provision up`" in message
    assert "process" in message


@pytest.mark.parametrize("more", [0, 1, 100])
def test_a_full_disk_takes_nothing_more_and_loses_nothing(tmp_path: Path, more: int) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
        journal = tmp_path / JOURNAL
        full = files_no_longer_than(journal.stat().st_size + more)
        with full, pytest.raises(StateError, match=r"journal cannot be written: .*run the same command again"):
            store.put(record("subnet/a"))
        with pytest.raises(StateError, match="cannot be written"):
            store.drop("vpc/main")
        assert journal.read_bytes().endswith(b"\n")
        assert list(store.records) == list(read(tmp_path, "shop-dev").records) == ["vpc/main"]


def test_a_failed_write_leaves_the_former_document_and_journal(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
    with pytest.raises(StateError, match="cannot be written"), files_no_longer_than(600), opened(tmp_path) as store:
        store.put(record("subnet/a"))
    assert read(tmp_path, "shop-dev").records.keys() == {"vpc/main", "subnet/a"}
    with opened(tmp_path) as store:
        assert store.records.keys() == {"vpc/main", "subnet/a"}


def test_a_directory_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be written"), opened(tmp_path / "file" / "state"):
        pass


def test_a_command_that_waits_hears_of_each_holder_once() -> None:
    holders, told, tries = ["up by a", "up by a", "down by b"], list[str](), list[str]()

    def acquire() -> None:
        if holders:
            tries.append(holders[0])
            raise StateLocked(holders.pop(0))

    patiently(acquire, told.append, 0)
    assert told == [
        "waiting for the state lock, held by up by a",
        "waiting for the state lock, held by down by b",
    ]
    assert len(tries) == 3
    holders.append("up by c")
    with pytest.raises(StateLocked, match="up by c"):
        patiently(acquire, None, 0)


def test_what_a_lock_says_cannot_steer_a_terminal() -> None:
    said = describe(json.dumps({"user": "\x1b[2J", "host": "h", "pid": 1, "command": "up", "since": 0}).encode())
    assert "\x1b" not in said
    assert describe(b'{"since": 1e999}') == describe(b"[]") == describe(b"") == "an unknown holder"


@pytest.mark.parametrize(
    ("body", "age", "left"),
    [
        (b"{}\n", 0, 0),
        (b'{"machine": "far", "pid": 1, "lease": 60}', 10, 51),
        (b'{"machine": "far", "pid": 1, "lease": 60}', 62, -1),
        (b'{"machine": "far", "pid": 1, "lease": 1e9}', 0, LONGEST + 1),
        (b'{"machine": "far", "pid": 1, "lease": -5}', 0, 1),
        (b"not JSON", 0, LEASE + 1),
        (b"[1]", 0, LEASE + 1),
    ],
)
def test_a_lease_runs_out_whatever_it_says(body: bytes, age: float, left: float) -> None:
    assert remaining(StoredObject(body, "", {}, age)) == left


def test_the_lease_of_a_dead_process_here_has_run_out() -> None:
    gone = subprocess.Popen(["true"])
    holder = {"machine": MACHINE.machine(), "lease": 60, "pid": gone.pid}
    gone.wait()
    assert remaining(StoredObject(json.dumps(holder).encode(), "", {}, 0)) == 0
    assert remaining(StoredObject(json.dumps(holder | {"pid": os.getpid()}).encode(), "", {}, 0)) == 61


SYSCTL = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_size_t),
    ctypes.c_void_p,
    ctypes.c_size_t,
)


def c_library(session: bytes) -> Any:
    """Return a stand-in for macOS's C library that answers the one question to its kernel (sysctl(3))."""

    def sysctlbyname(name: bytes, old: int, size: Any, _new: int, _new_size: int) -> int:
        if name != b"kern.bootsessionuuid" or size.contents.value < len(session) + 1:
            return -1
        ctypes.memmove(old, session + b"\0", len(session) + 1)
        size.contents.value = len(session) + 1
        return 0

    return SimpleNamespace(sysctlbyname=SYSCTL(sysctlbyname))


def without_proc(monkeypatch: pytest.MonkeyPatch) -> subprocess.Popen[bytes]:
    """Take /proc away, and return a process that has ended."""
    gone = subprocess.Popen(["true"])
    gone.wait()

    def missing(path: Path, *_: object, **__: object) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(Path, "readlink", missing)
    return gone


def test_a_macos_boot_tells_machines_of_one_name_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = without_proc(monkeypatch)
    here = "5E6FFEBE-0000-4000-8000-000000000001"
    monkeypatch.setattr(ctypes, "CDLL", lambda _: c_library(here.encode()))
    assert MACHINE.machine() == f"{os.uname().nodename} {here}"
    holder = {"machine": MACHINE.machine(), "lease": 60, "pid": gone.pid}
    assert remaining(StoredObject(json.dumps(holder).encode(), "", {}, 0)) == 0
    monkeypatch.setattr(ctypes, "CDLL", lambda _: c_library(b"EA5FEA49-0000-4000-8000-000000000002"))
    assert remaining(StoredObject(json.dumps(holder).encode(), "", {}, 0)) == 61
    monkeypatch.setattr(ctypes, "CDLL", lambda _: c_library(b"x" * 64))
    assert MACHINE.machine() == "", "an answer that does not fit is none"


def test_a_name_alone_does_not_say_that_a_holder_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc, nothing tells this machine from another of its name, whose processes have numbers of their own."""
    gone = without_proc(monkeypatch)
    for name in ("", os.uname().nodename):
        holder = {"machine": name, "lease": 60, "pid": gone.pid}
        assert remaining(StoredObject(json.dumps(holder).encode(), "", {}, 0)) == 61
