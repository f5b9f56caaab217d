"""Read the data of `provision dash` again and again: the stack's condition, and the log of one service or job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import code_of, explaining, not_found
from provisioner.cost.estimate import alike, figures, summary
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.records.type_aliases import renamed
from provisioner.engine.timeline import critical_path
from provisioner.operations.impact import costs
from provisioner.operations.inspection import log_reader
from provisioner.operations.inspection.log_window import Window
from provisioner.operations.inspection.stack_watch import Watch
from provisioner.operations.pictures import view
from provisioner.resources.cloudwatch.alarms import states_of
from provisioner.state.model import StateError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Estimate
    from provisioner.operations.inspection.log_reader import Line
    from provisioner.operations.pictures.view import View
    from provisioner.state.model import Run, State

EVERY, LEAST, MOST = 5.0, 2.0, 3600.0
"""Seconds between two reads of the stack: the default, and the smallest and largest value of `--every`."""
LOG_SECONDS = 2.0
"""Seconds between two reads of the followed log."""
BACK = 600.0
"""The first read of a log begins so many seconds in the past."""
DEAREST = 3
"""The number of most expensive resources that the document names."""
MISSING = "MISSING"
"""The state of an alarm that CloudWatch does not have."""


@dataclass(frozen=True)
class AlarmState:
    """An alarm that the stack created, or that `deployment.alarms` of a service names.

    Attributes:
        state: `OK`, `ALARM`, `INSUFFICIENT_DATA` or `MISSING`.
        text: the condition that it watches; empty if another system created the alarm.
    """

    name: str
    state: str
    text: str


@dataclass(frozen=True)
class Dashboard:
    """A stack at one moment.

    Attributes:
        status: the document of `provision status`.
        view: the recorded resources.
        cost: the cost of the recorded resources on AWS; None if nothing is recorded.
        run: the newest run with a timeline; None if there is none.
        alarms: the alarms, first those in state `ALARM` or `MISSING`.
        env: the environment.
        at: the time of the read, in seconds since the epoch by this machine's clock.
    """

    status: Mapping[str, Any]
    view: View
    cost: Estimate | None
    run: Run | None
    alarms: Sequence[AlarmState]
    env: str
    at: float

    def document(self) -> dict[str, Any]:
        """Return the dashboard in its JSON form."""
        run, cost = self.run, self.cost
        return {
            "at": self.at,
            "env": self.env,
            "status": self.status,
            "cost": summary(cost) | {"largest": _dearest(cost)} if cost else None,
            "last_run": None
            if run is None
            else {
                "command": run.command,
                "started": run.started,
                "seconds": run.seconds,
                "result": run.result,
                "path": [asdict(segment) for segment in critical_path(run.timeline, run.seconds)],
            },
            "alarms": [asdict(one) for one in self.alarms],
        }


@dataclass(frozen=True)
class Written:
    """The new log lines of a service or job since the last read, or the reason why the log cannot be read."""

    name: str
    lines: Sequence[Line]
    trouble: str = ""


@dataclass(frozen=True)
class Trouble:
    """The error that prevented a read of the stack."""

    text: str


Told = Dashboard | Written | Trouble


@dataclass
class Wishes:
    """The user's requests to `follow`. The thread of the screen sets them; the reading thread obeys them.

    Attributes:
        log: the service or job whose log is followed; empty: none.
        at_once: read the stack now.
        ended: read no more.
        due: the time of the next read of the stack, by `time.monotonic`.
    """

    log: str = ""
    at_once: bool = False
    ended: bool = False
    due: float = field(default_factory=time.monotonic)
    changed: threading.Event = field(default_factory=threading.Event)

    def follow(self, name: str) -> None:
        """Request the log of a service or job; an empty name ends the log."""
        self.log = name
        self.changed.set()

    def refresh(self) -> None:
        """Request a read of the stack now."""
        self.at_once = True
        self.changed.set()

    def end(self) -> None:
        """Request the end of all reads."""
        self.ended = True
        self.changed.set()


def check_every(seconds: float) -> float:
    """Return the seconds between two reads of the stack, if they are in the allowed range.

    Raises:
        ConfigurationError: the number is below `LEAST`, which would strain AWS's rate limits, or above `MOST`.
    """
    if LEAST <= seconds <= MOST:
        return seconds
    raise ConfigurationError(
        f"--every {seconds:g}: write a number of seconds from {LEAST:g}, which spares AWS's rate limits, to {MOST:g}"
    )


def follow(watch: Watch, every: float, wishes: Wishes, tell: Callable[[Told], None]) -> None:
    """Read the stack every few seconds, and the requested log more often, until `wishes` end it.

    An error of AWS or of the state is passed to `tell`. The next read tries again and reloads the credentials.

    Args:
        every: seconds from the end of one read of the stack to the next.
        tell: receives each result, in this thread.
    """
    logs = _Logs()
    while not wishes.ended:
        try:
            if wishes.at_once or time.monotonic() >= wishes.due:
                wishes.at_once = False
                seen = _again(watch)
                wishes.due = time.monotonic() + every
                logs.groups = log_groups(seen.view)
                tell(seen)
            if (name := wishes.log) and watch.ways:
                tell(logs.read(watch.way(), name))
        except (ProvisionError, StateError) as error:
            wishes.due = time.monotonic() + every
            watch.leave()
            tell(Trouble(str(error)))
        soon = max(0.0, wishes.due - time.monotonic())
        # an onlooker waits by the machine's clock: it must not make the time of a rehearsal pass
        with watch.runtime.watching():
            wishes.changed.wait(min(soon, LOG_SECONDS) if wishes.log else soon)
        # a request from now on either wakes the next wait, or the next round reads it
        wishes.changed.clear()


def _again(watch: Watch) -> Dashboard:
    """Read the stack again without cached answers; if AWS gives no answer, the next read connects anew."""
    watch.again()
    seen = look(watch)
    if seen.status["live"] is None:
        watch.leave()
    return seen


def look(watch: Watch) -> Dashboard:
    """Return the stack as it is now. Makes only read calls.

    Raises:
        ProvisionError, StateError: the state cannot be read, or the credentials are of another account.
    """
    import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)

    config = watch.config
    state, status = watch.look()
    state.records = renamed(state.records)
    live = status["live"] is not None
    runs = [run for run in state.history if run.timeline]
    return Dashboard(
        status,
        view.recorded(config, state),
        costs.of_records(state.records, state.region, watch.options.directory) if state.records else None,
        runs[-1] if runs else None,
        _alarms(watch.way(), config, state) if live else (),
        config.env,
        time.time(),
    )


def _alarms(aws: Aws, config: Config, state: State) -> list[AlarmState]:
    """Return the alarms of the stack and of `deployment.alarms`, first those in state `ALARM` or `MISSING`."""
    texts = {
        str(one.id): str(one.arguments.get("alarm_description", "")).partition(": ")[2]
        for one in state.records.values()
        if one.type == "alarm" and one.id
    }
    named = [
        alarm
        for name, service in config.services.items()
        for alarm in service.deployment.alarm_names(config.name, name)
    ]
    names = [*dict.fromkeys([*texts, *named])]
    with explaining():
        states = states_of(aws, names)
    found = [AlarmState(name, states.get(name, MISSING), texts.get(name, "")) for name in names]
    return sorted(found, key=lambda one: (one.state not in ("ALARM", MISSING), one.name))


def log_groups(seen: View) -> dict[str, str]:
    """Return the ids of the recorded log groups, by the name of the service or job."""
    logs = {node.address.removeprefix(log_reader.GROUP): node for node in seen.nodes if node.type == "log_group"}
    return {name: node.id for name, node in logs.items() if node.id and name != node.address}


@dataclass
class _Logs:
    """The followed log. It remembers its position even after errors, so no line is lost."""

    groups: Mapping[str, str] = field(default_factory=dict)
    group: log_reader.Group | None = None

    def read(self, aws: Aws, name: str) -> Written:
        """Return the new lines of a service or job since the last read; the first read goes back `BACK` seconds."""
        if name not in self.groups:
            self.group = None
            return Written(name, (), "no log group is recorded")
        if self.group is None or self.group.name != name:
            start = Window(int((aws.pace.time() - BACK) * 1000))
            self.group = log_reader.Group(name, self.groups[name], start)
        # no signal reaches this thread
        lines = sorted(log_reader.look(aws, self.group, nullcontext), key=lambda line: line.time)
        error = self.group.failure
        if error is None:
            return Written(name, lines)
        if not_found(error, "logs"):
            self.group.token = ""
            return Written(name, lines, f"there is no log group {self.group.id}")
        return Written(name, lines, code_of(error) or f"{error}".rstrip("."))


def _dearest(estimate: Estimate) -> list[dict[str, Any]]:
    rows = sorted(alike(estimate.by_address), key=lambda row: -row[2].usual)[:DEAREST]
    return [{"resource": name, **figures(sums)} for name, _, sums in rows]
