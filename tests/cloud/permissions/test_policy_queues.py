"""Queues and topics under exactly the printed policies, and tasks under their role and the boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.permissions.test_policy_buckets import print_policies
from tests.cloud.permissions.test_policy_verbs import denials
from tests.cloud.policies import ALL, enforce, policy
from tests.cloud.project import SMALL, Project, kms_key, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

LIFE = ("plan", "up --yes", "plan", "list", "recover --yes")
REST = """
[jobs.consumer]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
queues = { work = "receive" }
[queues.work]
[queues.other]
[topics.orders]
queues = ["work"]
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack with two queues and a topic under a key; its service sends and publishes, and its job receives."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    used = SMALL.replace("public = true\n", 'public = true\nqueues = { work = "send" }\ntopics = ["orders"]\n')
    here.write(f'kms_key = "{kms_key(cloud)}"\n{used}{REST}')
    yield here
    enforce(cloud)
    here.close()


def as_task(project: Project, name: str, service: str) -> Any:
    """A client of a service with the rights of a workload's tasks."""
    role = {"RoleName": f"{NAME}-task-{name}"}
    iam, sts = project.cloud.client("iam"), project.cloud.client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(**role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    keys = sts.assume_role(RoleArn=iam.get_role(**role)["Role"]["Arn"], RoleSessionName="task")["Credentials"]
    return boto3.client(
        service,
        region_name="ap-northeast-1",
        endpoint_url=project.cloud.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def refused(call: Any, **parameters: Any) -> bool:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "AuthorizationError")


def test_nothing_is_denied_and_tasks_do_what_their_rights_say(project: Project) -> None:
    print_policies(project)
    assert {words: found for words in LIFE if (found := denials(project, words))} == {}
    enforce(project.cloud, policy(ALL))
    sender, receiver = as_task(project, "frontend", "sqs"), as_task(project, "consumer", "sqs")
    work = sender.get_queue_url(QueueName=f"{NAME}-work")["QueueUrl"]
    other = work.replace("-work", "-other")
    sender.send_message(QueueUrl=work, MessageBody="one")
    as_task(project, "frontend", "sns").publish(
        TopicArn=f"arn:aws:sns:ap-northeast-1:123456789012:{NAME}-orders", Message="two"
    )
    assert refused(sender.receive_message, QueueUrl=work)
    assert refused(sender.send_message, QueueUrl=other, MessageBody="one")
    taken = receiver.receive_message(QueueUrl=work, MaxNumberOfMessages=10)["Messages"]
    assert sorted(one["Body"] for one in taken) == ["one", "two"]
    receiver.delete_message(QueueUrl=work, ReceiptHandle=taken[0]["ReceiptHandle"])
    assert refused(receiver.send_message, QueueUrl=work, MessageBody="one")
    assert refused(receiver.purge_queue, QueueUrl=work)

    # policies of a stack that never had a queue do for its end too
    print_policies(project)
    assert denials(project, "up --yes") == []
    assert denials(project, "down --yes") == []
    project.write(SMALL)
    print_policies(project)
    assert {words: found for words in ("up --yes", "down --yes") if (found := denials(project, words))} == {}
