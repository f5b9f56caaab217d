"""Texts of the dashboard as lines and rows of plain text; the application sets their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioner.cost.estimate import alike, rough
from provisioner.engine.timeline import critical_path
from provisioner.engine.words import count
from provisioner.operations.pictures.view import One
from provisioner.render import log_lines, timeline
from provisioner.render.cost import incomplete
from provisioner.render.overview import service_cells, why
from provisioner.render.status import cost as cost_line
from provisioner.render.status import standing, url
from provisioner.render.text import cut, date, duration, table, visible, wrapped
from provisioner.render.view import resource

if TYPE_CHECKING:
    from provisioner.operations.inspection.log_reader import Line
    from provisioner.operations.pictures.dashboard import AlarmState, Dashboard
    from provisioner.operations.pictures.view import Node

SERVICES = ("service", "tasks", "healthy", "state", "rev", "deployment", "age", "image")
ALARMS = ("alarm", "state", "watches for")
BAR = 12
"""Cells of the longest bar of the cost."""
INDENT = 2
BARS = 76
"""The least columns with which a timeline has bars."""

CommandLine = Callable[..., str]
"""From a command's name, and its own options, to the command line that runs it on the same stack."""


def head(seen: Dashboard, command_line: CommandLine) -> list[str]:
    """Return the lines that name the stack and its condition as a whole."""
    status = seen.status
    if not status["resources"]:
        return [f"{status['stack']} on {status['target']}: no resources. Create the stack: {command_line('up')}."]
    first, *more = standing(status, command_line)
    return [first, "  ".join([*url(status), *cost_line(status)]), *more]


def trouble(seen: Dashboard, since: float | None) -> str:
    """Return the reason why AWS could not be asked, in a line; empty if AWS answered.

    Args:
        since: the time of AWS's last answer, in seconds since the epoch; None: none yet.
    """
    status = seen.status
    if status["live"] is not None or not status["resources"]:
        return ""
    if status["restarted"] is not None:
        return "the embedded cloud was restarted and is empty"
    return stale(status["live_unavailable"] or "no reason was given", since)


def stale(text: str, since: float | None) -> str:
    """Return the error and the age of the data on the screen."""
    shown = "" if since is None else f"the screen is of {moment(since)}; "
    return f"{shown}trying again: {text}"


def services(seen: Dashboard) -> dict[str, tuple[str, ...]]:
    """Return a row for each service, by name; none while AWS is not asked."""
    live = seen.status["live"]
    simulated = bool(seen.status.get("simulated"))
    return {one["name"]: _service(one, live["at"], simulated=simulated) for one in live["services"]} if live else {}


def _service(one: Mapping[str, Any], now: float, *, simulated: bool) -> tuple[str, ...]:
    name, tasks, healthy, revision, image, age, state = service_cells(one, now, simulated=simulated)
    return name, tasks, healthy, state.partition(",")[0], revision, deployment(one), age, image


def deployment(one: Mapping[str, Any]) -> str:
    """Return the progress of a service's deployment: its stage, and the new revision's share of the traffic."""
    if one["deployment"] != "in progress" or one["strategy"] == "ROLLING":
        return str(one["deployment"])
    weight = f"{one['weight']:g} % of the traffic" if one["weight"] is not None else ""
    return ", ".join(filter(None, (weight, one["stage"].replace("_", " ").lower()))) or str(one["deployment"])


def problem(seen: Dashboard, name: str) -> str:
    """Return a service's problem, its wait, or its last task failure; empty if nothing is known."""
    live = seen.status["live"]
    found = next((one for one in live["services"] if one["name"] == name), None) if live else None
    return why(found, live["at"]) if found else ""


def service(seen: Dashboard, name: str, width: int) -> list[str]:
    """Return all details of a service: its condition and its settings."""
    live = seen.status["live"]
    one = next((it for it in live["services"] if it["name"] == name), None) if live else None
    lines = [f"service {name}"]
    if one is not None:
        lines += [line for text in _condition(one, live["at"]) for line in wrapped(f"  {text}", width, 2 * INDENT)]
    return [*lines, "", *described(seen, f"service/{name}", width)]


def _condition(one: Mapping[str, Any], now: float) -> list[str]:
    asked = one["approval"]
    said = why(one, now)
    failure = one["last_failure"]
    told = {
        "state": one["state"],
        "tasks": f"{one['running']} of {one['desired']} running"
        + (f", {one['healthy']} healthy" if one["healthy"] is not None else ""),
        "problem": said,
        "last failure": f"{_moment(failure['at'])} {failure['why']}".lstrip() if failure else "",
        "deployment": f"{deployment(one)} ({one['strategy']})" if one["strategy"] else deployment(one),
        "began": _moment(one["began"]),
        "waits for": f"approval at {asked['stage']}, until {_moment(asked['until'])}" if asked else "",
        "revision": one["revision"],
        "image": one["image"],
        "digest": one["digest"],
        "runs on": ", ".join(one["capacity"]),
    }
    sidecars = [f"sidecar {it['name']}: {count(it['running'], 'task')} run it" for it in one["sidecars"]]
    return [*(f"{what}: {value}" for what, value in told.items() if value), *sidecars]


def _moment(seconds: float | None) -> str:
    return date(seconds) if seconds else ""


def described(seen: Dashboard, address: str, width: int) -> list[str]:
    """Return all details of a recorded resource: settings as in `provision show`, dependencies, dependents."""
    node = next((one for one in seen.view.nodes if one.address == address), None)
    if node is None:
        return [f"{address} is not recorded"]
    needs = [edge.needs for edge in seen.view.edges if edge.user == address]
    users = [edge.user for edge in seen.view.edges if edge.needs == address]
    _, *lines = resource(None, One(node, needs, users), width)
    whose = f"{node.kind} {node.workload}, " if node.workload else ""
    costs = seen.cost.by_address.get(address) if seen.cost else None
    money = [f"  costs about {rough(costs.usual)} USD a month"] if costs and costs.usual else []
    return [f"{address} ({whose}step {node.step})", *money, *lines]


def groups(seen: Dashboard, wanted: str) -> dict[str, list[Node]]:
    """Return the recorded resources that contain a text, by service or job and else by step."""
    found: dict[str, list[Node]] = {}
    for node in sorted(seen.view.nodes, key=lambda one: not one.workload):
        if not node.bookkeeping and matches(wanted, node.address, node.state, node.id or "", node.step, node.workload):
            title = f"{node.kind} {node.workload}" if node.workload else node.step or "(no step)"
            found.setdefault(title, []).append(node)
    return found


def matches(wanted: str, *texts: str) -> bool:
    """Return whether a text occurs in one of the others; upper and lower case count as equal."""
    return any(wanted.lower() in text.lower() for text in texts)


def cost(seen: Dashboard) -> list[str]:
    """Return the stack's costs: an hour, a month, and all resources, the dearest first."""
    if seen.cost is None:
        return ["nothing is recorded that costs anything"]
    sums = seen.cost.sums
    rows = sorted(alike(seen.cost.by_address), key=lambda row: -row[2].usual)
    most = max((each.usual for _, _, each in rows), default=0.0) or 1.0
    name = max((len(title) for title, _, _ in rows), default=0)
    return [
        f"{sums.hour:.2f} USD an hour, {rough(sums.usual)} a month",
        f"idle {rough(sums.idle)}, at most {rough(sums.most)} a month",
        *(
            f"{title:{name}}  {rough(each.usual):>6}  {'█' * round(each.usual / most * BAR)}".rstrip()
            for title, _, each in rows
        ),
        *incomplete(seen.cost),
    ]


def last_run(seen: Dashboard, width: int) -> list[str]:
    """Return the timeline of the newest run; in few columns its critical path, longest first."""
    run, stack = seen.run, seen.status["stack"]
    if run is None:
        return ["no run with a timeline is recorded"]
    if width >= BARS:
        return timeline.lines(run, stack, width)
    path = critical_path(run.timeline, run.seconds)
    longest = sorted(path, key=lambda one: one.start - one.end)
    rows = table((one.address, duration(one.end - one.start)) for one in longest)
    return [
        *wrapped(timeline.title(run, stack), width, 0),
        *wrapped(timeline.path_words(path, run.seconds), width, 0),
        *rows,
    ]


def alarm(one: AlarmState, stack: str) -> tuple[str, str, str]:
    """Return the row of an alarm; its name is without the stack's."""
    return one.name.removeprefix(f"{stack}-"), one.state, one.text


def log(line: Line, names: Sequence[str]) -> list[str]:
    """Return an event of a log as lines, without colours."""
    width = max(map(len, names), default=0) + 1 + log_lines.TASK_LETTERS
    plain = log_lines.Look({}, width, dated=False, readable=True)
    return log_lines.shown(plain, line.time, line.whose, line.task, line.text)


def moment(seconds: float) -> str:
    """Return the time of day on this machine."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%H:%M:%S")


def short(text: str, width: int) -> str:
    """Return a text in one line of so many columns."""
    return cut(visible(text), width)
