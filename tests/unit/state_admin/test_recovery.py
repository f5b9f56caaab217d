"""`recover` on scripted readings, `state rm` and `mv`, and broken states: no call is made."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import ApiError
from provisioner.engine.declaration import Handle
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import RESOURCE_TYPES, Observed, Resource
from provisioner.engine.resource_types import all_types
from provisioner.operations.state_admin import edit, recovery
from provisioner.operations.state_admin.set_aside import in_directory
from provisioner.render import recovered as show
from provisioner.state.disk import MachineDisk
from provisioner.state.local import LocalStore, read
from provisioner.state.model import Record, StateLocked, StateTooNew, StateUnavailable
from provisioner.steps.stack import Stack
from tests.ways import way

READINGS: list[dict[str, list[Observed]]] = []
"""AWS's lists by resource type: at the first reading, at the second, and so on; the last one is repeated."""


def listed(type_name: str) -> list[Observed]:
    return READINGS[0].get(type_name, [])


@dataclass(frozen=True)
class Box(Resource):
    """A resource type whose resources the test writes down."""

    label: str = ""
    inside: str | None = None

    type_name: ClassVar[str] = "box"
    service: ClassVar[str] = "scripted"
    identity: ClassVar[Sequence[str]] = ("label",)
    outputs: ClassVar[Sequence[str]] = ("arn",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        assert aws.reads_only
        return listed(cls.type_name)


class Shelf(Box):
    """A type that boxes depend on."""

    type_name: ClassVar[str] = "shelf"


class Lid(Box):
    """A part: it has no tags, and others may add their own."""

    type_name: ClassVar[str] = "lid"
    has_parent: ClassVar[bool] = True


class Room(Box):
    """A type that AWS creates by itself."""

    type_name: ClassVar[str] = "room"
    created_by_aws: ClassVar[bool] = True


@dataclass(frozen=True)
class Safe(Box):
    """A type whose protection is only in its record: AWS does not show it."""

    guarded: bool = False

    type_name: ClassVar[str] = "safe"
    protection: ClassVar[str] = "guarded"


class Law(Box):
    """A type that is used, and never deleted."""

    type_name: ClassVar[str] = "law"
    retained: ClassVar[bool] = True


MINE = (Shelf, Box, Lid, Room, Safe, Law)


@pytest.fixture(autouse=True)
def only_mine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Replace all resource types by the test's own."""
    READINGS.clear()
    kept = dict(all_types())
    RESOURCE_TYPES.clear()
    RESOURCE_TYPES.update({resource_type.type_name: resource_type for resource_type in MINE})
    yield
    RESOURCE_TYPES.clear()
    RESOURCE_TYPES.update(kept)


for resource_type in MINE:
    RESOURCE_TYPES.pop(resource_type.type_name)


@pytest.fixture
def stack() -> Stack:
    return Stack(cast("Any", None), cast("Any", None), _step="boxes")


@dataclass
class Told:
    """A search with its messages; the next reading comes with the wait."""

    records: dict[str, Record] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def search(self, stack: Stack) -> recovery.Recovery:
        aws = way(project="p", env="e")
        return recovery.search(aws, self.records, stack.declared, self.report)

    def report(self, text: str) -> None:
        self.told.append(text)
        if len(READINGS) > 1:
            READINGS.pop(0)


def live(address: str, *, tagged: bool = True, **more: Any) -> Observed:
    type_name, _, name = address.partition("/")
    options = {key: more.pop(key) for key in ("owned", "deleting", "status", "id") if key in more}
    name_of_aws = options.pop("id", f"{type_name}-{name:0>8}")
    attributes = {"label": name, "inside": None} | more
    return Observed(
        name_of_aws, attributes, {"arn": f"arn:{name_of_aws}"}, address=address if tagged else None, **options
    )


def former(address: str, id: str, label: str = "") -> Record:
    """Return a record of an old state."""
    type_name, _, name = address.partition("/")
    return Record(address, type_name, "ready", "", id, {"label": label or name}, created=5.0)


def reading(*lives: tuple[str, Observed]) -> None:
    """Add a reading."""
    type_names: dict[str, list[Observed]] = {}
    for type_name, shown in lives:
        type_names.setdefault(type_name, []).append(shown)
    READINGS.append(type_names)


def box(stack: Stack, name: str, resource_type: type[Box] = Box, **wanted: Any) -> Handle:
    return stack.ensure(resource_type(name, **({"label": name} | wanted)))


def records(found: recovery.Recovery) -> dict[str, Record]:
    return {item.record.address: item.record for item in found.found}


# -- searching ------------------------------------------------------------------------------------------------------


def test_what_is_declared_is_recorded_as_up_would(stack: Stack) -> None:
    shelf = box(stack, "s", Shelf)
    box(stack, "a", inside=shelf.id)
    box(stack, "room", Room)
    inside = live("shelf/s").id
    reading(("shelf", live("shelf/s")), ("box", live("box/a", tagged=False, inside=inside)))
    searched = Told()
    found = searched.search(stack)
    assert searched.told == []
    assert {item.record.address: (item.found_by, item.declared) for item in found.found} == {
        "shelf/s": ("tag", True),
        "box/a": ("name", True),
        "room/room": ("part", True),
    }
    one = records(found)["box/a"]
    assert (one.id, one.phase, one.dependencies, one.step) == ("box-0000000a", "ready", ["shelf/s"], "boxes")
    assert one.arguments == {"label": "a", "inside": inside}
    assert one.outputs == {"arn": "arn:box-0000000a"}


def test_a_missing_resource_is_looked_for_when_lists_settled(stack: Stack) -> None:
    box(stack, "late")
    box(stack, "early")
    box(stack, "never")
    reading(("box", live("box/early")))
    reading(("box", live("box/late")))
    searched = Told()
    found = searched.search(stack)
    assert searched.told == ["2 of 3 not found: checking again in 30 s, because lists may lag"]
    assert records(found).keys() == {"box/late", "box/early"}
    assert found.missing == ["box/never"]


def test_what_differs_or_is_going_is_recorded_as_not_ready(stack: Stack) -> None:
    box(stack, "a", inside="elsewhere")
    box(stack, "b")
    reading(("box", live("box/a")), ("box", live("box/b", deleting=True)))
    found = records(Told().search(stack))
    assert (found["box/a"].phase, found["box/b"].phase) == ("created", "deleting")


def test_a_lost_resources_record_goes_and_a_wrong_id_is_mended(stack: Stack) -> None:
    box(stack, "a")
    reading(("box", live("box/a")))
    old = [former("box/a", "box-of-old"), former("box/gone", "box-gone"), former("box/same", "box-0000000a", label="a")]
    found = Told({record.address: record for record in old}).search(stack)
    assert {address: record.id for address, record in records(found).items()} == {"box/a": "box-0000000a"}
    assert found.dropped == ["box/gone", "box/same"]


def test_the_time_of_creation_is_kept_for_the_same_resource(stack: Stack) -> None:
    box(stack, "a")
    reading(("box", live("box/a")))
    found = Told({"box/a": former("box/a", "box-0000000a")}).search(stack)
    assert records(found)["box/a"].created == 5.0


def test_what_stands_in_the_way_is_reported_and_not_recorded(stack: Stack) -> None:
    box(stack, "foreign")
    box(stack, "twice")
    reading(
        ("box", live("box/foreign", tagged=False, owned=False)),
        ("box", live("box/twice", id="box-1", label="x")),
        ("box", live("box/twice", id="box-2", label="y")),
    )
    found = Told().search(stack)
    assert found.found == []
    assert "provision import box/foreign" in found.refused["box/foreign"]
    assert "box-1, box-2 have the same address tag" in found.refused["box/twice"]


def test_a_second_resource_of_a_recorded_address_is_reported(stack: Stack) -> None:
    box(stack, "a")
    reading(("box", live("box/a")), ("box", live("box/a", id="box-2", label="other")))
    found = Told({"box/a": former("box/a", "box-0000000a")}).search(stack)
    assert records(found).keys() == {"box/a"}
    assert "another resource has the same address tag" in found.refused["box/a (box-2)"]


def test_what_aws_keeps_by_itself_makes_no_stack(stack: Stack) -> None:
    box(stack, "a")
    box(stack, "room", Room)
    box(stack, "law", Law)
    reading(("law", live("law/law", tagged=False)))
    found = Told().search(stack)
    assert found.found == []
    assert found.missing == ["box/a"]
    told = [*show.lines(found, "p-e", "account 1")]
    assert told[0] == "No resources of p-e found in account 1: the state is empty."


def test_aws_made_nothing_for_what_is_not_there(stack: Stack) -> None:
    shelf = box(stack, "s", Shelf)
    box(stack, "a")
    box(stack, "room", Room, inside=shelf.id)
    reading(("box", live("box/a")))
    found = Told().search(stack)
    assert records(found).keys() == {"box/a"}
    assert found.missing == ["shelf/s"]
    # it may be a remainder, and `down` has to find it
    READINGS.clear()
    reading(("box", live("box/a")), ("room", live("room/room", tagged=False)))
    assert records(Told().search(stack)).keys() == {"box/a", "room/room"}


def test_a_read_that_is_refused_ends_it(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Iterable[Observed]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListBoxes")

    reading()
    monkeypatch.setattr(Box, "list", refuse)
    with pytest.raises(ApiError, match="ListBoxes was refused"):
        Told().search(stack)


# -- orphaned resources ----------------------------------------------------------------------------------------------


def test_an_undeclared_resource_goes_before_what_it_needs(stack: Stack) -> None:
    shelf = box(stack, "s", Shelf)
    box(stack, "a", inside=shelf.id)
    reading(
        ("shelf", live("shelf/s")),
        ("shelf", live("shelf/old")),
        ("box", live("box/a", inside=live("shelf/s").id)),
        ("box", live("box/named", inside=live("shelf/old").id)),
        ("box", live("box/silent")),
    )
    found = records(Told().search(stack))
    assert found["box/named"].dependencies == ["shelf/old"], "what it names"
    assert set(found["box/silent"].dependencies) == {"shelf/s", "shelf/old"}, "all that its like are built on"
    assert found["shelf/old"].dependencies == []
    assert {found[a].step for a in ("box/named", "shelf/old")} == {"boxes"}
    assert found["box/named"].arguments == {"label": "named", "inside": live("shelf/old").id}


def test_resources_that_name_each_other_do_not_wait(stack: Stack) -> None:
    shelf = box(stack, "s", Shelf)
    box(stack, "a", inside=shelf.id)
    ring = ["x", "y", "z"]
    reading(
        ("shelf", live("shelf/s")),
        ("box", live("box/a")),
        *(("box", live(f"box/{n}", inside=live(f"box/{ring[i - 1]}").id)) for i, n in enumerate(ring)),
    )
    found = records(Told().search(stack))
    chain = {name: [need for need in found[f"box/{name}"].dependencies if need.startswith("box/")] for name in ring}
    assert sum(map(len, chain.values())) == 2, chain


def test_an_undeclared_records_needs_are_kept(stack: Stack) -> None:
    box(stack, "s", Shelf)
    reading(("shelf", live("shelf/s")), ("box", live("box/old")))
    old = Record("box/old", "box", "ready", "", "box-00000old", {"label": "old"}, {}, ["shelf/s"], "attic")
    found = records(Told({"box/old": old}).search(stack))["box/old"]
    assert (found.dependencies, found.step) == (["shelf/s"], "attic")


@pytest.mark.parametrize("guarded", [True, False])
def test_a_protection_that_aws_does_not_show_is_kept(stack: Stack, guarded: bool) -> None:
    """Otherwise the next `up` would delete a protected orphaned resource."""
    reading(("safe", live("safe/old")))
    old = Record("safe/old", "safe", "ready", "", "safe-00000old", {"label": "old", "guarded": guarded})
    assert records(Told({"safe/old": old}).search(stack))["safe/old"].arguments["guarded"] is guarded


@pytest.mark.parametrize("guarded", [True, False])
def test_without_a_record_what_is_protected_follows_the_stack(stack: Stack, guarded: bool) -> None:
    stack.ensure(Safe("a", label="a", guarded=guarded))
    reading(("safe", live("safe/a")), ("safe", live("safe/old")))
    assert records(Told().search(stack))["safe/old"].arguments["guarded"] is guarded


def test_an_undeclared_part_is_ours_only_with_its_whole(stack: Stack) -> None:
    box(stack, "a")
    reading(
        ("box", live("box/a")),
        ("box", live("box/old")),
        ("lid", live("lid/1", tagged=False, inside=live("box/old").id)),
        ("lid", live("lid/2", tagged=False, inside="arn:lid-00000001")),
        ("lid", live("lid/3", tagged=False, inside=live("box/a").id)),
    )
    found = Told().search(stack)
    orphans = {item.record.address: item.record.id for item in found.found if not item.declared}
    assert orphans == {"box/old": "box-00000old", "lid/old": "lid-00000001", "lid/old-2": "lid-00000002"}
    assert records(found)["lid/old-2"].dependencies == ["lid/old"]
    assert found.added_by_others == ["lid lid-00000003"]


# -- showing ---------------------------------------------------------------------------------------------------------


def test_it_prints_what_was_found_and_what_to_do(stack: Stack) -> None:
    box(stack, "a")
    box(stack, "b")
    reading(("box", live("box/a")), ("box", live("box/old")))
    found = Told({"box/gone": former("box/gone", "box-gone")}).search(stack)
    assert [*show.lines(found, "p-e", "account 1")] == [
        "Resources of p-e found in account 1:",
        "address  found by  id",
        "box/a    tag       box-0000000a",
        "box/old  tag       box-00000old  (no longer declared)",
        "2 records: 2 by tag.",
        "Declared but not found, to be created by `up`: box/b.",
        "Recorded but not found, removed from the state: box/gone.",
    ]
    assert [*show.after(found, ["state.old"], lambda command: f"`provision {command}`")] == [
        "Backup of the previous state: state.old",
        "State saved. Review it: `provision plan`. Then run `provision up` or `provision down`.",
    ]


# -- a broken state --------------------------------------------------------------------------------------------------


def store(directory: Path) -> LocalStore:
    return LocalStore(directory, "p-e", "test", "0")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a state of two records, where one depends on the other."""
    with store(tmp_path) as opened:
        opened.guard("p-e", "1", "r")
        opened.put(Record("shelf/s", "shelf", "ready", "", "shelf-s", {"label": "s", "inside": None}))
        opened.put(Record("box/a", "box", "ready", "", "box-a", {"label": "a", "inside": None}, {}, ["shelf/s"]))
    return tmp_path


def test_a_sound_state_stays_where_it_is(directory: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in directory.iterdir())
    assert in_directory(directory, "p-e") == []
    assert in_directory(tmp_path / "none", "p-e") == []
    assert sorted(path.name for path in directory.iterdir()) == before


@pytest.mark.parametrize("size", [0, 1, 20, 300, -2])
def test_a_document_that_is_cut_off_is_moved_aside_whole(directory: Path, size: int) -> None:
    cut = (directory / "state.json").read_bytes()[:size]
    (directory / "state.json").write_bytes(cut)
    moved = in_directory(directory, "p-e")
    assert [Path(path).suffix for path in moved] == [".journal", ".json"]
    assert Path(moved[1]).read_bytes() == cut
    assert read(directory, "p-e").records == {}


def test_two_within_one_second_keep_two_backups(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "20270115T080000Z")
    moved = []
    for broken in (b"{", b"{again"):
        (directory / "state.json").write_bytes(broken)
        moved.append(Path(in_directory(directory, "p-e")[-1]))
    assert [path.read_bytes() for path in moved] == [b"{", b"{again"]


def test_of_a_broken_journal_the_document_stays(directory: Path) -> None:
    serial = read(directory, "p-e").serial
    (directory / "state.journal").write_bytes(b'{"base":%d}\n{"put":\n{}\n' % serial)
    (moved,) = in_directory(directory, "p-e")
    assert Path(moved).suffix == ".journal"
    assert read(directory, "p-e").records.keys() == {"shelf/s", "box/a"}


def test_a_state_that_makes_no_sense_is_broken_too(directory: Path) -> None:
    with store(directory) as opened:
        opened.put(Record("shelf/s", "shelf", "ready", "", "shelf-s", {"label": "s"}, {}, ["box/a"]))
    assert len(in_directory(directory, "p-e")) == 2


def test_what_is_locked_or_newer_is_not_moved(directory: Path) -> None:
    with store(directory), pytest.raises(StateLocked):
        in_directory(directory, "p-e")
    (directory / "state.json").write_text('{"schema": 99}')
    with pytest.raises(StateTooNew):
        in_directory(directory, "p-e")
    assert (directory / "state.json").exists()


class Failing(MachineDisk):
    """A disk that gives nothing back."""

    def read(self, file: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_what_cannot_be_read_now_is_not_moved(directory: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(StateUnavailable, match="cannot be read: Input/output error"):
        in_directory(directory, "p-e", disk=Failing())
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


# -- rm and mv -------------------------------------------------------------------------------------------------------


def test_a_renamed_record_keeps_all_and_its_dependents_follow(directory: Path) -> None:
    with store(directory) as opened:
        assert edit.rename(opened, "shelf/s", "shelf/t") == ["box/a"]
    found = read(directory, "p-e").records
    assert found.keys() == {"shelf/t", "box/a"}
    assert (found["shelf/t"].id, found["box/a"].dependencies) == ("shelf-s", ["shelf/t"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("shelf/x", "shelf/t", "did you mean shelf/u or shelf/s"),
        ("shelf/s", "box/t", "write shelf/NAME"),
        ("shelf/s", "shelf/a b", "write shelf/NAME"),
        ("shelf/s", "shelf/../x", "write shelf/NAME"),
        ("shelf/s", "shelf/u", "shelf/u is already in the state"),
        ("shelf/s", "shelf/s", "shelf/s has that address already"),
    ],
)
def test_a_record_is_not_renamed_to_what_cannot_be(directory: Path, old: str, new: str, words: str) -> None:
    with store(directory) as opened:
        opened.put(Record("shelf/u", "shelf", "ready", "", "shelf-u"))
        before = dict(opened.records)
        with pytest.raises(ConfigurationError, match=words):
            edit.rename(opened, old, new)
        assert opened.records == before


def test_what_others_need_is_forgotten_only_by_force(directory: Path) -> None:
    with store(directory) as opened:
        with pytest.raises(ConfigurationError, match=r"shelf/s is a dependency of box/a.*--force"):
            edit.to_forget(opened, "shelf/s", force=False)
        assert edit.to_forget(opened, "shelf/s", force=True) == "shelf-s itself is not changed"
        assert edit.to_forget(opened, "box/a", force=False) == "box-a itself is not changed"
        opened.put(Record("room/r", "room", "ready", "", "r"))
        assert "has no resource that only this stack uses" in edit.to_forget(opened, "room/r", force=False)
