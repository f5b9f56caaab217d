"""The first screen of `status`: a line for each service and workload, problems first."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provisioner.engine.words import DAY, age, count, size
from provisioner.operations.inspection.verdicts import wrong
from provisioner.render.status import awaited, cost, messages, standing, url
from provisioner.render.status import lines as all_lines
from provisioner.render.text import ago, cells, cut, sentence, table, visible

MOST = 20
"""Lines of the first screen."""
WIDTH = 80
"""Columns of a screen that is not drawn on a terminal."""
LINES = 3
"""The most lines for a service's problem, if there is room."""
FEW = {"databases": 2, "stores": 3, "jobs": 3, "certificates": 2}
"""The lines of each part below the services; jobs get more if there is room."""
HEAD = ("  service", "tasks", "healthy", "rev", "image", "age", "state")
IMAGE, NAME = 8, 14
"""The least columns that cut images and names keep."""
MARKS = {"serving": "=", "deploying": "~", "off": ".", "deleting": "."}
DIGEST = 8
"""Characters of a digest that are shown."""


def lines(
    document: Mapping[str, Any], command_line: Callable[..., str], width: int = WIDTH, mark: str = "…"
) -> list[str]:
    """Return the status document for a person, in at most `MOST` lines. Only the URL may be longer than the width.

    Args:
        command_line: from a command's name, and its own options, to the command line that runs it on the same stack.
        mark: the mark at the end of a cut line or list.
    """
    # no line has more marks than one for the name, one for the image, and one at its end
    drawn = _lines(document, command_line, width - 3 * (len(mark) - 1))
    return [line.replace("…", mark) for line in drawn]


def _lines(document: Mapping[str, Any], command_line: Callable[..., str], width: int) -> list[str]:
    live = document["live"]
    if not document["resources"] or document["restarted"] is not None:
        return all_lines(document, command_line)
    top = standing(document, command_line)
    if live is None:
        unavailable = sentence(f"Live status unavailable: {document['live_unavailable'] or 'no reason was given'}")
        return [*top, *url(document), unavailable, f"All resources: {command_line('status', '--all')}"]
    more = command_line("status", "--all")
    above = [*(cut(line, width) for line in top), *url(document), *cost(document), ""]
    taken = len(above) + sum(2 if why(one, live["at"]) else 1 for one in live["services"])
    below = _below(live, width, command_line("up", "--new-ami"), more, MOST - taken)
    room = MOST - len(above) - len(below) - (1 if below else 0)
    simulated = bool(document.get("simulated"))
    services = _services(live["services"], live["at"], width, room, more, simulated=simulated)
    return [*above, *services, *([""] if below else []), *below]


def _services(
    services: Sequence[Mapping[str, Any]], now: float, width: int, room: int, more: str, *, simulated: bool
) -> list[str]:
    """Return the table of the services in so many lines at most, services with a problem first."""
    if not services:
        return ["no services"]
    ordered = sorted(services, key=lambda one: (not wrong("services", one), one["state"] == "serving"))
    fit = len(ordered) if len(ordered) < room else max(room - 2, 1)
    shown, left = ordered[:fit], len(ordered) - fit
    head, *rows = _table([service_cells(one, now, simulated=simulated) for one in shown], width)
    spare = room - 1 - len(shown) - (1 if left else 0)
    body: list[str] = []
    for one, row in zip(shown, rows, strict=True):
        body.append(row)
        told = _wrapped(why(one, now), width, min(spare, LINES))
        spare -= len(told)
        body += told
    return [head, *body, *([cut(f"… and {left} more: {more}", width)] if left else [])]


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """Return a service's problem in so many lines at most."""
    if not text or most < 1:
        return []
    line = visible(" ".join(text.split()))
    indent = " " * 4
    wrap = textwrap.TextWrapper(width, initial_indent=indent, subsequent_indent=indent, max_lines=most, placeholder="…")
    return [cut(one, width) for one in wrap.wrap(line)]


def _table(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Return the rows with their head as lines of so many columns at most: images are cut first, then names."""
    name, image = 0, HEAD.index("image")
    widths = [max(map(cells, column)) for column in zip(HEAD, *rows, strict=True)]
    over = sum(widths) + 2 * (len(HEAD) - 1) - width
    for column, least in ((image, IMAGE), (name, NAME)):
        less = min(max(over, 0), max(widths[column] - least, 0))
        widths[column] -= less
        over -= less
    shown = table(tuple(cut(text, most) for text, most in zip(row, widths, strict=True)) for row in (HEAD, *rows))
    return [cut(line, width) for line in shown]


def service_cells(one: Mapping[str, Any], now: float, *, simulated: bool = False) -> tuple[str, ...]:
    """Return the row of a service, below `HEAD`.

    Args:
        simulated: whether no container runs: nothing serves then.
    """
    revision = one["revision"].rpartition(":")[2]
    digest = one["digest"].removeprefix("sha256:")[:DIGEST]
    state, deployment = one["state"], one["deployment"]
    telling = deployment not in ("", "completed") and state in ("down", "degraded")
    return (
        f"{MARKS.get(state, '!')} {one['name']}",
        f"{one['running']}/{one['desired']}",
        "" if one["healthy"] is None else str(one["healthy"]),
        revision,
        " ".join(filter(None, (one["tag"], digest))),
        age(now - one["began"]) if one["began"] else "",
        "simulated" if simulated and state == "serving" else f"{state}, {deployment}" if telling else state,
    )


def why(one: Mapping[str, Any], now: float) -> str:
    """Return a service's problem, its wait, or a recent failure of one of its tasks."""
    if told := "; ".join(filter(None, (one["problem"], awaited(one)))):
        return told
    failure = one["last_failure"]
    if failure:
        when = f" {ago(now - failure['at'])}" if failure["at"] else ""
        return f"last failure{when}: {failure['why']}"
    failed = [
        f"sidecar {it['name']} has failed in {count(it['failed'], 'task')}" for it in one["sidecars"] if it["failed"]
    ]
    deployed = [f"{one['deployed']}, deployed by somebody else"] if one["deployed"] else []
    return "; ".join([*failed, *deployed])


def _below(live: Mapping[str, Any], width: int, new_ami: str, more: str, room: int) -> list[str]:
    """Return the lines below the services; jobs get the lines that the other parts leave of so many."""
    now = live["at"]
    parts = {
        "databases": {"databases": _database},
        "stores": {"caches": _cache, "queues": _queue, "volumes": _volume},
        "jobs": {"jobs": lambda one: f"job {one['name']}  {_ran(one, now)}"},
        "certificates": {"certificates": lambda one: f"certificate {one['name']}  {_certificate(one, now)}"},
    }
    told = {
        name: [(not wrong(part, one), text(one)) for part, text in texts.items() for one in live[part]]
        for name, texts in parts.items()
    }
    others = sum(min(len(told[part]), FEW[part]) for part in told if part != "jobs") + bool(live["instances"])
    # the head of the table and a blank line are there as well
    few = FEW | {"jobs": max(FEW["jobs"], room - others - 2)}
    below: list[str] = []
    for part, rows in told.items():
        marked = sorted(rows)
        kept = marked if len(marked) <= few[part] else marked[: few[part] - 1]
        below += [f"{'=' if fine else '!'} {text}" for fine, text in kept]
        if left := len(marked) - len(kept):
            below.append(f"… and {left} more {part}: {more}")
    if live["instances"]:
        below.append(_instances(live, new_ami))
    return [cut(line, width) for line in below]


def _database(one: Mapping[str, Any]) -> str:
    return f"database {one['name']}  " + "; ".join(filter(None, (one["status"], one["problem"])))


def _cache(one: Mapping[str, Any]) -> str:
    return f"redis {one['name']}  {one['status']}"


def _volume(one: Mapping[str, Any]) -> str:
    told = "" if one["bytes"] is None else f", {size(one['bytes'])}"
    return f"volume {one['name']}  {one['status']}{told}"


def _queue(one: Mapping[str, Any]) -> str:
    return f"queue {one['name']}  {messages(one)}"


def _ran(job: Mapping[str, Any], now: float) -> str:
    last = job["last_run"]
    if not last:
        return "no run is known" if not job["schedule"] else f"no run in the last hour; {job['schedule']}"
    when = ago(now - last["at"]) if last["at"] else ""
    return ": ".join(filter(None, (f"{last['result']} {when}".rstrip(), last["why"])))


def _certificate(one: Mapping[str, Any], now: float) -> str:
    left = f"expires in {count(int((one['expires'] - now) // DAY), 'day')}" if one["expires"] else one["status"]
    return f"{left}; {one['problem']}" if one["problem"] else left


def _instances(live: Mapping[str, Any], new_ami: str) -> str:
    instances = live["instances"]
    lost = sum(wrong("instances", one) for one in instances)
    types = ", ".join(sorted({one["type"] for one in instances}))
    text = f"{count(len(instances), 'instance')}  {types}"
    text += f", {lost} disconnected" if lost else ""
    for ami in live["amis"]:
        text += f", AMI {age(ami['days'] * DAY)} old" if ami["days"] is not None else ""
    outdated = sum(one["outdated"] for one in instances)
    if outdated:
        text += f", {outdated} outdated: {new_ami}"
    elif any(ami["newest"] not in (None, ami["id"]) for ami in live["amis"]):
        text += f", newer: {new_ami}"
    return f"{'!' if lost else '='} {text}"
