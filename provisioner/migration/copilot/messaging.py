"""Translate `publish` and `subscribe` of Copilot's manifests into topics, queues and the rights of services."""

from __future__ import annotations

import math
import re
from typing import Any

from provisioner.config import queues, topics
from provisioner.config import validators as values
from provisioner.config.queues import DEAD_DAYS
from provisioner.migration.copilot.durations import duration, seconds
from provisioner.migration.copilot.findings import Workload
from provisioner.migration.yaml_tree import Value

DAY = 86_400
TIMEOUT = 30
"""Copilot's default seconds in which no other task gets a message (aws/copilot-cli, manifest of worker services)."""
NEW = "is made anew, and empty: messages in Copilot's stay there until its own tasks have taken them"


def publish(workload: Workload, value: Value) -> None:
    """Write the topics that a service or a job publishes to."""
    for one in (value.at("topics") or value).values:
        if not (name := _topic(workload, one, "publish.topics")):
            continue
        if (fifo := one.at("fifo")) and fifo.flag is not False:
            workload.leave(fifo, "publish.topics.fifo", "there are no FIFO topics here: the order may change")
        workload.gathered.table.setdefault("topics", {}).setdefault(name, {})
        workload.table.setdefault("topics", []).append(name)
        why = f"is in {topics.variable(name)} here, and in COPILOT_SNS_TOPIC_ARNS there: read that in the program"
        workload.tell(one, "publish.topics", why)


def subscribe(workload: Workload, value: Value) -> None:
    """Write the queue of a worker, and subscribe it to the topics that it names."""
    name = workload.name
    workload.gathered.table.setdefault("queues", {})[name] = _queue(workload, value.at("queue"))
    workload.table["queues"] = {name: "receive"}
    variable = queues.variable(name)
    workload.tell(value, "subscribe", f"{NEW}. Its URL is in {variable} here, and in COPILOT_QUEUE_URI there")
    for one in topic.values if (topic := value.at("topics")) else ():
        if found := _topic(workload, one, "subscribe.topics"):
            _join(workload, one, found)


def _join(workload: Workload, one: Value, topic: str) -> None:
    table = workload.gathered.table.setdefault("topics", {}).setdefault(topic, {})
    table.setdefault("queues", []).append(workload.name)
    workload.tell(one, "subscribe.topics", "messages come as they were published, without the envelope of SNS")
    for key in ("filter_policy", "filter_policy_scope"):
        if (left := one.at(key)) is not None:
            workload.leave(left, f"subscribe.topics.{key}", "the queue gets all messages of the topic here")
    if (own := one.at("queue")) is not None and own.flag is not False:
        workload.leave(own, "subscribe.topics.queue", "its messages go to the worker's one queue: add another by hand")


def _topic(workload: Workload, one: Value, key: str) -> str:
    """Return the name of a topic as it can be here; empty, and noted, if it cannot."""
    said = one.at("name")
    name = re.sub("[-_]+", "-", (said.text or "") if said else "").lower()
    if re.fullmatch(values.NAME, name) and name != topics.OWN:
        return name
    workload.leave(one, key, "has no name that a topic can have here: write [topics.NAME]")
    return ""


def _queue(workload: Workload, value: Value | None) -> dict[str, Any]:
    """Return the settings of a worker's queue."""
    found: dict[str, Any] = {"visibility_timeout": TIMEOUT}
    for key, one in value.table.items() if value else ():
        given = seconds(one)
        if key == "timeout" and given is not None:
            found["visibility_timeout"] = given
        elif key == "retention" and given is not None:
            found |= _retention(workload, one, given)
        elif key == "dead_letter" and (tries := one.at("tries")) and tries.number:
            found["attempts"] = tries.number
        else:
            workload.leave(one, f"subscribe.queue.{key}", _WHY.get(key, "is not known here"))
    if value and "attempts" not in found:
        workload.tell(value, "subscribe.queue", _NO_DEAD_LETTERS)
    return found


def _retention(workload: Workload, value: Value, given: int) -> dict[str, int]:
    days = math.ceil(given / DAY)
    if days >= DEAD_DAYS:
        workload.leave(value, "subscribe.queue.retention", f"is {DEAD_DAYS - 1} days here: dead letters outlive it")
    return {"retention_days": min(days, DEAD_DAYS - 1)}


def backlog(workload: Workload, value: Value) -> dict[str, Any]:
    """Return the backlog that `count.queue_delay` means: the messages that a task works off in the wanted time."""
    latency, each = (duration(one) if (one := value.at(key)) else None for key in _DELAY)
    if workload.name not in workload.table.get("queues", {}) or not latency or not each or latency < each:
        workload.leave(value, "count.queue_delay", "names no queue and no two times by which tasks could be scaled")
        return {}
    return {"backlog": {"queue": workload.name, "per_task": int(latency / each)}}


_DELAY = ("acceptable_latency", "msg_processing_time")
_WHY = {
    "delay": "messages are not delayed here: set DelaySeconds where they are sent",
    "fifo": "a topic serves no FIFO queue here: the order may change",
}
_NO_DEAD_LETTERS = "a message that was received 5 times is a dead letter here; without tries it comes again there"
