"""Messages about unreadable answers: they name the answer, and never its content."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from provisioner.aws.answers import UnreadableAnswer
from provisioner.aws.call_log import CallLog
from provisioner.aws.errors import explained
from provisioner.engine.errors import OutcomeUnknown
from tests.ways import way

SECRET = "correct-horse-battery-staple-0001"
CLUSTER = {"DBClusterIdentifier": "shop", "Engine": "aurora-mysql", "MasterUserPassword": SECRET}
Call = tuple[str, str, dict[str, Any]]

GET: Call = ("ssm", "get_parameter", {"Name": "/shop/password", "WithDecryption": True})
CREATE: Call = ("rds", "create_db_cluster", CLUSTER)
LIST: Call = ("rds", "describe_db_clusters", {})
ZONES: Call = ("route53", "list_hosted_zones", {})
CUT_OFF = f"<CreateDBClusterResponse><CreateDBClusterResult><P>{SECRET}</P>"
WRONG = f"<CreateDBClusterResponse><P>{SECRET}</P></CreateDBClusterResponse>"
DATE = (
    f"<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster><Port>{SECRET}</Port></DBCluster>"
    "</DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>"
)
PARAMETER = json.dumps({"Parameter": {"Name": "/shop/password", "Value": SECRET}})


class Raw:
    """A body as urllib3 has it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Any:
        """Yield it in one piece."""
        yield self.body


@pytest.mark.parametrize(
    ("call", "status", "body", "raised"),
    [
        (CREATE, 200, CUT_OFF, OutcomeUnknown),
        (CREATE, 200, WRONG, OutcomeUnknown),
        (CREATE, 400, CUT_OFF, UnreadableAnswer),
        (LIST, 200, CUT_OFF, UnreadableAnswer),
        (LIST, 200, DATE, UnreadableAnswer),
        (ZONES, 200, CUT_OFF, UnreadableAnswer),
        (GET, 200, PARAMETER[:-2], UnreadableAnswer),
        (GET, 200, f"<html>{SECRET}</html>", UnreadableAnswer),
        (GET, 200, json.dumps([SECRET]), UnreadableAnswer),
        (GET, 200, json.dumps({"Parameter": SECRET}), UnreadableAnswer),
        (GET, 200, f"\xff{SECRET}", UnreadableAnswer),
        (GET, 400, PARAMETER[:-2], UnreadableAnswer),
        (GET, 501, PARAMETER[:-2], ClientError),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_cannot_be_read_is_named_and_not_shown(
    tmp_path: Path, call: Call, status: int, body: str, raised: type[Exception]
) -> None:
    service, method, parameters = call
    log, content = CallLog(tmp_path / "calls.jsonl"), body.encode("latin-1")
    session = boto3.Session("testing", "testing", region_name="ap-northeast-1")
    client = way(session, endpoint="http://127.0.0.1:9", log=log).client(service)
    client.meta.events.register(
        "before-send", lambda request, **_: AWSResponse(request.url, status, HTTPHeaders(), Raw(content))
    )
    with pytest.raises(raised) as caught:
        getattr(client, method)(**parameters)
    said = str(explained(caught.value))
    if raised is not ClientError:
        operation = client.meta.method_to_api_mapping[method]
        assert f"the answer to {operation} cannot be read (HTTP {status}, {len(content)} bytes)" in said
    shown = "".join(traceback.format_exception(caught.value)) + (tmp_path / "calls.jsonl").read_text()
    assert (SECRET in shown, SECRET in said) == (False, False)
    assert f"HTTP {status}" in shown or f'"status":{status}' in shown


def test_what_can_be_read_is_as_ever() -> None:
    session = boto3.Session("testing", "testing", region_name="ap-northeast-1")
    client = way(session, endpoint="http://127.0.0.1:9").client("ssm")
    bodies = iter([PARAMETER, json.dumps({"__type": "ParameterNotFound", "message": "no"})])
    statuses = iter([200, 400])
    client.meta.events.register(
        "before-send",
        lambda request, **_: AWSResponse(request.url, next(statuses), HTTPHeaders(), Raw(next(bodies).encode())),
    )
    assert client.get_parameter(Name="/a")["Parameter"]["Value"] == SECRET
    with pytest.raises(ClientError, match="ParameterNotFound"):
        client.get_parameter(Name="/a")


def test_an_error_of_another_kind_is_left_as_it_is() -> None:
    session = boto3.Session("testing", "testing", region_name="ap-northeast-1")
    client = way(session, endpoint="http://127.0.0.1:9").client("ssm")

    def fail(**_: Any) -> None:
        raise ValueError("of ours")

    client.meta.events.register("before-call", fail)
    with pytest.raises(ValueError, match="of ours"):
        client.get_parameter(Name="/a")
