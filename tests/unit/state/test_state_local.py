"""The state on this machine: recorded values can be read again, and foreign files are never mixed in."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.operations.state_admin.set_aside import in_directory
from provisioner.state.checks import DEPTH
from provisioner.state.disk import MachineDisk
from provisioner.state.journal import checked, encoded, header
from provisioner.state.local import DOCUMENT, JOURNAL, LOCK, READINGS, LocalStore, read
from provisioner.state.lock import Lock, holder
from provisioner.state.model import Run, Span, State, StateError, StateLocked
from tests.jumping import Jumping
from tests.unit.state.test_state import files_no_longer_than, opened, record

NAME = "shop-dev"


def nested(depth: int) -> Any:
    return [] if depth == 1 else [nested(depth - 1)]


# -- unreadable values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"id": "x" * 2049}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"token": "\ud800"}, "token"),
        ({"phase": "gone"}, "phase"),
        ({"created": 2.0**53}, "created"),
        ({"dependencies": ["vpc/main", 1]}, "dependencies"),
        ({"arguments": {"name": "\ud800"}}, "arguments"),
        ({"arguments": {"size": float("nan")}}, "arguments"),
        ({"outputs": {"size": float("inf")}}, "outputs"),
        ({"outputs": {"tags": {1: "a"}}}, "outputs"),
        ({"outputs": {"tags": {"a"}}}, "outputs"),
        # in the document a record is two levels deeper, and the part one more
        ({"arguments": {"deep": nested(DEPTH - 4)}}, "arguments"),
    ],
)
def test_a_record_that_could_not_be_read_again_is_refused(tmp_path: Path, changed: dict[str, Any], part: str) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
        before = (tmp_path / JOURNAL).read_bytes()
        with pytest.raises(StateError, match=f"'subnet/a' is not recorded.*: {part}"):
            store.put(replace(record("subnet/a"), **changed))
        assert (tmp_path / JOURNAL).read_bytes() == before
        assert list(store.records) == ["vpc/main"]
        store.put(record("subnet/b"))
    assert list(read(tmp_path, NAME).records) == ["subnet/b", "vpc/main"]


@pytest.mark.parametrize("arguments", [{"ports": (80, (443,))}, {"deep": nested(DEPTH - 5)}, {"name": "\U0001f600 é"}])
def test_what_json_gives_back_is_recorded(tmp_path: Path, arguments: dict[str, Any]) -> None:
    with opened(tmp_path) as store:
        store.put(replace(record("vpc/main"), arguments=arguments))
        journalled = read(tmp_path, NAME).records
    assert journalled == read(tmp_path, NAME).records
    assert journalled["vpc/main"].arguments == json.loads(json.dumps(arguments))


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.put(record("vpc/\ud800")),
        lambda store: store.drop("vpc/\ud800"),
        lambda store: store.finish(Run("up\n", 1.0, 2.0, "ok")),
        lambda store: store.finish(Run("up", 1.0, float("nan"), "ok")),
        lambda store: store.finish(Run("up", 1.0, 2.0, "ok", {"created": -1})),
        lambda store: store.finish(Run("up", 1.0, 2.0, "ok", {}, [Span("vpc/main", "s", "created", -1.0)])),
        lambda store: store.guard(NAME, "1\n", "r"),
        lambda store: store.swap(State(NAME, records={"vpc/main": record("vpc/main", "x" * 2049)}), "pushed"),
        lambda store: store.swap(State(NAME, history=[Run("up", 1.0, float("inf"), "ok")]), "pushed"),
    ],
)
def test_an_act_that_could_not_be_read_again_is_not_recorded(
    tmp_path: Path, act: Callable[[LocalStore], object]
) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
        with pytest.raises(StateError, match="is not recorded, because it could not be read again"):
            act(store)
    assert read(tmp_path, NAME).records["vpc/main"].id == "id-1"
    assert read(tmp_path, NAME).account == ""


# -- a record a line -------------------------------------------------------------------------------------------------


def test_a_document_is_read_alike_in_any_json_form(tmp_path: Path) -> None:
    names = [f"vpc/{number}" for number in range(2500)]
    with opened(tmp_path) as store:
        records = {name: record(name, f"é\U0001f600-{name}") for name in names}
        store.swap(State(NAME, "1", "r", records=records, history=[Run("up", 1.0, 2.0, "ok")]), "pushed")
    written = (tmp_path / DOCUMENT).read_bytes()
    assert sum(line.startswith(b'"vpc/') for line in written.splitlines()) == len(names)
    state = read(tmp_path, NAME)
    assert state.records == records
    for form in (json.dumps(json.loads(written), indent=2), json.dumps(json.loads(written))):
        (tmp_path / DOCUMENT).write_text(form)
        assert read(tmp_path, NAME) == state
    with opened(tmp_path) as store:
        store.drop("vpc/none")
    assert (tmp_path / DOCUMENT).read_bytes() == written.replace(b'"serial": 2', b'"serial": 3')


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"10.0.0.0/16"', "[" * 70 + "]" * 70, "nested too deeply"),
        ('"10.0.0.0/16"', '{"x": {},\n"y": ' * 70 + "1" + "}" * 70, "nested too deeply"),
        ('"10.0.0.0/16"', "NaN", "NaN is not a number"),
        ('"10.0.0.0/16"', "1e999", "a number is infinite"),
        ('"10.0.0.0/16"', '"\\ud800"', "unpaired surrogate"),
        ('"10.0.0.0/16"', '"10', r"is incomplete or not JSON .* line 10 "),
        ('"id-1"', '"a\\nb"', "id has an invalid value"),
        ('"id-1"', "{}", "id has an invalid value"),
        ('"dependencies": []', '"dependencies": {}', "dependencies has an invalid value"),
        ('"phase": "ready"', '"phase": []', "phase has an invalid value"),
        ('"token": "token"', '"tokens": "token"', "token is missing"),
        ('"vpc/main"', '""', "address has an invalid value"),
        ('{"type"', '[], "x": {"type"', "not a JSON object"),
    ],
)
def test_a_document_of_one_record_a_line_is_checked_alike(tmp_path: Path, old: str, new: str, words: str) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
    written = (tmp_path / DOCUMENT).read_text()
    assert old in written
    (tmp_path / DOCUMENT).write_text(written.replace(old, new))
    with pytest.raises(StateError, match=words):
        read(tmp_path, NAME)


# -- a reader beside a writer ----------------------------------------------------------------------------------------


class Busy(MachineDisk):
    """A disk on which others work while a file is opened to be read: so many times, between document and journal."""

    def __init__(self, work: Callable[[], None], times: int) -> None:
        self.work, self.left = work, times

    def open(self, path: Path, flags: int) -> int:
        if path.name == JOURNAL and flags == os.O_RDONLY and self.left:
            self.left -= 1
            self.work()
        return super().open(path, flags)


def test_a_reader_between_two_files_does_not_go_back_in_time(tmp_path: Path) -> None:
    store = opened(tmp_path).__enter__()
    store.put(record("vpc/main"))
    state = read(tmp_path, NAME, Busy(store.__exit__, 1))
    assert list(state.records) == ["vpc/main"]


def test_a_reader_gives_up_if_the_document_changes_all_the_time(tmp_path: Path) -> None:
    def work() -> None:
        with opened(tmp_path) as store:
            store.put(record("vpc/main"))

    work()
    with pytest.raises(StateError, match=r"keeps changing while it is read\. Run the same command again"):
        read(tmp_path, NAME, Busy(work, READINGS))
    assert list(read(tmp_path, NAME, Busy(work, READINGS - 1)).records) == ["vpc/main"]


# -- a journal that does not belong to the document ------------------------------------------------------------------


def journal(directory: Path, serial: int, lineage: str, *addresses: str) -> None:
    """Write a journal as a command that was killed leaves it."""
    head = header(serial, lineage)
    lines = [checked(encoded({"put": vars(record(address))}), head) for address in addresses]
    (directory / JOURNAL).write_bytes(head + b"".join(lines))


@pytest.fixture
def state(tmp_path: Path) -> State:
    """Return the state of a directory with one record."""
    with opened(tmp_path) as store:
        store.guard(NAME, "123456789012", "ap-northeast-1")
        store.put(record("vpc/main"))
    return read(tmp_path, NAME)


@pytest.mark.parametrize(
    ("newer", "lineage", "document", "words"),
    [
        (0, "f" * 32, True, "belongs to another document, of another lineage. Restore that one"),
        (-1, "f" * 32, True, "belongs to another document, of another lineage. Restore that one"),
        (4, "", True, r"it is older \(serial 3\) than the document of state.journal \(serial 7\)"),
        (0, "", False, "it is missing, but state.journal has changes made after it. Restore it"),
    ],
)
def test_another_documents_journal_is_refused_and_moved_aside(
    tmp_path: Path, state: State, newer: int, lineage: str, document: bool, words: str
) -> None:
    journal(tmp_path, state.serial + newer, lineage or state.lineage, "subnet/a")
    whole = (tmp_path / JOURNAL).read_bytes()
    if not document:
        (tmp_path / DOCUMENT).unlink()
    with pytest.raises(StateError, match=f"{words}.* or run `provision recover`"):
        read(tmp_path, NAME)
    with pytest.raises(StateError, match=words), opened(tmp_path):
        pass
    assert (tmp_path / JOURNAL).read_bytes() == whole
    (moved,) = in_directory(tmp_path, NAME)
    assert Path(moved).read_bytes() == whole
    with opened(tmp_path) as store:
        assert list(store.records) == (["vpc/main"] if document else [])


def test_another_documents_journal_of_our_serial_is_refused(tmp_path: Path, state: State) -> None:
    whole = (tmp_path / DOCUMENT).read_bytes()
    store = opened(tmp_path).__enter__()
    store.put(record("subnet/a"))
    (tmp_path / DOCUMENT).write_bytes(whole.replace(b"id-1", b"id-2"))
    with pytest.raises(StateError, match=r"belongs to another document of the same serial.*`provision recover`"):
        read(tmp_path, NAME)
    (tmp_path / DOCUMENT).write_bytes(whole)
    assert list(read(tmp_path, NAME).records) == ["vpc/main", "subnet/a"]
    store.__exit__()


@pytest.mark.parametrize(("newer", "lineage"), [(0, "f" * 32), (4, "")])
def test_a_journal_in_which_nothing_is_belongs_to_any_document(
    tmp_path: Path, state: State, newer: int, lineage: str
) -> None:
    journal(tmp_path, state.serial + newer, lineage or state.lineage)
    with opened(tmp_path) as store:
        assert list(store.records) == ["vpc/main"]


def test_a_journal_without_lineage_and_checksums_is_read(tmp_path: Path, state: State) -> None:
    entries = [{"base": state.serial}, {"put": vars(record("subnet/a"))}, {"drop": "vpc/main"}]
    (tmp_path / JOURNAL).write_text("".join(json.dumps(entry) + "\n" for entry in entries) + '{"put": {"addr')
    assert list(read(tmp_path, NAME).records) == ["subnet/a"]
    (tmp_path / JOURNAL).write_text((tmp_path / JOURNAL).read_text().replace('{"base": 3}', '{"base": 9}'))
    with pytest.raises(StateError, match="it is older"):
        read(tmp_path, NAME)


# -- after a crash or a person's change ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tail",
    [b"\0" * 300, b"\0" * 300 + b"\n", b"xx\n\nxx\n", b"\0" * 20 + b'ame":"x"},"check":"00000000"}\n', b'{"put":{}}\n'],
    ids=["NUL", "NUL and end", "lines", "front", "old line"],
)
def test_what_a_crash_leaves_of_the_last_entry_is_dropped(tmp_path: Path, state: State, tail: bytes) -> None:
    journal(tmp_path, state.serial, state.lineage, "subnet/a", "subnet/b")
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(tail)
    with opened(tmp_path) as store:
        assert list(store.records) == ["vpc/main", "subnet/a", "subnet/b"]


def test_an_entry_that_was_damaged_later_is_refused(tmp_path: Path, state: State) -> None:
    journal(tmp_path, state.serial, state.lineage, "subnet/a", "subnet/b")
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole.replace(b"subnet/a", b"subnet/x"))
    with pytest.raises(StateError, match=r"state\.journal:2 is not a journal entry. Run `provision recover`"):
        read(tmp_path, NAME)


def test_an_entry_of_another_journal_counts_as_none(tmp_path: Path, state: State) -> None:
    journal(tmp_path, state.serial - 1, state.lineage, "subnet/stale")
    stale = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)[1]
    journal(tmp_path, state.serial, state.lineage, "subnet/a")
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(stale)
    assert list(read(tmp_path, NAME).records) == ["vpc/main", "subnet/a"]


def test_a_deleted_lock_keeps_others_out_and_stops_its_holder(tmp_path: Path) -> None:
    store = opened(tmp_path).__enter__()
    store.put(record("vpc/main"))
    (tmp_path / LOCK).unlink()
    with pytest.raises(StateLocked), opened(tmp_path):
        pass
    with pytest.raises(StateError, match="was deleted or replaced during this command"):
        store.put(record("subnet/a"))
    with pytest.raises(StateError, match="was deleted or replaced"):
        store.__exit__()
    with opened(tmp_path) as store:
        assert "vpc/main" in store.records


def test_a_lock_deleted_while_it_is_taken_is_taken_anew(tmp_path: Path) -> None:
    """A person deletes it between opening and locking: another command would create and take a new one."""

    class Deleting(MachineDisk):
        def lock(self, file: int) -> None:
            super().lock(file)
            if not deleted and stat.S_ISREG(os.fstat(file).st_mode):
                deleted.append(file)
                (tmp_path / LOCK).unlink()

    deleted: list[int] = []
    lock = Lock(tmp_path / LOCK, "up", disk=Deleting())
    lock.acquire()
    assert deleted
    assert lock.held()
    assert holder(tmp_path / LOCK).startswith("`provision up` by")
    lock.release()


@pytest.mark.parametrize("again", [False, True], ids=["gone", "replaced"])
def test_nothing_is_durable_in_a_deleted_directory(tmp_path: Path, again: bool) -> None:
    directory = tmp_path / "state"
    store = opened(directory).__enter__()
    store.put(record("vpc/main"))
    shutil.rmtree(directory)
    if again:
        with opened(directory) as other:
            other.put(record("vpc/other"))
    with pytest.raises(StateError, match=r"another file was put|No such file"):
        store.put(record("subnet/a"))
    with pytest.raises(StateError):
        store.__exit__()
    assert list(read(directory, NAME).records) == (["vpc/other"] if again else [])


def test_a_deleted_journal_takes_nothing_more_and_loses_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.put(record("vpc/main"))
        (tmp_path / JOURNAL).unlink()
        for _ in range(2):
            with pytest.raises(StateError, match="journal cannot be written"):
                store.put(record("subnet/a"))
    assert list(read(tmp_path, NAME).records) == ["vpc/main"]


def test_a_lock_that_could_not_be_written_is_not_kept(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    store = opened(tmp_path)
    with files_no_longer_than(0), pytest.raises(StateError, match="cannot be written"):
        store.__enter__()
    with opened(tmp_path) as other:
        other.put(record("vpc/main"))


class Wavering(Jumping):
    """A clock beside a calendar that somebody sets."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


@pytest.mark.parametrize("ahead", [60.0, -3600.0])
def test_a_records_age_goes_by_the_clock_of_the_run(tmp_path: Path, ahead: float) -> None:
    with LocalStore(tmp_path, NAME, "up", "1.0", runtime=(before := Wavering())) as store:
        before.ahead = 7200.0
        store.put(record("vpc/main"))
    clock = Wavering()
    waiting = LocalStore(tmp_path, NAME, "up", "1.0", runtime=clock)
    clock.sleep(600)
    with waiting as store:
        # the former holder may have written the whole state a moment ago
        assert (store.age("vpc/main"), store.age()) == (0.0, 0.0)
        clock.sleep(10)
        store.put(record("subnet/a"))
        clock.ahead = ahead
        clock.sleep(5)
        assert (store.age("subnet/a"), store.age("vpc/main"), store.age()) == (5.0, 15.0, 15.0)


class Failing(MachineDisk):
    """A disk on which the sync of a directory fails, at its nth time."""

    def __init__(self, at: int) -> None:
        self.left = at

    def sync(self, file: int) -> None:
        self.left -= stat.S_ISDIR(os.fstat(file).st_mode)
        if not self.left:
            self.left = -1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(file)


def test_a_document_that_may_not_be_durable_ends_all_writes(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    disk = Failing(3)
    with LocalStore(tmp_path, NAME, "up", "1.0", disk=disk) as store:
        with pytest.raises(StateError, match="cannot be written"):
            store.guard(NAME, "1", "r")
        # the document there has a higher serial: entries in the journal of the former one would be lost
        with pytest.raises(StateError, match="cannot be written"):
            store.put(record("vpc/main"))
        assert (store.state.account, store.records) == ("", {})
    assert read(tmp_path, NAME).account == ""
