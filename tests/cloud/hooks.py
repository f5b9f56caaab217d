"""Holds every hook of the embedded cloud against the moto that is installed.

`python -m tests.cloud.hooks` prints what was found as JSON. It is a process of its own: the hooks change moto for good.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import Parameter
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
FOREIGN = ("boto3", "botocore", "flask", "moto", "werkzeug")
"""The libraries that nothing but a hook may change."""
OWN_TABLES = {"botocore._xform_cache", "moto.core.base_backend.model_data", "moto.core.model_instances.model_data"}
"""Tables that these libraries fill by themselves, as they are imported and used."""
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def misfit(theirs: Callable[..., Any], ours: Callable[..., Any], *, method: bool = True) -> str:
    """Say which call of theirs ours would take otherwise; empty if there is none.

    Of a method the name of the first parameter is its own affair.
    """
    wanted, given = ([*inspect.signature(one).parameters.values()] for one in (theirs, ours))
    if method and wanted and given and wanted[0].kind in _POSITIONAL and given[0].kind in _POSITIONAL:
        wanted, given = wanted[1:], given[1:]
    places = [one.name for one in given if one.kind in _POSITIONAL]
    named = {one.name: one for one in given if one.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)}
    kinds = {one.kind for one in given}
    for place, one in enumerate(wanted):
        match one.kind:
            case Parameter.VAR_POSITIONAL | Parameter.VAR_KEYWORD:
                if one.kind not in kinds:
                    return f"takes no {one}"
                continue
            case Parameter.POSITIONAL_ONLY | Parameter.POSITIONAL_OR_KEYWORD:
                there = places[place : place + 1]
                if there != [one.name] and (there or Parameter.VAR_POSITIONAL not in kinds):
                    return f"has {there[0] if there else 'nothing'} where moto has {one.name}"
        if one.name not in named:
            if Parameter.VAR_KEYWORD not in kinds and one.kind is not Parameter.POSITIONAL_ONLY:
                return f"takes no {one.name} by name"
        elif one.default != named[one.name].default:
            return f"has {named[one.name]} where moto has {one}"
    more = sorted(set(named) - {one.name for one in wanted})
    return f"wants {more[0]}, which moto does not give" if more else ""


def assigned(owner: type, name: str) -> bool:
    """Return whether the code of a class or of its parents assigns `self.<name>`, or declares it as a field."""
    return any(name in _assigned(sys.modules[cls.__module__]).get(cls.__name__, ()) for cls in owner.__mro__[:-1])


@functools.cache
def _assigned(module: ModuleType) -> dict[str, set[str]]:
    """Return the attributes that each class of a module assigns, by its source; nothing for a module not in Python."""
    file = inspect.getsourcefile(module) if hasattr(module, "__file__") else None
    tree = ast.parse(Path(file).read_text(encoding="utf-8")) if file else ast.Module([], [])
    return {cls.name: {*_given(cls)} for cls in tree.body if isinstance(cls, ast.ClassDef)}


def _given(cls: ast.ClassDef) -> Iterator[str]:
    yield from (
        one.target.id for one in cls.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    )
    for node in ast.walk(cls):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            yield node.attr


def _function(value: Any) -> Any:
    """The function within a property or a static method."""
    return value.fget if isinstance(value, property) else getattr(value, "__func__", value)


def wrong(hook: Any, missing: object, earlier: list[Any]) -> str:
    """Return the fault of a hook, of which `earlier` ones have the same target; empty if there is none."""
    before, ours = hook.before, hook.ours
    own_to_objects = isinstance(hook.owner, type) and assigned(hook.owner, hook.name)
    if hook.verb == "add":
        return "moto assigns it to each object" if own_to_objects else ""
    if before is missing:
        if not own_to_objects:
            return "moto has no such thing"
        return "" if isinstance(ours, property) and ours.fset else "moto assigns it, and it cannot be assigned"
    if isinstance(before, dict):
        lost = before.keys() - ours.keys()
        return f"leaves out {sorted(lost)}" if lost else ""
    if hook.verb == "replace":
        if earlier:
            return f"drops what {earlier[-1].ours.__module__} has laid there"
        if isinstance(before, property) != isinstance(ours, property):
            return f"is a {type(ours).__name__} where moto has a {type(before).__name__}"
        if isinstance(before, property) and before.fset and not ours.fset:
            return "cannot be assigned as moto's"
        return misfit(_function(before), _function(ours))
    return misfit(_function(before), _without_original(ours), method=not isinstance(before, staticmethod))


def _without_original(ours: Any) -> Any:
    def called() -> None: ...

    signature = inspect.signature(ours)
    called.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    return called


def foreign_imports() -> Iterator[str]:
    """The modules of these libraries that the embedded cloud's files import."""
    for file in (ROOT / "emulator" / "ecs_emulator").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name}" for name in names] + [str(node.module)]
            yield from (name for name in names if name.split(".")[0] in FOREIGN)


def surface() -> dict[str, Any]:
    """Return all attributes of these libraries' imported modules and of their classes; of tables, their contents."""
    found: dict[str, Any] = {}
    for place, module in list(sys.modules.items()):
        if place.split(".")[0] in FOREIGN:
            note(found, place, module)
    return found


def note(found: dict[str, Any], place: str, module: ModuleType) -> None:
    """Put the attributes of a module and of its classes into `found`."""
    for name, value in list(vars(module).items()):
        if isinstance(value, ModuleType):
            continue  # that one more was imported is no change
        found[f"{place}.{name}"] = _kept(value)
        if isinstance(value, type) and value.__module__ == place:
            found |= {f"{place}.{value.__qualname__}.{key}": _kept(one) for key, one in list(vars(value).items())}


def _kept(value: Any) -> tuple[Any, Any]:
    """Return the ids that identify a value, and the value itself: nothing else gets these ids while it is held."""
    if isinstance(value, dict):
        return {key: id(one) for key, one in list(value.items())}, [*value.values()]
    return ([id(one) for one in value], [*value]) if isinstance(value, list | set) else (id(value), value)


def changes(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return the attributes that differ now, or are new in an object that existed before."""
    there = {name.rpartition(".")[0] for name in before}
    return {
        name
        for name, value in after.items()
        if before.get(name, (None,))[0] != value[0] and name.rpartition(".")[0] in there and name not in OWN_TABLES
    }


def main() -> None:
    """Install all hooks, and print the fault of each, and each change in these libraries that no hook makes."""
    from ecs_emulator import server

    os.environ.update(server.ENVIRONMENT)
    from ecs_emulator import overlay, paging, patch

    for name in {*foreign_imports(), *(f"moto.{place.partition(':')[0]}" for place in paging.responses().values())}:
        with contextlib.suppress(ModuleNotFoundError):  # a name in a module
            import_module(name)
    before = surface()
    overlay.install()
    import_module("ecs_emulator.dns")
    import_module("ecs_emulator.tick")
    strayed = changes(before, surface()) - {hook.target for hook in patch.HOOKS}
    rows = []
    for number, hook in enumerate(patch.HOOKS):
        earlier = [one for one in patch.HOOKS[:number] if one.target == hook.target]
        rows.append([hook.verb, hook.target, wrong(hook, patch.MISSING, earlier)])
    print(json.dumps({"hooks": rows, "strayed": sorted(strayed)}))


if __name__ == "__main__":
    main()
