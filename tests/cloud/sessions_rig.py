"""A client of others for the data channels of sessions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from websockets.sync.client import ClientConnection, connect

from tests.cloud.conftest import REGION, EmbeddedCloud


def signed(cloud: EmbeddedCloud, url: str, service: str = "ssmmessages") -> dict[str, str]:
    """The headers that sign the opening of a channel."""
    keys = cloud.credentials()
    session = boto3.Session(keys["aws_access_key_id"], keys["aws_secret_access_key"], region_name=REGION)
    request = AWSRequest("GET", url.replace("ws://", "http://"))
    SigV4Auth(session.get_credentials(), service, REGION).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


@contextmanager
def opened(cloud: EmbeddedCloud, session: Mapping[str, str], version: str = "1.2.764.0") -> Iterator[ClientConnection]:
    """A session's channel, by a WebSocket of others."""
    url = session["streamUrl"]
    with connect(url, additional_headers=signed(cloud, url), compression=None, proxy=None) as client:
        first = {"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "TokenValue": session["tokenValue"]}
        client.send(json.dumps({**first, "ClientId": str(uuid.uuid4()), "ClientVersion": version}))
        yield client
