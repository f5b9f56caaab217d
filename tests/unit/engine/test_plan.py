"""The plan of `up` for scripted resources: no call is made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import pytest
from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import ApiError
from provisioner.engine.declaration import Handle
from provisioner.engine.planning.actions import KNOWN_AFTER_UP, Planned
from provisioner.engine.planning.plan import orphans, plan
from provisioner.engine.resource import RESOURCE_TYPES, Change, Observed, Resource
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.ways import way

LIVES: dict[str, list[Observed]] = {}
"""AWS's resources, by type: set by each test."""


@dataclass(frozen=True)
class Scripted(Resource):
    """A resource type whose resources the test writes down."""

    label: str = ""
    size: int = 1
    inside: str | None = None
    started: int = 0

    type_name: ClassVar[str] = "scripted"
    service: ClassVar[str] = "scripted"
    identity: ClassVar[Sequence[str]] = ("label",)
    outputs: ClassVar[Sequence[str]] = ("arn",)
    create_only: ClassVar[frozenset[str]] = frozenset({"inside"})
    ignore_changes: ClassVar[frozenset[str]] = frozenset({"started"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        assert aws.reads_only
        return LIVES.get(cls.type_name, [])


class Revised(Scripted):
    """A type whose changes make a new resource."""

    type_name: ClassVar[str] = "revised"
    versioned: ClassVar[bool] = True


class Named(Scripted):
    """A type whose id follows from its name."""

    type_name: ClassVar[str] = "named"
    derived: ClassVar[Sequence[str]] = ("id",)


class Met(Scripted):
    """A type that AWS creates by itself."""

    type_name: ClassVar[str] = "met"
    created_by_aws: ClassVar[bool] = True


class Unreadable(Scripted):
    """A type that the caller may not read."""

    type_name: ClassVar[str] = "unreadable"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListScripted")


for scripted in (Scripted, Revised, Named, Met, Unreadable):
    RESOURCE_TYPES.pop(scripted.type_name)


@pytest.fixture(autouse=True)
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    LIVES.clear()
    for resource_type in (Scripted, Revised, Named, Met, Unreadable):
        monkeypatch.setitem(RESOURCE_TYPES, resource_type.type_name, resource_type)


@pytest.fixture
def stack() -> Stack:
    return Stack(cast("Any", None), cast("Any", None), _step="boxes")


def live(name: str, type_name: str = "scripted", **changed: Any) -> Observed:
    """Return a resource of ours, as `Scripted(name, label=name)` wants it except for the given settings."""
    options = {key: changed.pop(key) for key in ("owned", "deleting") if key in changed}
    attributes = {"label": name, "size": 1, "inside": None, "started": 0} | changed
    address = f"{type_name}/{name}" if options.get("owned", True) else None
    return Observed(f"id-{name}", attributes, {"arn": f"arn:{name}"}, address=address, **options)


def recorded(*addresses: str) -> dict[str, Record]:
    return {a: Record(a, a.split("/", 1)[0], "ready", "", f"id-{a.split('/', 1)[1]}", step="old") for a in addresses}


def planned(stack: Stack, *addresses: str) -> list[Planned]:
    aws = way(project="p", env="e")
    records = recorded(*addresses)
    return plan(aws, records, stack.declared, orphans(records, stack.declared))


def box(stack: Stack, name: str, resource_type: type[Scripted] = Scripted, **wanted: Any) -> Handle:
    return stack.ensure(resource_type(name, **({"label": name} | wanted)))


def test_with_nothing_there_all_is_created_in_declared_order(stack: Stack) -> None:
    outer = box(stack, "outer")
    box(stack, "inner", size=2, inside=outer.id)
    assert planned(stack) == [
        Planned(
            "scripted/outer",
            "create",
            "boxes",
            {"label": Change(None, "outer"), "size": Change(None, 1), "started": Change(None, 0)},
        ),
        Planned(
            "scripted/inner",
            "create",
            "boxes",
            {
                "label": Change(None, "inner"),
                "size": Change(None, 2),
                "inside": Change(None, KNOWN_AFTER_UP),
                "started": Change(None, 0),
            },
        ),
    ]


def test_what_is_as_declared_is_left_alone(stack: Stack) -> None:
    outer = box(stack, "outer")
    box(stack, "inner", inside=outer.id)
    LIVES["scripted"] = [live("outer"), live("inner", inside="id-outer")]
    assert [item.action for item in planned(stack, "scripted/outer", "scripted/inner")] == ["none", "none"]


def test_ours_that_the_state_does_not_know_is_adopted(stack: Stack) -> None:
    box(stack, "a")
    LIVES["scripted"] = [live("a")]
    assert [item.action for item in planned(stack)] == ["adopt"]


def test_exactly_what_differs_is_a_change(stack: Stack) -> None:
    box(stack, "a", size=3)
    box(stack, "b")
    LIVES["scripted"] = [live("a"), live("b")]
    changed, same = planned(stack, "scripted/a", "scripted/b")
    assert (changed.action, changed.changes) == ("change", {"size": Change(1, 3)})
    assert (same.action, same.changes) == ("none", {})


def test_what_somebody_else_owns_after_creation_is_no_change(stack: Stack) -> None:
    box(stack, "a", started=1)
    LIVES["scripted"] = [live("a", started=7)]
    assert [item.action for item in planned(stack, "scripted/a")] == ["none"]


def test_a_change_that_aws_cannot_make_is_refused_alone(stack: Stack) -> None:
    box(stack, "a", inside="here")
    box(stack, "b", size=2)
    LIVES["scripted"] = [live("a", inside="there"), live("b")]
    refused, changed = planned(stack, "scripted/a", "scripted/b")
    assert refused.action == "refused"
    assert "inside is 'there', should be 'here'" in refused.why
    assert changed.action == "change"


def test_a_dependent_that_cannot_follow_is_refused_beforehand(stack: Stack) -> None:
    outer = box(stack, "outer")
    box(stack, "inner", inside=outer.id)
    LIVES["scripted"] = [live("inner", inside="id-of-one-that-is-gone")]
    created, refused = planned(stack, "scripted/inner")
    assert created.action == "create"
    assert refused.action == "refused"
    assert f"inside is 'id-of-one-that-is-gone', should be '{KNOWN_AFTER_UP}'" in refused.why


def test_a_replacement_with_the_same_id_changes_no_dependent(stack: Stack) -> None:
    outer = box(stack, "outer", Named)
    box(stack, "inner", inside=outer.id)
    LIVES["scripted"] = [live("inner", inside="id-outer")]
    assert [item.action for item in planned(stack, "named/outer", "scripted/inner")] == ["create", "none"]


def test_a_resource_under_another_address_is_not_removed(stack: Stack) -> None:
    box(stack, "new", label="old", size=2)
    LIVES["scripted"] = [live("old")]
    changed, *others = planned(stack, "scripted/old")
    assert (changed.address, changed.action, others) == ("scripted/new", "change", [])


def test_a_record_whose_id_is_gone_is_told_despite_its_name(stack: Stack) -> None:
    box(stack, "new", label="old")
    box(stack, "new", Named, label="old")
    records = {
        f"{kind}/old": replace(recorded(f"{kind}/old")[f"{kind}/old"], arguments={"label": "old"}, phase="deleting")
        for kind in ("scripted", "named")
    }
    looked = plan(way(project="p", env="e"), records, stack.declared, orphans(records, stack.declared))
    # a recreated resource whose id follows from its name has the same id
    assert [(item.address, item.action) for item in looked] == [
        ("scripted/new", "create"),
        ("named/new", "create"),
        ("scripted/old", "delete"),
    ]


def test_somebody_elses_under_our_name_is_refused_by_id(stack: Stack) -> None:
    box(stack, "a")
    LIVES["scripted"] = [live("a", owned=False)]
    (refused,) = planned(stack)
    assert refused.action == "refused"
    assert "id-a" in refused.why
    assert "scripted/a" in refused.why


def test_two_with_one_address_are_refused_both_named(stack: Stack) -> None:
    box(stack, "a")
    twin = Observed("id-twin", live("a").attributes, address="scripted/a")
    LIVES["scripted"] = [live("a"), twin]
    (refused,) = planned(stack)
    assert refused.action == "refused"
    assert "id-a, id-twin" in refused.why


def test_a_resource_that_is_being_deleted_is_created_again(stack: Stack) -> None:
    box(stack, "a")
    LIVES["scripted"] = [live("a", deleting=True)]
    assert [item.action for item in planned(stack, "scripted/a")] == ["create"]


def test_a_revision_gets_an_id_that_only_up_will_know(stack: Stack) -> None:
    definition = box(stack, "definition", Revised, size=2)
    box(stack, "user", label=f"uses {definition.id}")
    LIVES["revised"] = [live("definition", "revised")]
    LIVES["scripted"] = [live("user", label="uses id-definition")]
    revision, user = planned(stack, "revised/definition", "scripted/user")
    assert (revision.action, revision.changes) == ("change", {"size": Change(1, 2)})
    assert (user.action, user.changes) == ("change", {"label": Change("uses id-definition", KNOWN_AFTER_UP)})


def test_outputs_of_what_is_there_are_filled_in(stack: Stack) -> None:
    outer = box(stack, "outer")
    box(stack, "inner", inside=outer.arn)
    LIVES["scripted"] = [live("outer"), live("inner", inside="arn:outer")]
    assert [item.action for item in planned(stack, "scripted/outer", "scripted/inner")] == ["none", "none"]


def test_what_aws_makes_by_itself_is_never_planned(stack: Stack) -> None:
    box(stack, "a", Met)
    assert [item.action for item in planned(stack)] == ["none"]


def test_what_is_no_longer_declared_is_removed_last(stack: Stack) -> None:
    box(stack, "a")
    LIVES["scripted"] = [live("a")]
    assert [(i.address, i.action, i.step) for i in planned(stack, "scripted/dropped", "scripted/a")] == [
        ("scripted/a", "none", "boxes"),
        ("scripted/dropped", "delete", "old"),
    ]


def test_orphans_are_what_is_recorded_and_not_declared() -> None:
    assert orphans(recorded("scripted/a", "scripted/b", "scripted/c"), {"scripted/b"}) == ["scripted/a", "scripted/c"]


def test_a_refused_read_is_reported_and_nothing_is_planned(stack: Stack) -> None:
    box(stack, "a")
    box(stack, "b", Unreadable)
    with pytest.raises(ApiError, match="ListScripted was refused: AccessDenied: no"):
        planned(stack)


def test_a_plan_can_be_written_as_json(stack: Stack) -> None:
    box(stack, "a", size=3)
    LIVES["scripted"] = [live("a")]
    (item,) = planned(stack, "scripted/a")
    assert json.loads(json.dumps(item.to_dict())) == {
        "address": "scripted/a",
        "action": "change",
        "step": "boxes",
        "changes": {"size": {"old": 1, "new": 3}},
        "later": {},
        "why": "",
        "bookkeeping": False,
    }
