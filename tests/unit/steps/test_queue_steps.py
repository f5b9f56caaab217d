"""Queues and topics of services: their settings, the rights of tasks, the way to SQS, and the backlog."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from provisioner.config.models import Config
from provisioner.operations.planning import step_run
from provisioner.steps.endpoints import interface_services
from provisioner.steps.stack import Stack
from tests.unit.steps.test_capacity_steps import FACTS

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:ecs-sample-dev-work"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ecs-sample-dev-orders"
WORKER = {"image": "nginx:1", "queues": {"work": "receive"}}


def configured(worker: Any = None, **queue: Any) -> Config:
    web = {"image": "nginx:1", "port": 80, "queues": {"work": "send"}, "topics": ["orders"]}
    tables = {"queues": {"work": queue}, "topics": {"orders": {"queues": [] if queue.get("fifo") else ["work"]}}}
    return Config.model_validate({**tables, "services": {"web": web, "worker": WORKER | (worker or {})}})


def declared(key: str | None = None, worker: Any = None, **queue: Any) -> Stack:
    return step_run.declare(configured(worker, **queue), replace(FACTS, kms_key=key))


def desired(stack: Stack, address: str) -> Any:
    return cast("Any", stack.declared[address].resource)


def statements(stack: Stack, service: str) -> list[dict[str, Any]]:
    policies = desired(stack, f"role/task-{service}").inline_policies
    return [one for name, document in policies.items() if name.startswith("queues-") for one in document["Statement"]]


def test_dead_letters_have_a_queue_and_outlive_the_others() -> None:
    stack = declared(attempts=3)
    queue, dead = desired(stack, "queue/work"), desired(stack, "queue/work.dead")
    assert queue.redrive_policy == {"deadLetterTargetArn": "${queue/work.dead:arn}", "maxReceiveCount": 3}
    assert (dead.queue_name, dead.message_retention_period) == ("ecs-sample-dev-work-dead", 14 * 86_400)
    assert queue.message_retention_period < dead.message_retention_period
    assert queue.sqs_managed_sse_enabled
    assert dead.sqs_managed_sse_enabled


def test_each_task_has_its_own_rights_alone() -> None:
    stack = declared()
    sends, publishes = statements(stack, "web")
    assert (sends["Resource"], "sqs:SendMessage" in sends["Action"]) == (QUEUE, True)
    assert publishes == {"Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC}
    (receives,) = statements(stack, "worker")
    assert "sqs:DeleteMessage" in receives["Action"]
    assert "sqs:SendMessage" not in receives["Action"]


def test_a_key_encrypts_messages_and_tasks_use_it_by_the_service() -> None:
    stack = declared(KEY)
    queue = desired(stack, "queue/work")
    assert (queue.kms_master_key_id, queue.sqs_managed_sse_enabled) == (KEY, False)
    assert desired(stack, "topic/orders").kms_master_key_id == KEY
    _, decrypt = statements(stack, "worker")
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", KEY)
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}}


def test_only_its_topics_put_messages_into_a_queue() -> None:
    (statement,) = desired(declared(), "queue/work").policy["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC}}
    assert desired(declared(fifo=True), "queue/work").policy == {}
    subscription = desired(declared(), "subscription/orders.work")
    assert (subscription.endpoint, subscription.raw_message_delivery) == ("${queue/work:arn}", True)


def test_a_fifo_queue_has_fifo_dead_letters() -> None:
    stack = declared(fifo=True)
    assert {desired(stack, one).queue_name[-5:] for one in ("queue/work", "queue/work.dead")} == {".fifo"}


def test_tasks_learn_urls_and_arns() -> None:
    (own,) = desired(declared(), "task_definition/web").container_definitions
    assert {"name": "WORK_QUEUE_URL", "value": "${queue/work:id}"} in own["environment"]
    assert {"name": "ORDERS_TOPIC_ARN", "value": "${topic/orders:arn}"} in own["environment"]


def test_without_a_way_out_there_are_endpoints_to_both() -> None:
    config = configured()
    closed = config.model_copy(update={"network": config.network.model_copy(update={"egress": "none"})})
    assert {"sqs", "sns"} < {*interface_services(closed)}


def test_an_end_that_takes_longer_than_a_message_is_told() -> None:
    found = [text for text in declared(visibility_timeout=20).notices if "visibility_timeout" in text]
    assert ["of worker has to end" in text for text in found] == [True]
    assert not [text for text in declared(visibility_timeout=30).notices if "visibility_timeout" in text]


def test_a_backlog_counts_messages_under_way() -> None:
    scaling = {"scaling": {"min": 0, "backlog": {"queue": "work", "per_task": 10}}}
    tracking = desired(declared(worker=scaling), "scaling_policy/worker.backlog")
    settings = tracking.target_tracking_scaling_policy_configuration
    *metrics, running, backlog = settings["CustomizedMetricSpecification"]["Metrics"]
    assert settings["TargetValue"] == 10.0
    assert [one["MetricStat"]["Metric"]["MetricName"] for one in metrics] == [
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
        "RunningTaskCount",
    ]
    assert running["Expression"] == "FILL(tasks, 0)"
    # one message without a task is 11, and more than the target
    assert backlog["Expression"] == "(waiting + underway) * IF(running > 0, 1, 11) / IF(running > 0, running, 1)"
