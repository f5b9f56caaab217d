"""A cloud in the process of the test answers as one behind a port does; with NO_WORLD=1 the tests ask the latter."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from tests.cloud import world
from tests.cloud.conftest import REGION, EmbeddedCloud, refused
from tests.cloud.project import NETWORK, Project, project
from tests.cloud.proxy import refusing

__all__ = ["project"]

pytestmark = world.EMPTY


def test_a_call_with_another_key_is_refused(cloud: EmbeddedCloud) -> None:
    sts = boto3.client(
        "sts", region_name=REGION, endpoint_url=cloud.endpoint, aws_access_key_id="AKIA" + 32 * "A",
        aws_secret_access_key="testing",
    )  # fmt: skip
    with refused("InvalidClientTokenId"):
        sts.get_caller_identity()


def test_an_answer_says_when_it_was_given_and_how_long_it_is(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="some-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="some-bucket", Key="some-key", Body=b"twelve bytes")
    answer = s3.head_object(Bucket="some-bucket", Key="some-key")
    given = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    assert abs(given - cloud.time()) < 2
    assert answer["ContentLength"] == len(b"twelve bytes")
    assert s3.get_object(Bucket="some-bucket", Key="some-key")["Body"].read() == b"twelve bytes"


def test_each_call_is_made_once_and_passes_proxies(cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, send = list[str](), URLLib3Session.send

    def noting(self: URLLib3Session, request: object) -> AWSResponse:
        sent.append(str(getattr(request, "url", "")))
        return send(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(URLLib3Session, "send", noting)
    cloud.client("ecs").create_cluster(clusterName="one")
    assert len(sent) == 1
    assert [call["operation"] for call in cloud.calls(-1)].count("CreateCluster") == 1


def test_a_proxy_is_on_the_way_of_a_command(project: Project) -> None:
    with refusing(project.cloud.endpoint, {"CreateVpc": "VpcLimitExceeded"}) as address:
        project.reach(address)
        assert "VpcLimitExceeded" in project.up(*NETWORK, code=1).err
    project.reach(project.cloud.endpoint)
    project.up(*NETWORK)
