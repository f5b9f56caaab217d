"""The resources of a stack and their condition as tables; and the embedded cloud's own condition."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from provisioner.cost.estimate import rough
from provisioner.engine.words import count, size
from provisioner.render.text import WIDE, cells, date, say, sentence, table, visible
from provisioner.state.counted import counted, is_counted

TIMES = frozenset({"created", "changed"})
"""The fields of a record that are moments."""

NOTES = 3
"""The most notes about scaled or paused services that are shown."""


def lines(document: Mapping[str, Any], command_line: Callable[..., str], width: int = WIDE) -> list[str]:
    """Return the status document (see `provisioner.operations.inspection.stack_status.document`) for a person.

    Args:
        command_line: from a command's name, and its own options, to the command line that runs it on the same stack.
        width: the columns of the terminal: an id that does not fit gets a line of its own.
    """
    resources, locked = document["resources"], _locked(document)
    head = f"{document['stack']} on {document['target']}"
    if not resources:
        return [f"{head}: no resources. Create the stack: {command_line('up')}.", *locked]
    if document["restarted"] is not None:
        number = counted(resource["address"] for resource in resources)
        what = f"{head}: {count(number, 'resource')} recorded, but the embedded cloud was restarted"
        return [
            f"{what} ({date(document['restarted'])}) and is empty. Create them again: {command_line('up')}.",
            *locked,
        ]
    body = [*standing(document, command_line), ""]
    rows = table((f"  {resource['address']}", resource["phase"], resource["id"] or "") for resource in resources)
    for step, pairs in groupby(zip(resources, rows, strict=True), key=lambda pair: pair[0]["step"]):
        body.append(step or "(no step)")
        body += [line for resource, row in pairs for line in _whole_id(row, resource["id"] or "", width)]
    return [*body, "", *_live(document, command_line("up", "--new-ami")), *url(document), *cost(document)]


def _whole_id(row: str, id: str, width: int) -> list[str]:
    """Return the row of a resource, with its id on a line of its own if the terminal would break it."""
    shown = visible(id)
    if cells(row) <= width or not shown:
        return [row]
    return [row.removesuffix(shown).rstrip(), f"      {shown}"]


def standing(document: Mapping[str, Any], command_line: Callable[..., str]) -> list[str]:
    """Return the stack's name and place, the number of ready resources, and the command that works on it."""
    locked = _locked(document)
    resources = [resource for resource in document["resources"] if is_counted(resource["address"])]
    ready, going = (sum(resource["phase"] == phase for resource in resources) for phase in ("ready", "deleting"))
    known = "ready" if document["live"] is not None else "recorded as ready"
    place = f"{document['stack']} on {document['target']} ({document['account']}, {document['region']})"
    body = [f"{place}: {ready} of {count(len(resources), 'resource')} {known}", *locked]
    if going and not locked:
        body.append(f"`down` stopped while deleting {count(going, 'resource')}. To finish: {command_line('down')}.")
    elif going:
        body.append(f"{count(going, 'resource')} being deleted")
    notes = document["notes"]
    more = [f"note: … and {len(notes) - NOTES} more: {command_line('plan')}"] if len(notes) > NOTES else []
    return [*body, *(f"note: {visible(text)}" for text in notes[:NOTES]), *more]


def _locked(document: Mapping[str, Any]) -> list[str]:
    return [f"locked by {visible(document['locked_by'])}"] if document["locked_by"] else []


def cost(document: Mapping[str, Any]) -> list[str]:
    """Return the stack's cost on AWS, in a line; empty if it is unknown."""
    told = document.get("cost")
    if not told or not told["usual"]:
        return []
    about = "at least" if told["missing"] else "about"
    return [f"cost {about} {told['hour']:.2f} USD an hour on AWS, {rough(told['usual'])} a month"]


def url(document: Mapping[str, Any]) -> list[str]:
    """Return the URL of the stack, if it has a load balancer that stays, and of each service if they differ."""
    staying = {one["address"].partition("/")[0] for one in document["resources"] if one["phase"] != "deleting"}
    # an existing listener has rules of the stack, and its load balancer is another's
    if not staying & {"load_balancer", "listener_rule"}:
        return ["url  none: there is no load balancer"]
    if document.get("simulated"):
        # these names lead elsewhere: nothing here answers
        on_aws = f": on AWS {document['url']}" if document["url"] else ""
        return [f"url  none here, without Docker{on_aws}"]
    here = document["local_url"]
    each = [f"url  {one}  {name}{' on AWS' if here else ''}" for name, one in document.get("urls", {}).items()]
    return [f"url  {here or document['url']}", *each]


def _live(document: Mapping[str, Any], new_ami: str) -> list[str]:
    live = document["live"]
    if live is None:
        return [sentence(f"Live status unavailable: {document['live_unavailable'] or 'no reason was given'}"), ""]
    services = [
        (
            s["name"],
            f"{s['running']}/{s['desired']}",
            s["revision"],
            s["rollout"] if s["strategy"] == "ROLLING" else f"{s['strategy']} {s['rollout']}",
            ", ".join(s["capacity"]),
            "; ".join(filter(None, ("simulated" if document.get("simulated") else "", _told(s)))),
        )
        for s in live["services"]
    ]
    instances = [
        (
            *(
                i["id"],
                i["status"],
                "connected" if i["connected"] else "disconnected",
                i["type"],
                str(i["tasks"]),
                i["ami"],
            ),
            _replaced(i, new_ami),
        )
        for i in live["instances"]
    ]
    amis = [(a["id"], a["name"] or "", _age(a["days"]), _newer(a, new_ami, live["instances"])) for a in live["amis"]]
    databases = [(d["name"], d["status"], d["host"] or "", d["problem"]) for d in live["databases"]]
    return [
        *_block(("service", "tasks", "revision", "deployment", "capacity", ""), services),
        *_block(("instance", "status", "agent", "type", "tasks", "ami", ""), instances),
        *_block(("ami", "name", "age", ""), amis),
        *_block(("database", "status", "host", ""), databases),
        *_stores(live),
    ]


def _stores(live: Mapping[str, Any]) -> list[str]:
    """Return a table of each kind of stores that the stack has."""
    caches = [(one["name"], one["status"], one["host"] or "") for one in live["caches"]]
    queues = [(one["name"], messages(one)) for one in live["queues"]]
    volumes = [
        (one["name"], one["status"], one["id"], "" if one["bytes"] is None else size(one["bytes"]))
        for one in live["volumes"]
    ]
    tables = (
        (("redis", "status", "host"), caches),
        (("queue", "messages"), queues),
        (("volume", "status", "file system", "size"), volumes),
    )
    return [line for head, rows in tables if rows for line in _block(head, rows)]


def messages(queue: Mapping[str, Any]) -> str:
    """Return the numbers of a queue's messages in words, or its status if SQS does not have it."""
    if queue["waiting"] is None:
        return str(queue["status"])
    told = [f"{queue['waiting']} waiting"]
    told += [
        f"{queue[part]} {words}" for part, words in (("in_work", "in work"), ("delayed", "delayed")) if queue[part]
    ]
    told += [count(queue["dead_letters"], "dead letter")] if queue["dead_letters"] else []
    return ", ".join(told)


def _replaced(instance: Mapping[str, Any], new_ami: str) -> str:
    """Return the reason why an instance is to be replaced, and the command that does it."""
    if instance["misfit"]:
        return "not of a declared instance type or purchase option: `provision up` replaces it"
    return (
        f"launched from an earlier version of the launch template: {new_ami} replaces it"
        if instance["outdated"]
        else ""
    )


def _told(service: Mapping[str, Any]) -> str:
    """Return a service's problem, its wait, and the foreign deployment of its revision, if any."""
    deployed = f"{service['deployed']}, deployed by somebody else" if service.get("deployed") else ""
    return "; ".join(filter(None, [service["problem"], awaited(service), deployed]))


def awaited(service: Mapping[str, Any]) -> str:
    """Return the question that a deployment waits for until a person answers."""
    if (asked := service.get("approval")) is None:
        return ""
    until = f" until {datetime.fromtimestamp(asked['until'], UTC):%Y-%m-%d %H:%M} UTC" if asked["until"] else ""
    then = "goes on" if asked["then"] == "continue" else "rolls back"
    return f"waits at {asked['stage']} for `provision deploy {service['name']} --approve`{until}, then ECS {then}"


def _age(days: int | None) -> str:
    return "" if days is None else count(days, "day")


def _newer(ami: Mapping[str, Any], new_ami: str, instances: Sequence[Any]) -> str:
    """Return the words that AWS recommends another AMI, if there are instances."""
    if not instances or ami["newest"] in (None, ami["id"]):
        return ""
    return f"AWS recommends {ami['newest']}: use {new_ami}"


def _block(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [*table([head, *rows]), ""] if rows else [f"no {head[0]}s", ""]


def record_lines(record: Mapping[str, Any]) -> list[str]:
    """Return a record as lines: simple values in a table, nested ones as JSON below their name."""
    simple = {k: v for k, v in record.items() if not isinstance(v, dict | list)}
    nested = {k: v for k, v in record.items() if isinstance(v, dict | list) and v}
    text = table((key, _value(key, value)) for key, value in simple.items())
    for key, value in nested.items():
        text += [key, *(f"  {line}" for line in json.dumps(value, indent=2, ensure_ascii=False).splitlines())]
    return text


def _value(key: str, value: Any) -> str:
    if key in TIMES and value:
        return date(value)
    return "" if value is None else str(value)


def cloud(running: Mapping[str, Any] | None, hung: float, as_json: bool) -> None:
    """Print whether the embedded cloud runs, and its endpoint.

    Args:
        running: the fields of `CloudProcess`, and the time on its clock.
        hung: the seconds that one call has blocked it, if too many.
    """
    if as_json:
        say([json.dumps({"running": running is not None} | dict(running or {}) | ({"hung": hung} if hung else {}))])
    elif running is None:
        say(["The embedded cloud is not running. Start it: `provision cloud start` or `provision up`."])
    else:
        say(
            [
                "The embedded cloud is running.",
                f"  endpoint    {running['endpoint']}",
                f"  access key  {running['key']} (with any secret; `provision cloud env` sets both for other tools)",
                f"  dns         127.0.0.1:{running['dns_port']}",
                f"  domain      {running['domain']}",
                f"  clock       {running['clock']}, at {_calendar(running['epoch'] + running['now'])}",
                f"  durations   {running['durations']}",
                f"  process     {running['pid']}",
            ]
        )
        if hung:
            stop = "`provision cloud stop` ends it, and deletes everything in it"
            say([f"One call has blocked it for {hung:.0f} s. {stop}."])


def _calendar(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def environment(variables: Mapping[str, str], as_json: bool) -> None:
    """Print settings as JSON, or as lines for a shell."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    say([json.dumps(dict(variables))] if as_json else lines)


def stopped(was_running: bool, as_json: bool) -> None:
    """Print that the embedded cloud has been stopped."""
    text = (
        "Stopped the embedded cloud and deleted everything in it."
        if was_running
        else "The embedded cloud was not running."
    )
    say([json.dumps({"stopped": was_running}) if as_json else text])


def delegated(domain: str, up: str, as_json: bool) -> None:
    """Print that a domain is now delegated."""
    text = f"{domain} is now delegated to the embedded cloud. To resume: {up}."
    say([json.dumps({"delegated": domain}) if as_json else text])
