"""Calls of AWS by containers: with the credentials of their task's role, and with no setting of their own."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import docker
import pytest

from ecs_emulator import control
from tests.cloud.conftest import REGION
from tests.cloud.project import Project
from tests.cloud.warm import ROOT

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
STACK = """
project = "post"
env = "dev"
region = "ap-northeast-1"
target = "local"

[network]
egress = "nat"
zones = 2

[services.idle]
build = "."
command = "sleep infinity"

[jobs.allowed]
extends = "idle"
command = "python3 /program.py"
policies = ["calls.json"]

[jobs.denied]
extends = "idle"
command = "python3 /program.py"

[jobs.own]
extends = "idle"
command = "python3 /program.py --variables"
environment = { AWS_ENDPOINT_URL = "http://minio.internal:9000", AWS_REGION = "eu-north-1" }
"""
DOCKERFILE = """
FROM public.ecr.aws/docker/library/python:3.13-slim
COPY requirements.lock /
RUN python3 -m pip install --no-cache-dir --no-deps --only-binary=:all: --require-hashes -r /requirements.lock
ENV AWS_EXECUTION_ENV=the-images-own
COPY program.py /
USER 10001:10001
"""
PROGRAM = """
import json, os, sys, time, urllib.request
import boto3
from botocore.exceptions import ClientError

if "--variables" in sys.argv:
    print(json.dumps({name: value for name, value in os.environ.items() if name.startswith("AWS_")}))
    raise SystemExit

def tried(call, **parameters):
    try:
        return call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]

def mail(subject):
    return {
        "Source": "shop@example.com",
        "Destination": {"ToAddresses": ["ada@example.org"]},
        "Message": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "hello"}}},
    }

sqs, ses, s3, ssm = map(boto3.client, ("sqs", "ses", "s3", "ssm"))
queue = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/jobs"
said = {"caller": boto3.client("sts").get_caller_identity()["Arn"]}
sent = tried(sqs.send_message, QueueUrl=queue, MessageBody="a job")
said["sent"] = sent if isinstance(sent, str) else "sent"
got = tried(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=5)
if isinstance(got, str):
    said["received"] = got
else:
    (message,) = got["Messages"]
    said["received"] = message["Body"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    began = time.monotonic()
    said["nothing left"] = "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)
    said["waited"] = 1.5 < time.monotonic() - began < 10
posted = tried(ses.send_email, **mail("one"))
said["mailed"] = posted if isinstance(posted, str) else "sent"
put = tried(s3.put_object, Bucket="photos", Key="large", Body=b"x" * 3_000_000)
said["put"] = put if isinstance(put, str) else "put"
read = tried(ssm.get_parameter, Name="/shop/greeting", WithDecryption=True)
said["parameter"] = read if isinstance(read, str) else read["Parameter"]["Value"]
item = tried(boto3.client("dynamodb").put_item, TableName="orders", Item={"id": {"S": "1"}})
said["item"] = item if isinstance(item, str) else "put"
kept = tried(boto3.client("secretsmanager").get_secret_value, SecretId="token")
said["secret"] = kept if isinstance(kept, str) else kept["SecretString"]
said["other"] = tried(ssm.get_parameter, Name="/bank/greeting")
said["signed"] = s3.generate_presigned_url("get_object", {"Bucket": "photos", "Key": "large"})
with urllib.request.urlopen(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task", timeout=5) as answer:
    task = json.load(answer)
said["task"] = [task["TaskARN"].rpartition("/")[2], task["Family"], task["AvailabilityZone"]]
print(json.dumps(said))
"""


def allowed(*pairs: tuple[str, str]) -> str:
    statements = [{"Effect": "Allow", "Action": actions.split(), "Resource": resource} for actions, resource in pairs]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


CALLS = allowed(
    ("sqs:SendMessage sqs:ReceiveMessage sqs:DeleteMessage", QUEUE),
    ("ses:SendEmail", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"),
    ("s3:PutObject s3:GetObject", "arn:aws:s3:::photos/*"),
    ("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/*"),
    ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:token-*"),
)


@pytest.fixture(scope="module")
def post(engine: docker.DockerClient, new_project: Callable[[], Project]) -> Project:
    """A stack of jobs that call AWS, and the resources that they use."""
    project = new_project()
    project.write(STACK)
    files = {"Dockerfile": DOCKERFILE, "program.py": PROGRAM, "calls.json": CALLS}
    for name, text in files.items():
        (project.directory / name).write_text(text)
    shutil.copy(ROOT / "examples" / "django" / "requirements.lock", project.directory)
    cloud = project.cloud
    cloud.client("sqs").create_queue(QueueName="jobs")
    cloud.client("ses").verify_domain_identity(Domain="example.com")
    cloud.client("s3").create_bucket(Bucket="photos", CreateBucketConfiguration={"LocationConstraint": REGION})
    cloud.client("ssm").put_parameter(Name="/shop/greeting", Value="hello", Type="SecureString")
    cloud.client("ssm").put_parameter(Name="/bank/greeting", Value="hello", Type="String")
    cloud.client("secretsmanager").create_secret(Name="token", SecretString="t0ken")
    cloud.client("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    project.up()
    control.set_clock(cloud.process, "real:20")
    return project


def said(project: Project, job: str) -> dict[str, Any]:
    """Run a job, and return the JSON document that it printed last."""
    found: dict[str, Any] = json.loads(project.run("run", job).out.splitlines()[-1])
    return found


def opened(address: str, headers: Mapping[str, str] | None = None) -> tuple[int, int]:
    """Return the status and the length of the answer to a request from this machine."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=dict(headers or {})), timeout=10) as answer:
            return answer.status, len(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, len(error.read())


def test_a_task_does_what_its_policies_allow(post: Project) -> None:
    answers = said(post, "allowed")
    task, family, zone = answers.pop("task")
    signed = answers.pop("signed")
    assert answers == {
        "caller": f"arn:aws:sts::{ACCOUNT}:assumed-role/post-dev-task-allowed/{task}",
        "sent": "sent",
        "received": "a job",
        "nothing left": True,
        "waited": True,
        "mailed": "sent",
        "put": "put",
        "parameter": "hello",
        "item": "put",
        "secret": "t0ken",
        "other": "AccessDeniedException",
    }
    assert (family, zone[:-1]) == ("post-dev-allowed", REGION)
    head = post.cloud.client("s3").head_object(Bucket="photos", Key="large")
    assert head["ContentLength"] == 3_000_000
    assert opened(signed) == (200, 3_000_000)
    # as a page of the stack's own has a browser ask for it
    assert opened(signed, {"Sec-Fetch-Site": "cross-site", "Referer": "https://127.0.0.1:8443/"}) == (200, 3_000_000)
    assert opened(signed.replace("large", "small"))[0] == 404
    assert opened(signed.partition("?")[0])[0] == 403


def test_a_task_without_policies_is_refused(post: Project) -> None:
    answers = said(post, "denied")
    refused = {name: answers[name] for name in ("sent", "received", "mailed", "put", "parameter", "item", "secret")}
    assert refused == {
        **dict.fromkeys(("sent", "received", "mailed", "put"), "AccessDenied"),
        **dict.fromkeys(("parameter", "item", "secret"), "AccessDeniedException"),
    }


def test_variables_of_the_definition_and_image_stay(post: Project) -> None:
    variables = said(post, "own")
    assert variables.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI").startswith(f"{post.cloud.endpoint}/_cloud/task/")
    assert variables == {
        "AWS_ENDPOINT_URL": "http://minio.internal:9000",
        "AWS_REGION": "eu-north-1",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": "the-images-own",
    }


def test_nothing_of_it_is_in_definitions_or_plans(post: Project) -> None:
    ecs = post.cloud.client("ecs")
    for arn in ecs.list_task_definitions()["taskDefinitionArns"]:
        (container,) = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]
        names = {one["name"] for one in container["environment"]}
        assert not {name for name in names if name.startswith(("AWS_", "ECS_"))} - {"AWS_ENDPOINT_URL", "AWS_REGION"}
    assert post.planned() == {}
