"""Declaring: the order comes from the signatures, the edges from the references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pytest

from provisioner.engine.declaration import Dependency, fill, filled, ids, order, ready, unknown
from provisioner.engine.resource import RESOURCE_TYPES, Observed, Resource, canonical, compare
from provisioner.steps.stack import Stack


@dataclass(frozen=True)
class Box(Resource):
    """A resource type that exists here only."""

    size: int = 1
    inside: str = ""
    labels: Sequence[str] = ()
    options: Mapping[str, Any] | None = None
    started: int = 0

    type_name: ClassVar[str] = "box"
    service: ClassVar[str] = "box"
    outputs: ClassVar[Sequence[str]] = ("arn",)
    unordered: ClassVar[frozenset[str]] = frozenset({"labels"})
    ignore_changes: ClassVar[frozenset[str]] = frozenset({"started"})


RESOURCE_TYPES.pop("box")


def stack() -> Stack:
    return Stack(cast("Any", None), cast("Any", None))


def test_steps_run_in_the_order_of_their_signatures() -> None:
    calls: list[tuple[str, str | None]] = []

    def roof(stack: Stack, walls: str) -> None:
        calls.append(("roof", walls))

    def walls(stack: Stack, ground: str) -> str:
        calls.append(("walls", ground))
        return "walls!"

    def ground(stack: Stack) -> str:
        calls.append(("ground", None))
        return "ground!"

    stack().run({"roof": roof, "walls": walls, "ground": ground})
    assert calls == [("ground", None), ("walls", "ground!"), ("roof", "walls!")]


def test_a_step_that_needs_no_step_is_named() -> None:
    with pytest.raises(ValueError, match="roof depends on walls"):
        order({"roof": lambda stack, walls: None})


def test_steps_that_need_each_other_are_named() -> None:
    with pytest.raises(ValueError, match="depend on each other"):
        order({"a": lambda stack, b: None, "b": lambda stack, a: None})


def test_tokens_become_needs_wherever_they_stand() -> None:
    here = stack()
    outer = here.ensure(Box("outer"))
    here.ensure(Box("other"))
    here.ensure(
        Box("inner", inside=f"in {outer.id}", options={"deep": [{ready(outer).arn: 1}]}),
        after=[ready(outer)],
    )
    assert here.declared["box/inner"].dependencies == (
        Dependency("box/outer", "id", ready=False),
        Dependency("box/outer", "arn", ready=True),
        Dependency("box/outer", None, ready=True),
    )
    assert here.declared["box/other"].dependencies == ()
    assert ids([outer]) == ["${box/outer:id}"]


def test_an_output_that_the_resource_type_has_not_is_refused() -> None:
    handle = stack().ensure(Box("outer"))
    with pytest.raises(AttributeError, match="it has arn"):
        _ = handle.name


def test_the_same_address_twice_is_refused() -> None:
    here = stack()
    here.ensure(Box("outer"))
    with pytest.raises(ValueError, match="declared twice"):
        here.ensure(Box("outer"))


def test_what_no_step_declared_cannot_be_needed() -> None:
    handle = stack().ensure(Box("outer"))
    with pytest.raises(ValueError, match="box/outer, which no earlier step"):
        stack().ensure(Box("inner", inside=handle.id))


@pytest.mark.parametrize("address", ["own.topic/main", "AWS::SQS::Queue/jobs", "s3_thing/a.b-c"])
def test_a_reference_names_a_type_of_any_namespace(address: str) -> None:
    assert fill({"a": f"${{{address}:arn!}}"}, lambda a, output: (a, output)) == {"a": (address, "arn")}


def test_filling_keeps_types_and_leaves_what_is_unknown() -> None:
    answers = {("box/a", "size"): 3, ("box/a", "id"): "b-1"}
    value = {"n": "${box/a:size}", "s": "at ${box/a:id}/${box/b:id!}", "l": ("${box/a:id}",)}
    result = fill(value, lambda address, output: answers.get((address, output)))
    assert result == {"n": 3, "s": "at b-1/${box/b:id!}", "l": ["b-1"]}
    assert unknown(result)
    assert not unknown(result["n"])


def test_a_policy_variable_is_no_token() -> None:
    assert not unknown("arn:aws:iam::*:user/${aws:username}")


def test_filled_replaces_the_fields_of_a_resource() -> None:
    desired = Box("inner", inside="${box/outer:id}")
    assert filled(desired, lambda address, output: "b-1") == Box("inner", inside="b-1", labels=cast("Any", []))


def test_only_what_differs_and_is_watched_is_a_change() -> None:
    desired = Box("a", size=2, labels=["x", "y"], options={"a": 1, "b": (1, 2)}, started=5)
    live = Observed("b-1", {"size": 1, "labels": ("y", "x"), "options": {"b": [1, 2], "a": 1}, "started": 9})
    assert {name: (c.old, c.new) for name, c in compare(desired, live).items()} == {"size": (1, 2)}


def test_order_counts_where_it_means_something() -> None:
    assert canonical([2, 1]) != canonical([1, 2])
    assert canonical([{"b": 1}, {"a": 1}], unordered=True) == canonical([{"a": 1}, {"b": 1}], unordered=True)
