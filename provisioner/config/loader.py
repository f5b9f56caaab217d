"""Read a TOML file, and write its errors as lines that name the file, the key, the fault and the fix."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from provisioner.config import extends, synonyms, syntax, wrong_values
from provisioner.config.places import HIDDEN, VARIABLES, Fault, Told, WrongFile, in_file
from provisioner.config.secret_values import looks_secret
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

LARGEST = 65_536
"""The most bytes of a file: a larger file is no configuration."""
DEEPEST = 20
"""The deepest nesting of lists and tables."""
DOTTED = re.compile(rf"""(?<![\w"'.-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST}}}""")
"""A key with that many parts: tomllib's time grows with their square."""
SHOWN = 200
"""Longer values are shortened in messages."""
ALIKE = 0.65
"""The least likeness, from 0 to 1, of a word and its misspelling: `cup` and `cpu` are 0.67."""
SHORTEST = 3
"""The fewest first letters of a word that stand for the whole word."""
LONGEST = 1000
"""The most characters of the message of one error."""

OTHERWISE = frozenset({"command"})
"""Keys that do not point to their table: in most tools, `command` is the container's command."""

NAMED = frozenset({"services", "jobs"})
"""Tables that hold tables with names of the user's choice."""


class Inconsistent(ValueError):
    """Contradictions between settings that are each valid alone.

    Args:
        problems: for each, the dotted key, relative to the model that found the error, and the message.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{key}: {text}" if key else text for key, text in problems))


def shown(value: object) -> str:
    """Return a value as TOML would write it, shortened if it is very long, and hidden if it looks like a secret."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if looks_secret("", value[:SHOWN]):
            return HIDDEN
        value = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        more = ", …" if len(value) > 10 else ""
        return f"[{', '.join(map(shown, value[:10]))}{more}]"[:SHOWN]
    return str(value)[:SHOWN]


def suggestion(wrong: str, known: Collection[str]) -> str:
    """Return `; did you mean "…"?` for the nearest known word, or else the known words."""
    meant = near(wrong, known)
    return f'; did you mean "{meant}"?' if meant else f"; there are {', '.join(sorted(known))}"


def near(wrong: str, known: Collection[str]) -> str:
    """Return the known word that a wrong word abbreviates or misspells; empty if there is none."""
    begun = [word for word in known if len(wrong) >= SHORTEST and word.startswith(wrong)]
    # the same letters: a slip of the fingers
    mixed = [word for word in known if sorted(word) == sorted(wrong)]
    alike = mixed or begun or difflib.get_close_matches(wrong[:SHOWN], known, 1, ALIKE)
    return alike[0] if alike else ""


def read(path: Path) -> dict[str, Any]:
    """Return the contents of a TOML file.

    Raises:
        ConfigurationError: it cannot be read or is not TOML; with file, line and column where they are known.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file: write one with `provision init`, or choose another with --config FILE"
        ) from None
    except IsADirectoryError:
        there = path / "stack.toml"
        fix = f"use the file in it with --config {there}" if there.is_file() else "it has no stack.toml: choose a file"
        raise ConfigurationError(f"{path}: is a directory: {fix}") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}: check the path and its permissions"
        ) from None
    if len(content) > LARGEST:
        raise ConfigurationError(f"{path}: is larger than {LARGEST} bytes: choose the configuration with --config FILE")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise ConfigurationError(f"{path}:{line}:{column}: is not UTF-8 text: save it in that encoding") from None
    if DOTTED.search(text):
        raise ConfigurationError(f"{path}: is nested too deeply: use at most three levels of tables")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ConfigurationError(f"{path}: is nested too deeply: use at most three levels of tables") from None
    except tomllib.TOMLDecodeError as error:
        raise syntax.refused(path, text, error) from None
    except ValueError as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None
    _flat(path, table)
    return table


def _flat(path: Path, value: Any, depth: int = 0) -> None:
    """Refuse a value that is nested too deeply to be checked or shown by recursion."""
    if depth > DEEPEST:
        raise ConfigurationError(f"{path}: is nested too deeply: use at most three levels of tables")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _flat(path, item, depth + 1)


Home = Callable[[Sequence[str]], tuple[str, ...]]
"""Return the table in which a key is written: `()` for the top of the file."""


def refusal(path: Path, overrides: Mapping[str, str], faults: Iterable[Fault]) -> WrongFile:
    """Return one error with a line for each fault, and its place in the file.

    Args:
        path: the file.
        overrides: values of the command line, by option: a fault of one has no place.
        faults: the faults.
    """
    found = [(dotted(fault.names), fault) for fault in faults]
    places = in_file(path, found)
    told = [
        _shortened(Told(f"--{key}", 0, 0, "", told.text) if key in overrides else told)
        for (key, _), told in zip(found, places, strict=True)
    ]
    return WrongFile(sorted(told, key=lambda one: (one.line, one.column)))


def _shortened(told: Told) -> Told:
    return told if len(told.text) <= LONGEST else replace(told, text=f"{told.text[:LONGEST]}…")


def found(
    error: ValidationError,
    model: type[BaseModel],
    inherited: Mapping[str, str] = {},
    home: Home = lambda loc: (),
) -> Iterator[Fault]:
    """Yield each error of pydantic, with the parts of the key as it is written.

    Args:
        error: the errors.
        model: the model of the whole file.
        inherited: see `extends.Extended`: an error of an inherited value is reported once.
        home: returns the table in which a key of the model is written.
    """
    # default_factory_not_called only repeats that another value, which has its own line, is wrong
    details = [one for one in error.errors(include_url=False) if one["type"] != "default_factory_not_called"]
    faults = [fault for detail in details for fault in _found(detail, model, home)]
    told = {(tuple(fault.names), fault.text) for fault in faults}
    for fault in faults:
        written = extends.written(tuple(fault.names), inherited)
        if (written, fault.text) in told:
            continue
        if written:
            told.add((written, fault.text))
        place = (*home(written), *written) if written else ()
        yield replace(fault, loc=(*home(fault.names), *fault.loc), written=place)


def _found(detail: ErrorDetails, model: type[BaseModel], home: Home) -> Iterator[Fault]:
    # "[key]" is pydantic's mark for an error in a key rather than in its value.
    whole = tuple(part for part in detail["loc"] if part != "[key]")
    loc = [part for part in whole if isinstance(part, str)]
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Inconsistent):
        for key, text in cause.problems:
            yield Fault((*loc, *key.split(".")) if key else tuple(loc), text)
    elif isinstance(cause, ValueError):
        yield Fault(whole, str(cause), at_key="[key]" in detail["loc"])
    elif detail["type"] == "extra_forbidden":
        yield Fault(whole, _unknown(loc, model, home(loc), detail["input"]), at_key=True)
    elif detail["type"] == "missing":
        example = "[services.web] with port = 8080" if loc[-1] == "services" else f"{loc[-1]} = …"
        yield Fault(whole, f"is missing: add {example}")
    elif detail["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        # numbers have no quotes
        wanted = " or ".join(map(shown, choices)) or detail["ctx"]["expected"]
        yield Fault(whole, f"must be {wanted}, not {shown(detail['input'])}")
    else:
        value = detail["input"]
        wanted = wrong_values.wanted(detail["type"], detail["msg"], loc)
        named = loc[-1] in VARIABLES or bool(looks_secret(loc[-1], str(value)))
        private = named and bool(VARIABLES.intersection(loc))
        said = "" if private else f", not {shown(value)}"
        yield Fault(
            whole, f"must be {wanted}{said}{wrong_values.rewritten(detail['type'], loc, value, private=private)}"
        )


def _unknown(loc: Sequence[str], model: type[BaseModel], home: Sequence[str], value: object) -> str:
    tables = dict(_tables(model))
    if not home:
        # the model describes one environment, so it lacks this key
        tables[()] = {*tables[()], "environments"}
    here = tuple(loc[:-1])
    key = loc[-1]
    # In the keys of `tables`, a star stands for the name of a service, a job or a sidecar.
    starred = tuple("*" if _is_name(here, i) else part for i, part in enumerate(here))
    known = tables.get(starred, ())
    if answer := synonyms.meant(starred, key, value, known):
        return f"is unknown{answer}"
    homes = [table for table, keys in tables.items() if key in keys and key not in OTHERWISE]
    # not the table of a sidecar, where the service's own table has the key too
    elsewhere = [table for table in homes if not any(one and table != one == table[: len(one)] for one in homes)]
    # the keys of all workloads behind the keys of one
    elsewhere.sort(key=lambda table: table == ("defaults",))
    if not near(key, known) and elsewhere:
        if NAMED.intersection(here[:1]) and not any(NAMED.intersection(table[:1]) for table in elsewhere):
            return f"is unknown here; for the whole stack there is {' or '.join(_named(t, key) for t in elsewhere)}"
        return f"is unknown here: move it {' or '.join(_place(table, home) for table in elsewhere)}"
    return f"is unknown{suggestion(key, known)}"


def _is_name(table: Sequence[str], part: int) -> bool:
    if table[0] not in NAMED:
        return False
    of_scaling = part == 4 and table[2] == "scaling" and table[3] in ("schedule", "metrics")
    return part == 1 or (part == 3 and table[2] == "sidecars") or of_scaling


def _named(table: Sequence[str], key: str) -> str:
    return ".".join((*table, key))


def _place(table: Sequence[str], home: Sequence[str]) -> str:
    whole = [*home, *table]
    return f"to the table [{'.'.join(whole).replace('*', 'NAME')}]" if whole else "above the first table"


def _tables(model: type[BaseModel], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Collection[str]]]:
    """Yield each table of a model with its keys; a star stands for any name."""
    yield at, model.model_fields.keys()
    for name, field in model.model_fields.items():
        outer = get_origin(field.annotation)
        named = isinstance(outer, type) and issubclass(outer, Mapping)
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _tables(kind, (*at, name, "*") if named else (*at, name))


def dotted(loc: Iterable[str]) -> str:
    """Return the parts of a key as TOML writes it."""
    return ".".join(part if re.fullmatch(r"[\w-]{1,200}", part, re.ASCII) else shown(part) for part in loc)
