"""Scaling by metrics of one's own: the number of tasks follows a queue, from no task to many and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import Project

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
WORKER = f"""
[services.worker]
image = "{REGISTRY}/worker:1"

[services.worker.scaling]
min = 0
max = 5
scale_in_cooldown = 60

[services.worker.scaling.metrics.waiting]
namespace = "AWS/SQS"
name = "ApproximateNumberOfMessagesVisible"
dimensions = {{ QueueName = "work" }}
target = 2
"""
WEB = f"""
[dns]
domain = "example.com"

[services.web]
image = "{REGISTRY}/web:1"
port = 8080
public = true
scaling = {{ response_time = 0.5 }}
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    yield here
    here.close()


def running(project: Project) -> int:
    ecs = project.cloud.client("ecs")
    return int(ecs.describe_services(cluster=NAME, services=["worker"])["services"][0]["runningCount"])


def policies(project: Project) -> dict[str, Any]:
    """Return the metric that each policy follows, by the policy's name."""
    client = project.cloud.client("application-autoscaling")
    return {
        one["PolicyName"]: one["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
        for one in client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    }


def test_a_worker_follows_its_queue_from_no_task_on(project: Project) -> None:
    before = project.inventory()
    sqs = project.cloud.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    project.write(WORKER)
    project.up()
    assert (running(project), project.planned()) == (0, {})
    for number in range(20):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    project.cloud.advance(900)
    assert (running(project), project.planned()) == (5, {}), "the number is autoscaling's"
    sqs.purge_queue(QueueUrl=url)
    project.cloud.advance(1800)
    assert (running(project), project.planned()) == (0, {})
    project.write(WORKER.replace("target = 2", "target = 20"))
    assert set(project.planned()) == {"scaling_policy/worker.waiting"}
    project.up()
    project.write(WORKER.replace("metrics.waiting", "metrics.backlog"))
    assert set(project.planned()) == {"scaling_policy/worker.waiting", "scaling_policy/worker.backlog"}
    project.up()
    assert set(policies(project)) == {f"{NAME}-worker-backlog"}
    sqs.delete_queue(QueueUrl=url)
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


BACKLOG = f"""
[queues.work]
visibility_timeout = 3600

[services.worker]
image = "{REGISTRY}/worker:1"
queues = {{ work = "receive" }}
scaling = {{ min = 0, max = 5, scale_in_cooldown = 60, backlog = {{ queue = "work", per_task = 10 }} }}
"""


@pytest.mark.parametrize("more", ["", "[logs]\ninsights = false\n"], ids=["insights", "no insights"])
def test_a_worker_follows_its_backlog_from_no_task_on(project: Project, more: str) -> None:
    before, sqs = project.inventory(), project.cloud.client("sqs")
    project.write(BACKLOG + more)
    project.up()
    assert (running(project), project.planned()) == (0, {})
    url = sqs.get_queue_url(QueueName=f"{NAME}-work")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="first")
    project.cloud.advance(900)
    assert (running(project), project.planned()) == (1, {}), "one message brings the first task"
    for number in range(39):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    project.cloud.advance(900)
    assert running(project) == 4
    (held,) = sqs.receive_message(QueueUrl=url)["Messages"]
    while taken := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for one in taken:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    project.cloud.advance(1800)
    assert running(project) == 1, "a message is under way"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"])
    project.cloud.advance(1800)
    assert (running(project), project.planned()) == (0, {})
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_response_times_are_those_of_the_services_target_group(project: Project) -> None:
    project.write(WEB)
    project.up()
    assert project.planned() == {}
    (metric,) = policies(project).values()
    assert (metric["Namespace"], metric["MetricName"]) == ("AWS/ApplicationELB", "TargetResponseTime")
    balancer, group = metric["Dimensions"]
    assert balancer["Value"].startswith(f"app/{NAME}/")
    assert group["Value"].startswith(f"targetgroup/{NAME}-web/")
