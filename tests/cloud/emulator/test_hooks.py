"""Every hook of the embedded cloud fits the moto that is installed, and nothing of moto is changed but by one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from ecs_emulator import patch
from tests.cloud import hooks


@pytest.fixture(scope="module")
def found() -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cloud.hooks"], cwd=hooks.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_hook_fits_the_moto_that_is_installed(found: Any) -> None:
    assert [f"{verb} {target}: {wrong}" for verb, target, wrong in found["hooks"] if wrong] == []
    assert {verb for verb, _, _ in found["hooks"]} == {"replace", "wrap", "add"}


def test_nothing_of_moto_is_changed_but_by_a_hook(found: Any) -> None:
    assert found["strayed"] == []


class Moto:
    """A class as moto's are."""

    status: str

    def __init__(self) -> None:
        self.arn, self.size = "arn", 1

    def make(self, name: str, tags: Any = None) -> str:
        return f"{name} {tags}"

    @property
    def endpoint(self) -> str:
        return "there"

    @staticmethod
    def options(engine: str) -> list[str]:
        return [engine]


def theirs(self: Any, name: str, tags: Any = None) -> None: ...
def catching(self: Any, **given: Any) -> None: ...


@pytest.mark.parametrize(
    ("ours", "says"),
    [
        (lambda self, name, tags=None: ..., ""),
        (lambda this, name, *args, **kwargs: ..., ""),
        (lambda self, *args, **kwargs: ..., ""),
        (lambda self, label, tags=None: ..., "label where moto has name"),
        (lambda self, tags=None, name="": ..., "tags where moto has name"),
        (lambda self, name: ..., "nothing where moto has tags"),
        (lambda self, name, *args: ..., "takes no tags by name"),
        (lambda self, name, **kwargs: ..., "nothing where moto has tags"),
        (lambda self, name, tags: ..., "has tags where moto has tags: 'Any' = None"),
        (lambda self, name, tags=(): ..., "tags=() where moto has tags: 'Any' = None"),
        (lambda self, name, tags=None, more=None: ..., "wants more"),
    ],
)
def test_a_signature_that_takes_other_calls_is_found(ours: Callable[..., Any], says: str) -> None:
    said = hooks.misfit(theirs, ours)
    assert says in said
    assert bool(says) == bool(said)


def test_a_signature_that_takes_fewer_names_is_found() -> None:
    assert hooks.misfit(catching, theirs) == "takes no **given: 'Any'"
    assert hooks.misfit(lambda engine: ..., lambda name: ..., method=False) == "has name where moto has engine"


@pytest.fixture
def laid(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[patch.Hook]]:
    """The hooks that a test lays, over a `Moto` that is put right again."""
    before = dict(vars(Moto))
    monkeypatch.setattr(patch, "HOOKS", [])
    yield patch.HOOKS
    for hook in patch.HOOKS:
        if hook.owner is Moto:
            setattr(Moto, hook.name, before[hook.name]) if hook.name in before else delattr(Moto, hook.name)


def wrong(laid: list[patch.Hook]) -> str:
    return hooks.wrong(laid[-1], patch.MISSING, laid[:-1])


def test_what_is_laid_does_what_its_verb_says(laid: list[patch.Hook]) -> None:
    patch.wrap(Moto, "make")(lambda original, self, name, tags=None: f"<{original(self, name, tags)}>")
    patch.wrap(Moto, "endpoint")(lambda original, self: original(self).upper())
    patch.wrap(Moto, "options")(lambda original, engine: [*original(engine), "ours"])
    assert [hooks.wrong(hook, patch.MISSING, []) for hook in laid] == ["", "", ""]
    assert (Moto().make("a", tags="b"), Moto().endpoint, Moto.options("x")) == ("<a b>", "THERE", ["x", "ours"])
    patch.replace(Moto, "make")(lambda self, name, tags=None: "ours")
    patch.replace(Moto, "size")(property(lambda self: 2, lambda self, value: None))
    patch.add(Moto, "label")("ours")
    assert (Moto().make("a"), Moto().size, vars(Moto)["label"]) == ("ours", 2, "ours")
    assert [(hook.verb, hook.name) for hook in laid[3:]] == [("replace", "make"), ("replace", "size"), ("add", "label")]


def test_a_patch_replaces_what_exists_and_adds_what_does_not(laid: list[patch.Hook]) -> None:
    with pytest.raises(TypeError, match=r"Moto\.remove is not there to be wrapped: use add"):
        patch.wrap(Moto, "remove")
    with pytest.raises(TypeError, match=r"Moto\.remove is not there to be replaced: use add"):
        patch.replace(Moto, "remove")(lambda self: None)
    with pytest.raises(TypeError, match=r"Moto\.make exists already: use replace or wrap"):
        patch.add(Moto, "make")(lambda self: None)
    assert laid == []


@pytest.mark.parametrize(
    ("lay", "says"),
    [
        (lambda: patch.replace(Moto, "arn")(property(lambda self: "ours")), "cannot be assigned"),
        (lambda: patch.replace(Moto, "label")(property(lambda self: "ours")), "moto has no such thing"),
        (lambda: patch.replace(Moto, "endpoint")(lambda self: "ours"), "is a function where moto has a property"),
        (lambda: patch.replace(Moto, "make")(lambda self, label: ""), "has label where moto has name"),
        (lambda: patch.wrap(Moto, "make")(lambda original, self, label: ""), "has label where moto has name"),
        (lambda: patch.wrap(Moto, "options")(lambda original, self, engine: []), "has self where moto has engine"),
        (lambda: patch.add(Moto, "size")(2), "moto assigns it to each object"),
        (lambda: patch.add(Moto, "status")("ours"), "moto assigns it to each object"),
    ],
)
def test_a_hook_that_does_not_fit_is_found(laid: list[patch.Hook], lay: Callable[[], object], says: str) -> None:
    lay()
    assert says in wrong(laid)


def test_what_drops_an_earlier_hook_is_found(laid: list[patch.Hook]) -> None:
    patch.wrap(Moto, "make")(lambda original, self, name, tags=None: original(self, name, tags))
    patch.replace(Moto, "make")(lambda self, name, tags=None: "ours")
    assert wrong(laid) == "drops what tests.cloud.emulator.test_hooks has laid there"


def test_a_table_that_loses_what_moto_has_in_it_is_found(laid: list[patch.Hook]) -> None:
    module = ModuleType("moto.urls")
    vars(module)["paths"] = {"/": 1, "/dns": 2}
    patch.replace(module, "paths")({"/": 3})
    assert (laid[-1].target, wrong(laid)) == ("moto.urls.paths", "leaves out ['/dns']")


def test_what_is_changed_without_a_hook_is_found() -> None:
    module = ModuleType("moto.urls")
    parts: dict[str, Any] = {"paths": {"/": 1}, "limit": 1, "Moto": type("Moto", (), {"make": 1})}
    parts["Moto"].__module__ = module.__name__
    vars(module).update(parts)
    before: dict[str, Any] = {}
    hooks.note(before, module.__name__, module)
    parts["paths"]["/dns"] = parts["Moto"].make = parts["Moto"].more = 2
    vars(module)["limit"] = 2
    after: dict[str, Any] = {}
    hooks.note(after, module.__name__, module)
    names = {"paths", "limit", "Moto.make", "Moto.more"}
    assert hooks.changes(before, after) == {f"moto.urls.{name}" for name in names}
