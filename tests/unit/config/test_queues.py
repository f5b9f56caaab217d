"""The tables `[queues.NAME]` and `[topics.NAME]`, the keys of services, and `scaling.backlog`."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.queues import actions, name_of
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

WEB = '[services.web]\nimage = "web:1"\n'
TABLE = "[queues.work]\n"
TOPIC = '[topics.orders]\nqueues = ["work"]\n'


def written(directory: Path, text: str) -> Path:
    path = directory / "stack.toml"
    path.write_text(text)
    return path


def test_a_list_of_queues_is_to_send_and_receive(tmp_path: Path) -> None:
    text = f'{TABLE}[queues.old-mails]\n{TOPIC}{WEB}queues = ["work", "old-mails"]\ntopics = ["orders"]\n'
    config = load(written(tmp_path, text))
    assert config.services["web"].queues == {"work": True, "old-mails": True}
    assert config.variables_of("web") == ["WORK_QUEUE_URL", "OLD_MAILS_QUEUE_URL", "ORDERS_TOPIC_ARN"]


def test_queues_and_topics_are_inherited_and_taken_away(tmp_path: Path) -> None:
    text = (
        f'{TABLE}[queues.mails]\n{TOPIC}[defaults]\nqueues = {{ mails = "send" }}\n'
        f'{WEB}queues = ["work"]\ntopics = ["orders"]\n'
        '[services.worker]\nextends = "web"\nqueues = { work = "receive" }\ntopics = { orders = false }\n'
        '[jobs.none]\nimage = "web:1"\nqueues = false\n'
    )
    config = load(written(tmp_path, text))
    assert {name: dict(one.queues) for name, one in config.workloads.items()} == {
        "web": {"mails": "send", "work": True},
        "worker": {"mails": "send", "work": "receive"},
        "none": {},
    }
    assert {name: one.topics for name, one in config.workloads.items()} == {
        "web": ("orders",),
        "worker": (),
        "none": (),
    }


def backlog(table: str = 'queues = { work = "receive" }', scaling: str = "", queue: str = "work") -> str:
    return f'{WEB}{table}\nscaling = {{ {scaling}min = 0, backlog = {{ queue = "{queue}", per_task = 10 }} }}\n'


def test_a_backlog_brings_tasks_back_and_needs_no_cpu(tmp_path: Path) -> None:
    scaling = load(written(tmp_path, TABLE + backlog())).services["web"].scaling
    assert scaling is not None
    assert (scaling.targets, scaling.min) == ({}, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'{WEB}queues = ["work"]\n', "services.web.queues: there is no table [queues.work]: add it"),
        (f'{TABLE}{WEB}queues = ["works"]\n', 'did you mean "work"?'),
        (f'{TABLE}{WEB}queues = {{ work = "read" }}\n', 'services.web.queues.work: "read" is no right in a queue'),
        (f"{TABLE}{WEB}queues = true\n", "services.web.queues: must be a list of queues"),
        (
            f'{TABLE}{WEB}queues = ["work"]\nenvironment = {{ WORK_QUEUE_URL = "x" }}\n',
            "services.web.environment.WORK_QUEUE_URL: is set by the stack, because of queues: use another name",
        ),
        (
            f'{TABLE}{WEB}queues = ["work"]\ncalls = ["work-queue"]\n[services.work-queue]\nimage = "a:1"\nport = 1\n',
            "services.web.queues.work: WORK_QUEUE_URL is the address of a service that it calls too",
        ),
        (f"{TABLE}retention_days = 14\n{WEB}", "queues.work.retention_days"),
        (f"{TABLE}attempts = 0\n{WEB}", "queues.work.attempts"),
        (f"{TABLE}visibility_timeout = 43201\n{WEB}", "queues.work.visibility_timeout"),
        (f"{TABLE}[queues.work-dead]\n{WEB}", "queues.work-dead: is the name of the queue for dead letters of queues"),
        (f'{TABLE}{WEB}topics = ["orders"]\n', "services.web.topics: there is no table [topics.orders]: add it"),
        (f"{TOPIC}{WEB}", 'topics.orders.queues: there is no queue "work"'),
        (f"{TABLE}fifo = true\n{TOPIC}{WEB}", "topics.orders.queues: work has fifo = true, and a topic serves no FIFO"),
        (f"[topics.alarms]\n{WEB}", "topics.alarms: is the name of the topic of [alarms]"),
        (TABLE + backlog(queue="other"), "scaling.backlog.queue: there is no table [queues.other]"),
        (TABLE + backlog('queues = { work = "send" }'), "scaling.backlog.queue: it does not receive from work"),
        (
            f"[logs]\ninsights = false\n{TABLE}{backlog(scaling='cpu = 50, resolution = 20, ')}",
            "services.web.scaling.resolution: does not go with backlog and logs.insights = false",
        ),
    ],
)
def test_a_wrong_queue_is_told_with_key_and_fix(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, text))
    assert told in str(caught.value)


def test_the_longest_names_of_queues_stay_apart() -> None:
    stack, queue = "a" * 48, "b" * 40
    names = {
        name_of(stack, queue, fifo=fifo, dead=dead) for fifo in (True, False) for dead in (True, False)
    }  # fmt: skip
    assert len(names) == 4
    assert {len(one) for one in names} == {80}
    assert all(one.endswith(".fifo") for one in names if "." in one)


def test_senders_take_nothing_and_receivers_send_nothing() -> None:
    assert "sqs:ReceiveMessage" not in actions("send")
    assert "sqs:SendMessage" not in actions("receive")
    assert {*actions("send"), *actions("receive")} == {*actions(True)}
