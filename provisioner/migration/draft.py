"""A `stack.toml` in the making: the tables of each environment, and what could not be carried over."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.config import toml_text
from provisioner.config.overlays import TABLE
from provisioner.migration.yaml_tree import Value

INLINE = 90
"""Tables that take no more characters are written in one line."""


@dataclass(frozen=True)
class Left:
    """What was not carried over.

    Attributes:
        file, line: where it stands; line 0: the file as a whole.
        key: what it is.
        why: why it was not, and what to do.
    """

    file: str
    line: int
    key: str
    why: str

    def __str__(self) -> str:
        """Return one line for people."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.why}" if self.key else f"{where}: {self.why}"


@dataclass(frozen=True)
class Imported:
    """An output of another stack of CloudFormation, which a file names and only an account tells.

    Attributes:
        table: the environment's.
        workload: the table of the service or job, by its kind and name: `services`, `web`.
        key: where its value belongs: `secrets`, `environment` or `security_groups`.
        name: of a secret or a variable.
        export: the output's name.
        left: what is told as long as its value is not known.
    """

    table: dict[str, Any]
    workload: tuple[str, str]
    key: str
    name: str
    export: str
    left: Left


@dataclass
class Draft:
    """What is known so far.

    Attributes:
        source: the tool whose files are read; `ecs`: a cluster.
        project: the name of the project.
        own: the file's own environment.
        tables: of each environment, its own among them, all that it has.
        left: what was not carried over, each once.
        imported: what files name and only an account tells.
        asked: whether AWS was asked, and not files alone were read.
    """

    source: str
    project: str
    own: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    imported: list[Imported] = field(default_factory=list)
    asked: bool = False

    def leave(self, value: Value, key: str, why: str) -> None:
        """Note a value that is not carried over."""
        self.note(Left(value.file, value.line, key, why))

    def note(self, left: Left) -> None:
        """Note what is not carried over, unless that is known from another environment."""
        if left not in self.left:
            self.left.append(left)

    @property
    def workloads(self) -> dict[str, list[str]]:
        """The names of services and jobs."""
        return {
            kind: list(dict.fromkeys(name for table in self.tables.values() for name in table.get(kind, {})))
            for kind in ("services", "jobs")
        }


def parted(tables: Mapping[str, dict[str, Any]], own: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what all environments have, and what each has otherwise: laid over the first, that is its whole table.

    The first has the own environment's values. A key that one of them lacks is in the overlays of those that have it,
    since an overlay can take nothing away.
    """
    base: dict[str, Any] = {}
    overlays: dict[str, dict[str, Any]] = {env: {} for env in tables}
    for key, value in tables[own].items():
        others = {env: table.get(key) for env, table in tables.items()}
        if not all(key in table for table in tables.values()):
            continue
        if all(isinstance(one, Mapping) for one in others.values()):
            common, below = parted({env: tables[env][key] for env in tables}, own)
            if common or not any(below.values()):
                base[key] = common
            for env, table in below.items():
                if table:
                    overlays[env][key] = table
        else:
            base[key] = copy.deepcopy(value)
            for env, other in others.items():
                if other != value:
                    overlays[env][key] = copy.deepcopy(other)
    for env, table in tables.items():
        rest = {
            key: copy.deepcopy(value) for key, value in table.items() if key not in base and key not in overlays[env]
        }
        overlays[env] |= rest
    return base, overlays


REGION = '# region = "…"                      # stands in none of the files: write yours'


def text(draft: Draft) -> str:
    """Return the text of the `stack.toml`."""
    base, overlays = parted(draft.tables, draft.own)
    lines = [
        *_written(draft),
        "",
        f"project = {toml_text.text(draft.project)}",
        f"env = {toml_text.text(draft.own)}",
        f"region = {toml_text.text(base.pop('region'))}" if "region" in base else REGION,
        'target = "local"                     # the embedded cloud; "aws" once you have read this',
    ]
    lines += _tables(base)
    for env, table in overlays.items():
        if table:
            lines += _tables({TABLE: {env: table}})
        elif env != draft.own:
            lines += ["", f"[{toml_text.key(TABLE, env)}]"]
    if draft.left:
        lines += ["", "", f"# Not carried over ({len(draft.left)}):"]
        lines += [f"# - {_comment(str(one))}" for one in draft.left]
    return "\n".join(lines) + "\n"


def _written(draft: Draft) -> list[str]:
    """Return the first lines of the file: of what it was written."""
    by = f"# Written by `provision init --from {draft.source}`"
    if draft.asked:
        end = "and at its end what could not be carried over. docs/moving.md says how to go on."
        return [f"{by} of what AWS answered, where nothing was changed. Read it,", f"# {end}"]
    return [
        f"{by}, from files alone: no account was asked. Read it, and at",
        "# its end what could not be carried over. docs/moving.md says how to go on.",
    ]


def _comment(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)


KEYS = (
    *("image", "build", "dockerfile", "target", "build_args", "architecture", "command", "entrypoint", "schedule"),
    "timezone",
    *(
        "port",
        "public",
        "target_container",
        "essential",
        "depends_on",
        "path",
        "health",
        "deregistration_delay",
        "calls",
        "launch",
        "cpu",
        "memory",
        "count",
        "scaling",
    ),
    *("on_demand", "deployment", "circuit_breaker", "exec", "user", "read_only", "capabilities"),
    *("stop_timeout", "security_groups", "environment", "secrets", "sidecars"),
)
"""The keys of a service in the order in which they are written."""


def ordered(workload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of a service or a job with its keys in order."""
    places = {key: place for place, key in enumerate(KEYS)}
    return dict(sorted(workload.items(), key=lambda item: places.get(item[0], len(KEYS))))


def _tables(table: Mapping[str, Any], at: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of a table that has tables in it, each below its heading."""
    here = {key: value for key, value in table.items() if not _apart(at, key, value)}
    if here:
        yield from (["", f"[{toml_text.key(*at)}]"] if at else [""])
        yield from (f"{toml_text.key(key)} = {toml_text.value(value)}" for key, value in here.items())
    for key, value in table.items():
        if _apart(at, key, value):
            yield from _tables(value, (*at, key))


def _apart(at: Sequence[str], key: str, value: Any) -> bool:
    """Whether a value is a table that gets a heading of its own: one of named things, or too long for a line."""
    if not isinstance(value, Mapping) or not value:
        return False
    of_named = (TABLE, "services", "jobs", "sidecars")
    named = key in of_named or (at and at[-1] in of_named) or not at
    return bool(named) or len(toml_text.value(value)) + len(key) > INLINE
