"""A draft of a `stack.toml`: the tables of each environment, and notes of keys that are not carried over."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from provisioner.config import models, toml_text
from provisioner.config.loader import LARGEST
from provisioner.config.overlays import TABLE
from provisioner.migration.yaml_tree import Value

INLINE = 90
"""The most characters of a table that is written on one line."""
UNSAFE_ARGUMENT = "looks like a secret, which everybody with the image can read: have the program read a variable"
"""The note about an argument of a build."""
Cost = Literal["nothing", "stays", "part", "entrance", "all"]
"""The loss that a note names: `nothing`; a resource that `stays` in the other tool's stack, in reach; a part of a
service or job, its way in for users, or all of it."""


@dataclass(frozen=True)
class Left:
    """A note of a key that is not carried over.

    Attributes:
        file, line: the place of the key; line 0 for the whole file.
        key: the key; empty for the whole file.
        why: the reason, and what to do.
        of: the service or job that the note is about, such as `services.web`; empty for the whole stack.
        cost: the loss of that service or job.
    """

    file: str
    line: int
    key: str
    why: str
    of: str = ""
    cost: Cost = "part"

    def __str__(self) -> str:
        """Return one line for people."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.why}" if self.key else f"{where}: {self.why}"


@dataclass(frozen=True)
class Imported:
    """An output of another CloudFormation stack that a file names; only the account has its value.

    Attributes:
        table: the table of the environment.
        workload: the table of the service or job, by its kind and name: `services`, `web`.
        key: the key for the value: `secrets`, `environment` or `security_groups`.
        name: the name of the secret or the variable.
        export: the output's name.
        left: the note that stays as long as the value is not known.
    """

    table: dict[str, Any]
    workload: tuple[str, str]
    key: str
    name: str
    export: str
    left: Left


@dataclass
class Draft:
    """The contents of the new file, as far as they are known.

    Attributes:
        source: the tool whose files are read; `ecs` for a cluster.
        project: the name of the project.
        own: the file's own environment.
        application: the name of the project in the other tool.
        tables: the whole table of each environment, the own environment included.
        left: notes of keys that are not carried over or are different here, without duplicates.
        imported: outputs of other stacks, whose values only an account has.
        dropped: variables that are not carried over, each with its workload's name, so that nothing adds them again.
        missed: the services that have lost an address, by the service at that address, which is left out.
        asked: whether AWS was asked, instead of reading files alone.
    """

    source: str
    project: str
    own: str
    application: str = ""
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    imported: list[Imported] = field(default_factory=list)
    dropped: set[tuple[str, str]] = field(default_factory=set)
    missed: dict[str, list[str]] = field(default_factory=dict)
    asked: bool = False

    def leave(self, value: Value, key: str, why: str, of: str = "", cost: Cost = "part") -> Left:
        """Note a value that is not carried over, or that is different here."""
        return self.note(Left(value.file, value.line, key, why, of, cost))

    def note(self, left: Left) -> Left:
        """Add a note, unless another environment has added the same note."""
        if left not in self.left:
            self.left.append(left)
        return left

    def miss(self, callee: str, caller: str) -> None:
        """Note that a service has lost the address of a service that is left out."""
        callers = self.missed.setdefault(callee, [])
        if caller not in callers:
            callers.append(caller)

    @property
    def losses(self) -> list[Left]:
        """The notes of losses."""
        return [one for one in self.left if one.cost != "nothing"]

    @property
    def changes(self) -> list[Left]:
        """The notes of differences that are no loss, and of choices."""
        return [one for one in self.left if one.cost == "nothing"]

    @property
    def workloads(self) -> dict[str, list[str]]:
        """The names of services and jobs."""
        return {
            kind: list(dict.fromkeys(name for table in self.tables.values() for name in table.get(kind, {})))
            for kind in ("services", "jobs")
        }


DERIVED = frozenset({"host", "hosts"})
"""Keys from which another environment derives a value of its own, unless its overlay has one (`config.entrance`)."""


def parted(tables: Mapping[str, dict[str, Any]], own: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the table that all environments share, and an overlay for each: merged, they give its whole table.

    The shared table has the own environment's values. A key that one environment lacks is in the overlays of all
    others, since an overlay cannot remove a key.
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
                if other != value or (key in DERIVED and env != own):
                    overlays[env][key] = copy.deepcopy(other)
    for env, table in tables.items():
        rest = {
            key: copy.deepcopy(value) for key, value in table.items() if key not in base and key not in overlays[env]
        }
        overlays[env] |= rest
    return base, overlays


TOO_MANY = f"The notes are too many for a file of {LARGEST} bytes"
"""The line in the place of notes with which the file would be larger than any that is read."""
USUAL_REGION: str = models.Config.model_fields["region"].default
REGION = f'# region = "…"                      # not known: {USUAL_REGION} until you write yours'


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
    file = "\n".join([*lines, *_notes(draft)]) + "\n"
    if len(file.encode()) <= LARGEST:
        return file
    return "\n".join([*lines, "", "", f"# {TOO_MANY}; `provision init` has shown them."]) + "\n"


def _notes(draft: Draft) -> Iterator[str]:
    """Yield the notes as comments, below their headings."""
    for heading, notes in headed(draft):
        yield from ("", "", f"# {heading} ({len(notes)}):")
        yield from (f"# - {_comment(str(one))}" for one in notes)


def headed(draft: Draft) -> Iterator[tuple[str, Sequence[Left]]]:
    """Yield the notes under two headings, without empty ones: losses, and differences that are none."""
    for heading, notes in (("Not carried over", draft.losses), ("Different here, or yours to say", draft.changes)):
        if notes:
            yield heading, notes


def _written(draft: Draft) -> list[str]:
    """Return the first lines of the file, which name its source."""
    by = f"# Written by `provision init --from {draft.source}`"
    if draft.asked:
        end = "and at its end the rest, which could not be carried over. docs/moving.md says how to go on."
        return [f"{by} of AWS's answers; nothing was changed there. Read it,", f"# {end}"]
    return [
        f"{by}, from files alone: no account was asked. Read it, and at",
        "# its end the rest, which could not be carried over. docs/moving.md says how to go on.",
    ]


def _comment(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)


KEYS = (
    "image", "build", "dockerfile", "target", "build_args", "architecture", "command", "entrypoint", "schedule",
    "timezone", "timeout", "retries",
    "port", "protocol", "tls", "public", "target_container", "essential", "depends_on", "hosts", "path",
    "sign_in", "sign_in_except", "health",
    "deregistration_delay", "sticky", "calls", "database", "redis", "launch", "cpu", "memory", "count", "scaling",
    "on_demand", "deployment", "circuit_breaker", "exec", "user", "read_only", "capabilities",
    "ephemeral_storage", "ulimits", "stop_timeout", "security_groups", "environment", "secrets", "sidecars",
)  # fmt: skip
"""The keys of a service, in the order in which they are written."""


def ordered(workload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of a service or a job with its keys in order."""
    places = {key: place for place, key in enumerate(KEYS)}
    return dict(sorted(workload.items(), key=lambda item: places.get(item[0], len(KEYS))))


def _tables(table: Mapping[str, Any], at: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of a table, and of the tables in it, each below its heading."""
    here = {key: value for key, value in table.items() if not _apart(at, key, value)}
    if here:
        yield from (["", f"[{toml_text.key(*at)}]"] if at else [""])
        yield from (f"{toml_text.key(key)} = {toml_text.value(value)}" for key, value in here.items())
    for key, value in table.items():
        if _apart(at, key, value):
            yield from _tables(value, (*at, key))


def _apart(at: Sequence[str], key: str, value: Any) -> bool:
    """Return whether a value is a table with a heading of its own: named by the user, or too long for one line."""
    if not isinstance(value, Mapping) or not value:
        return False
    of_named = (TABLE, "services", "jobs", "sidecars")
    named = key in of_named or (at and at[-1] in of_named) or not at
    return bool(named) or len(toml_text.value(value)) + len(key) > INLINE
