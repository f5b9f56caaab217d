"""Calls under an assumed role: its identity, and the calls that its policies, its boundary and its trust allow."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.policies import allowing, denying, organized, policy

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop"
TRUST = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"


def role(cloud: EmbeddedCloud, *statements: dict[str, Any], trust: dict[str, Any] = TRUST, **more: Any) -> None:
    """The role `shop` with these statements."""
    iam = cloud.client("iam")
    iam.create_role(RoleName="shop", AssumeRolePolicyDocument=json.dumps(policy(trust)), **more)
    if statements:
        iam.put_role_policy(RoleName="shop", PolicyName="own", PolicyDocument=json.dumps(policy(*statements)))


def on(resource: str, *actions: str, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **condition}


class Assumed:
    """The clients of a session of the role."""

    def __init__(self, cloud: EmbeddedCloud, sts: Any = None) -> None:
        given = (sts or cloud.client("sts")).assume_role(RoleArn=ROLE, RoleSessionName="one")["Credentials"]
        self.cloud = cloud
        self.session = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION
        )

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return self.session.client(service, endpoint_url=self.cloud.endpoint, config=config)


def refusal(call: Any, **parameters: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"].get("Message", "")


def test_a_session_is_who_it_says(cloud: EmbeddedCloud) -> None:
    role(cloud)
    said = Assumed(cloud).client("sts").get_caller_identity()
    assert said["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/shop/one"
    assert said["UserId"].endswith(":one")


def test_it_may_do_what_the_roles_policies_allow(cloud: EmbeddedCloud) -> None:
    role(cloud, on(QUEUE, "sqs:SendMessage"))
    url = cloud.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    sqs = Assumed(cloud).client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="one")
    status, code, words = refusal(sqs.receive_message, QueueUrl=url)
    assert (status, code) == (403, "AccessDenied")
    assert words == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/shop/one is not authorized to perform: sqs:ReceiveMessage on "
        f"resource: {QUEUE} because no identity-based policy allows the sqs:ReceiveMessage action"
    )


def test_the_boundary_and_a_denial_go_before(cloud: EmbeddedCloud) -> None:
    iam = cloud.client("iam")
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(policy(allowing("sqs:*", "s3:*"))))
    role(cloud, allowing("*"), denying("sqs:PurgeQueue"), PermissionsBoundary=limit["Policy"]["Arn"])
    url = cloud.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    mine = Assumed(cloud)
    mine.client("sqs").send_message(QueueUrl=url, MessageBody="one")
    assert "explicit deny in an identity-based policy" in refusal(mine.client("sqs").purge_queue, QueueUrl=url)[2]
    assert "no permissions boundary allows" in refusal(mine.client("sns").list_topics)[2]
    iam.delete_role_policy(RoleName="shop", PolicyName="own")
    assert "no identity-based policy allows" in refusal(mine.client("sqs").list_queues)[2]


def test_a_session_is_of_the_accounts_organization(cloud: EmbeddedCloud) -> None:
    role(cloud, allowing("s3:ListAllMyBuckets"))
    mine = Assumed(cloud).client("s3")
    organized(cloud, policy({**denying("s3:*"), "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}}}))
    assert refusal(mine.list_buckets)[2].endswith("with an explicit deny in a service control policy")
    ours = {"StringNotEquals": {"aws:PrincipalOrgID": "o-rehearsal1"}}
    organized(cloud, policy({**denying("s3:*"), "Condition": ours}))
    mine.list_buckets()


def test_a_role_that_is_gone_may_do_nothing(cloud: EmbeddedCloud) -> None:
    role(cloud, allowing("*"))
    s3 = Assumed(cloud).client("s3")
    s3.list_buckets()
    cloud.client("iam").delete_role_policy(RoleName="shop", PolicyName="own")
    cloud.client("iam").delete_role(RoleName="shop")
    assert refusal(s3.list_buckets)[:2] == (403, "AccessDenied")


@pytest.mark.parametrize(
    "principal", [{"Service": "ecs-tasks.amazonaws.com"}, {"AWS": "arn:aws:iam::111122223333:root"}]
)
def test_a_role_lets_in_whom_it_trusts(cloud: EmbeddedCloud, principal: dict[str, str]) -> None:
    role(cloud, allowing("*"), trust={**TRUST, "Principal": principal})
    call = cloud.client("sts").assume_role
    status, code, words = refusal(call, RoleArn=ROLE, RoleSessionName="one")
    assert (status, code) == (403, "AccessDenied")
    assert (
        words
        == f"User: arn:aws:iam::{ACCOUNT}:user/moto is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    )
    assert refusal(call, RoleArn=f"{ROLE}-none", RoleSessionName="one")[1] == "AccessDenied"


def test_each_items_table_is_asked_for(cloud: EmbeddedCloud) -> None:
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
    role(cloud, on(table, "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:BatchWriteItem"))
    for name in ("orders", "bills"):
        cloud.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
    dynamodb, item = Assumed(cloud).client("dynamodb"), {"id": {"S": "1"}}
    dynamodb.put_item(TableName="orders", Item=item)
    put = {"PutRequest": {"Item": item}}
    dynamodb.batch_write_item(RequestItems={"orders": [put]})
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "orders", "Item": item}}])
    denied = (400, "AccessDeniedException")
    assert refusal(dynamodb.put_item, TableName="bills", Item=item)[:2] == denied
    assert refusal(dynamodb.batch_write_item, RequestItems={"orders": [put], "bills": [put]})[:2] == denied
    moved = [{"Put": {"TableName": "bills", "Item": item}}]
    assert refusal(dynamodb.transact_write_items, TransactItems=moved)[:2] == denied
    assert refusal(dynamodb.scan, TableName="orders")[:2] == denied


def test_mails_are_sent_from_the_identity_that_is_verified(cloud: EmbeddedCloud) -> None:
    identity = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
    only = {"Condition": {"StringEquals": {"ses:FromAddress": "shop@example.com"}}}
    role(cloud, on(identity, "ses:SendEmail", **only))
    cloud.client("ses").verify_domain_identity(Domain="example.com")
    mine = Assumed(cloud)
    to, subject, body = {"ToAddresses": ["a@example.org"]}, {"Data": "hello"}, {"Text": {"Data": "hello"}}
    former = {"Destination": to, "Message": {"Subject": subject, "Body": body}}
    newer = {"Destination": to, "Content": {"Simple": {"Subject": subject, "Body": body}}}
    mine.client("ses").send_email(Source="The shop <shop@example.com>", **former)
    mine.client("sesv2").send_email(FromEmailAddress="shop@example.com", **newer)
    assert refusal(mine.client("ses").send_email, Source="boss@example.com", **former)[:2] == (403, "AccessDenied")
    refused = refusal(mine.client("sesv2").send_email, FromEmailAddress="boss@example.com", **newer)
    assert refused[:2] == (403, "AccessDeniedException")
    assert "ses:SendEmail" in refused[2]


def test_a_topic_is_published_to(cloud: EmbeddedCloud) -> None:
    arn = cloud.client("sns").create_topic(Name="orders")["TopicArn"]
    role(cloud, on(arn, "sns:Publish"))
    sns = Assumed(cloud).client("sns")
    sns.publish(TopicArn=arn, Message="one")
    assert refusal(sns.delete_topic, TopicArn=arn)[:2] == (403, "AuthorizationError")


def test_a_session_takes_another_role_only_if_it_may(cloud: EmbeddedCloud) -> None:
    role(cloud)
    sts = Assumed(cloud).client("sts")
    assert refusal(sts.assume_role, RoleArn=ROLE, RoleSessionName="one")[1] == "AccessDenied"
    text = json.dumps(policy(on(ROLE, "sts:AssumeRole")))
    cloud.client("iam").put_role_policy(RoleName="shop", PolicyName="own", PolicyDocument=text)
    Assumed(cloud, sts).client("sts").get_caller_identity()


def test_a_poll_for_messages_keeps_out_nobody(cloud: EmbeddedCloud) -> None:
    url = cloud.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    got: list[Any] = []
    began = time.monotonic()
    poll = threading.Thread(
        target=lambda: got.append(cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20))
    )
    poll.start()
    time.sleep(0.3)
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="one")
    poll.join(30)
    assert [message["Body"] for message in got[0]["Messages"]] == ["one"]
    assert time.monotonic() - began < 10


def test_cloud_control_calls_in_the_name_of_the_role(cloud: EmbeddedCloud) -> None:
    role(cloud, allowing("cloudformation:*"))
    control = Assumed(cloud).client("cloudcontrol")
    wanted = json.dumps({"QueueName": "jobs"})
    token = control.create_resource(TypeName="AWS::SQS::Queue", DesiredState=wanted)["ProgressEvent"]["RequestToken"]
    cloud.advance(60)
    event = control.get_resource_request_status(RequestToken=token)["ProgressEvent"]
    assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "AccessDenied")
    assert "QueueUrls" not in cloud.client("sqs").list_queues()


def test_how_long_an_object_is_is_said_of_it(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="photos", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="photos", Key="one", Body=b"x" * 1234)
    assert s3.head_object(Bucket="photos", Key="one")["ContentLength"] == 1234
