"""The content of a state: one record for each resource, and the history of the runs with their timelines."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from sys import intern
from typing import Any, Literal, Self, get_args

from provisioner.state import checks
from provisioner.state.variables import as_held

SCHEMA = 3
HISTORY = 50
"""The number of runs in the history."""
TIMELINES = 3
"""The number of runs that keep their timeline: the newest that have one."""

RERUN = "Fix that, then run the same command again: it resumes from the recorded state"
"""The advice when the state cannot be written."""
RESTORE = "Restore an earlier version, or run `provision recover`"
"""The advice when the state cannot be understood."""
REBUILD = "`provision recover` rebuilds the state from the account"
"""The advice when the state contradicts itself."""

Phase = Literal["creating", "created", "ready", "deleting"]


class StateError(Exception):
    """The state is unusable; nothing was changed. The message says the reason and the remedy.

    Attributes:
        code: the error family that `provision explain` describes.
    """

    code = "state"


class StateLocked(StateError):
    """Another command holds the state's lock; `holder` is a phrase about that command."""

    code = "state-locked"

    def __init__(self, holder: str, more: str = "") -> None:
        super().__init__(f"the state is locked by {holder}{more}. Wait for that command to end, or add --wait")
        self.holder = holder


class StateUnavailable(StateError):
    """The state's store gives no answer now, or keeps changing: the state is not known.

    Attributes:
        unanswered: whether the store gave no answer at all.
    """

    code = "state-unavailable"

    def __init__(self, message: str, *, unanswered: bool = False) -> None:
        super().__init__(message)
        self.unanswered = unanswered


class StateTooNew(StateError):
    """A newer version of this tool wrote the state."""

    code = "state-too-new"


class ForeignState(StateError):
    """The state belongs to another stack, account or region."""

    code = "foreign-state"


FORMER = {"made": "created", "removed": "deleted", "kept": "retained"}
"""The present names of results, by their names in earlier versions' histories."""
FORMER_PARTS = {"kind": "type", "asked": "arguments", "needs": "dependencies"}
"""The present names of a record's parts, by their names in documents and journals of schema 1."""


@dataclass(frozen=True)
class Record:
    """A resource as last known.

    `phase` is `creating` from before the create call until its id is durable, then `created`, then `ready`; `deleting`
    from before the first delete call. `arguments` holds the declared fields, without the values of environment
    variables (`state/variables.py`). `outputs` holds AWS's answers that other resources or `down` need. `dependencies`
    are the addresses of the resources that this one depends on. Times are seconds since the epoch.
    """

    address: str
    type: str
    phase: Phase
    token: str
    id: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    step: str = ""
    created: float | None = None
    changed: float = 0.0

    def __post_init__(self) -> None:
        # however a record is built, it never holds the value of a variable
        object.__setattr__(self, "arguments", as_held(self.type, self.arguments))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build a record from its JSON form; raises `StateError` when a part is missing, unknown or of a wrong type."""
        parts = _renamed(data)
        if why := cls.wrong(parts):
            raise StateError(f"a record of the state cannot be read: {why}. {RESTORE}")
        return cls(**parts)

    @classmethod
    def from_row(cls, address: str, row: Any) -> Self:
        """Build a record from its row in the document; equals `from_dict`, but is faster."""
        if not isinstance(row, Mapping):
            raise StateError(f"a record of the state cannot be read: it is not a JSON object. {RESTORE}")
        if [*row] != _ROW or not _plainly_right(address, *row.values()):
            return cls.from_dict({**row, "address": address})
        # the constructor takes four times as long
        record = cls.__new__(cls)
        parts = vars(record)
        parts["address"] = address
        parts.update(row)
        parts["arguments"] = as_held(row["type"], row["arguments"])
        # most records share these words: keep each only once in memory
        for name in ("type", "phase", "step"):
            parts[name] = intern(parts[name])
        parts["dependencies"] = [*map(intern, parts["dependencies"])]
        return record

    def row(self) -> dict[str, Any]:
        """Return the record's row in the document, where its address is the key."""
        parts = vars(self)
        return {key: parts[key] for key in _ROW}

    @staticmethod
    def wrong(data: Mapping[str, Any]) -> str:
        """Return a description of a missing, unknown or mistyped part of a record's JSON form; empty if it is right."""
        return checks.wrong(data, _RECORD, _RECORD_NEEDED)


@dataclass(frozen=True)
class Span:
    """A resource's part of a run's time. Moments are seconds since the run's start; None: not reached.

    Attributes:
        result: its result (created, changed, deleted, and so on), or `failed` or `unfinished`.
        began: its turn came, since all its dependencies were ready.
        called: AWS answered the write, so that dependents could begin which need the resource only to exist.
        ended: it was ready, proved gone, or failed.
        after: the address of its last dependency to be ready; None if it could begin at once.
    """

    address: str
    step: str
    result: str
    began: float
    called: float | None = None
    ended: float | None = None
    after: str | None = None


@dataclass(frozen=True)
class Run:
    """One finished or cut-off run of a command. Times are seconds since the epoch."""

    command: str
    started: float
    seconds: float
    result: str
    counts: dict[str, int] = field(default_factory=dict)
    timeline: list[Span] = field(default_factory=list)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build a run from its JSON form; raises `StateError` when a part is missing, unknown or of a wrong type."""
        if why := cls.wrong(data):
            raise StateError(f"its history cannot be read: {why}. {RESTORE}")
        counts = {FORMER.get(result, result): count for result, count in data.get("counts", {}).items()}
        spans = [
            Span(**{**span, "result": FORMER.get(span["result"], span["result"])}) for span in data.get("timeline", [])
        ]
        return cls(**{**data, "counts": counts, "timeline": spans})

    @staticmethod
    def wrong(data: Mapping[str, Any]) -> str:
        """Return a description of a missing, unknown or mistyped part of a run's JSON form; empty if it is right."""
        return checks.wrong(data, _RUN, _RUN.keys() - {"counts", "timeline"})


@dataclass
class State:
    """The whole document. `lineage` identifies this state for its whole life, `serial` counts its written versions."""

    stack: str
    account: str = ""
    region: str = ""
    lineage: str = field(default_factory=lambda: uuid.uuid4().hex)
    serial: int = 0
    writer: str = ""
    records: dict[str, Record] = field(default_factory=dict)
    history: list[Run] = field(default_factory=list)

    def guard(self, stack: str, account: str, region: str) -> None:
        """Bind a new state to its account and region, or refuse a foreign one.

        Raises:
            ForeignState: the state was written for another stack, account or region.
        """
        for what, mine, theirs in (
            ("stack", stack, self.stack),
            ("account", account, self.account),
            ("Region", region, self.region),
        ):
            if theirs and theirs != mine:
                raise ForeignState(
                    f"this state belongs to {what} {theirs}, but this command is for {what} {mine}. "
                    f"Use the right --env, --profile or Region, or another --state-dir"
                )
        self.stack, self.account, self.region = stack, account, region

    def first(self, type_name: str) -> Record | None:
        """Return the first record of a resource type that has an id; the only one for a type used once in a stack."""
        return next((record for record in self.records.values() if record.type == type_name and record.id), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the document in its JSON form."""
        return {
            "schema": SCHEMA,
            "writer": self.writer,
            "lineage": self.lineage,
            "serial": self.serial,
            "stack": self.stack,
            "account": self.account,
            "region": self.region,
            "records": {address: record.row() for address, record in sorted(self.records.items())},
            "history": [asdict(run) for run in _thinned(self.history[-HISTORY:])],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the state from its JSON form, which must be of the current schema; records may be built already.

        Raises:
            StateError: a part is missing or of the wrong shape.
        """
        if why := checks.wrong(data, _STATE, _STATE.keys() - {"writer", "history"}):
            raise StateError(f"it is not a state document: {why}. {RESTORE}")
        return cls(
            stack=data["stack"],
            account=data["account"],
            region=data["region"],
            lineage=data["lineage"],
            serial=data["serial"],
            writer=data.get("writer", ""),
            records={a: r if isinstance(r, Record) else Record.from_row(a, r) for a, r in data["records"].items()},
            history=[Run.from_dict(run) for run in data.get("history", [])],
        )


_PHASES = frozenset(get_args(Phase))
_RECORD: Mapping[str, checks.Check] = {
    "address": lambda value: bool(value) and checks.text(value),
    "type": checks.text,
    "phase": lambda value: isinstance(value, str) and value in _PHASES,
    "token": checks.text,
    "id": checks.optional(checks.text),
    "arguments": checks.table,
    "outputs": checks.table,
    "dependencies": checks.texts,
    "step": checks.text,
    "created": checks.optional(checks.number),
    "changed": checks.number,
}
_ROW = [part.name for part in fields(Record) if part.name != "address"]
_RECORD_NEEDED = frozenset({"address", "type", "phase", "token"})
_SPAN: Mapping[str, checks.Check] = {
    "address": checks.text,
    "step": checks.text,
    "result": checks.text,
    "began": checks.moment,
    "called": checks.optional(checks.moment),
    "ended": checks.optional(checks.moment),
    "after": checks.optional(checks.text),
}
_RUN: Mapping[str, checks.Check] = {
    "command": checks.text,
    "started": checks.number,
    "seconds": checks.number,
    "result": checks.text,
    "counts": checks.counts,
    "timeline": lambda value: isinstance(value, list) and not any(checks.wrong(s, _SPAN, _SPAN) for s in value),
}
_STATE: Mapping[str, checks.Check] = {
    "schema": checks.whole,
    "writer": checks.text,
    "lineage": checks.text,
    "serial": checks.whole,
    "stack": checks.text,
    "account": checks.text,
    "region": checks.text,
    "records": checks.table,
    "history": lambda value: isinstance(value, list),
}


def _plainly_right(
    address: Any,
    type_name: Any,
    phase: Any,
    token: Any,
    id: Any,
    arguments: Any,
    outputs: Any,
    dependencies: Any,
    step: Any,
    created: Any,
    changed: Any,
) -> bool:
    """Return whether all parts of a record are right, checked together in a quarter of the time.

    It may be False for a right record, but is never True for a wrong one.
    """
    if not (type(dependencies) is list and type(arguments) is type(outputs) is dict):
        return False
    if not type(created) is type(changed) is float:
        return False
    try:
        together = "".join((address, type_name, token, id or "", step, *dependencies))
        known = phase in _PHASES and (id is None or type(id) is str)
    except TypeError:
        return False
    short = len(together) <= checks.LENGTH and together.isprintable()
    return known and bool(address) and short and 0 <= created < checks.MOST and 0 <= changed < checks.MOST


def _renamed(data: Any) -> Any:
    """Return a record's JSON form with the present part names; a non-table or a present form is returned unchanged."""
    if not isinstance(data, Mapping) or any(new in data for new in FORMER_PARTS.values()):
        return data
    return {FORMER_PARTS.get(name, name): value for name, value in data.items()}


def _thinned(history: Sequence[Run]) -> list[Run]:
    """Return the runs with their timelines removed, except the newest few timelines."""
    kept = [run for run in history if run.timeline][-TIMELINES:]
    return [run if run in kept else replace(run, timeline=[]) for run in history]


def check_bound(state: State) -> State:
    """Return a state that names the account and Region of its records: else foreign resources could be deleted.

    Raises:
        StateError: the account or the Region is missing.
    """
    if state.records and not (state.account and state.region):
        raise StateError(
            f"the state is inconsistent: it has {len(state.records)} records, but no account or Region. "
            f"Restore it from a backup; {REBUILD}"
        )
    return state
