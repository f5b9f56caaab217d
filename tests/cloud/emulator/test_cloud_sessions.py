"""Sessions of the embedded cloud: access to their channels, and behaviour of AWS's agent that others lack."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.cloud.conftest import REGION, Network, refused
from tests.cloud.policies import allowing, asked, enforce, policy
from tests.cloud.sessions_rig import opened, signed

POLICY = policy(allowing("ssmmessages:*"))


def running(network: Network, **more: Any) -> dict[str, Any]:
    """A task with ECS Exec that runs, whose role lets the agent connect."""
    network.cloud.client("iam").put_role_policy(RoleName="task", PolicyName="exec", PolicyDocument=json.dumps(POLICY))
    ecs = network.cloud.client("ecs")
    # its program goes on until somebody stops it
    container = {"name": "web", "image": "web-runs-on:1", "portMappings": [{"containerPort": 80}]}
    network.definition("web", containerDefinitions=[container])
    request = {"taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network.awsvpc(), **more}
    (task,) = ecs.run_task(cluster="main", enableExecuteCommand=True, **request)["tasks"]

    def shown() -> dict[str, Any] | None:
        (found,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
        return found if found["lastStatus"] == "RUNNING" else None

    found: dict[str, Any] = network.cloud.wait(shown, "the task RUNNING")
    return found


def execute(ecs: Any, task: Mapping[str, Any], command: str) -> dict[str, str]:
    """Begin a session, and return its id, its URL and its token."""
    answer = ecs.execute_command(cluster="main", task=task["taskArn"], command=command, interactive=True)
    found: dict[str, str] = answer["session"]
    return found


def output(client: ClientConnection) -> str:
    """Read until the channel is closed, acknowledging each message, and return the output."""
    text = b""
    try:
        while True:
            message = client.recv(timeout=20)
            assert isinstance(message, bytes)
            kind, size = message[4:36].decode().strip(), struct.unpack(">I", message[:4])[0]
            if kind == "output_stream_data":
                text += message[size + 4 :]
                client.send(acknowledgement(message))
            elif kind == "channel_closed":
                return text.decode() + str(json.loads(message[size + 4 :])["Output"])
    except ConnectionClosed:
        return text.decode()


def acknowledgement(message: bytes) -> bytes:
    """The acknowledgement of a message, written from AWS's description alone."""
    told = json.dumps(
        {
            "AcknowledgedMessageType": "output_stream_data",
            "AcknowledgedMessageId": str(uuid.UUID(bytes=message[72:80] + message[64:72])),
            "AcknowledgedMessageSequenceNumber": struct.unpack(">q", message[48:56])[0],
            "IsSequentialMessage": True,
        }
    ).encode()
    head = struct.pack(">I32sIQqQ", 116, b"acknowledge".ljust(32), 1, int(time.time() * 1000), 0, 3)
    return head + uuid.uuid4().bytes + hashlib.sha256(told).digest() + struct.pack(">II", 0, len(told)) + told


def test_a_stranger_reads_what_a_command_writes(network: Network, ecs: Any) -> None:
    task = running(network)
    (agent,) = task["containers"][0]["managedAgents"]
    assert (agent["name"], agent["lastStatus"]) == ("ExecuteCommandAgent", "RUNNING")
    session = execute(ecs, task, "sh -c 'echo hello; exit 3'")
    assert session["sessionId"].startswith("ecs-execute-command-")
    with opened(network.cloud, session) as client:
        assert output(client) == f"hello\r\nExiting session with sessionId: {session['sessionId']}."
    with refused("DoesNotExistException"):
        network.cloud.client("ssm").resume_session(SessionId=session["sessionId"])


def test_openings_are_signed_and_clients_new(network: Network, ecs: Any) -> None:
    task = running(network)
    session = execute(ecs, task, "sh -c 'echo hello'")
    there = urlsplit(session["streamUrl"])
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for headers, status in (({}, 403), (signed(network.cloud, session["streamUrl"], "ssm"), 403)):
        address = f"http://{there.netloc}{there.path}?{there.query}"
        request = urllib.request.Request(address, headers={**upgrade, **headers})
        with pytest.raises(urllib.error.HTTPError) as found:
            urllib.request.urlopen(request, timeout=10)
        assert found.value.code == status
        found.value.close()
    with opened(network.cloud, session, "1.2.763.0") as client, pytest.raises(ConnectionClosed, match="not supported"):
        client.recv(timeout=10)
    other = {**session, "tokenValue": "x"}
    with opened(network.cloud, other) as client, pytest.raises(ConnectionClosed, match="token"):
        client.recv(timeout=10)
    with opened(network.cloud, session) as client:
        assert output(client).startswith("hello\r\n")


def test_a_session_that_nobody_uses_ends_after_twenty_minutes(network: Network, ecs: Any) -> None:
    session = execute(ecs, running(network), "sh")
    with opened(network.cloud, session) as client:
        assert client.recv(timeout=10)
        network.cloud.advance(1300)
        assert f"SessionId: {session['sessionId']} was terminated due to inactivity." in output(client)


def test_a_session_ends_with_its_task(network: Network, ecs: Any) -> None:
    task = running(network)
    with opened(network.cloud, execute(ecs, task, "sh")) as client:
        assert client.recv(timeout=10)
        ecs.stop_task(cluster="main", task=task["taskArn"])
        network.cloud.advance(60)
        assert "the agent is gone" in output(client)


def test_ports_are_forwarded_to_tasks_that_run_only(network: Network, ecs: Any) -> None:
    task, ssm = running(network), network.cloud.client("ssm")
    target = f"ecs:main_{task['taskArn'].rpartition('/')[2]}_{task['containers'][0]['runtimeId']}"
    begun = {"Target": target, "DocumentName": "AWS-StartPortForwardingSession"}
    parameters = {"portNumber": ["80"], "localPortNumber": ["8080"]}
    session = ssm.start_session(**begun, Parameters=parameters)
    assert ssm.terminate_session(SessionId=session["SessionId"])["SessionId"] == session["SessionId"]
    with refused("InvalidDocument"):
        ssm.start_session(Target=target, DocumentName="Mine", Parameters=parameters)
    with refused("TargetNotConnected"):
        ssm.start_session(**{**begun, "Target": f"{target}0"}, Parameters=parameters)
    network.cloud.client("iam").delete_role_policy(RoleName="task", PolicyName="exec")
    with refused("TargetNotConnected"):
        ssm.start_session(**begun, Parameters=parameters)
    # all that AWS says where the agent cannot connect (aws/aws-cli#6456)
    with refused("TargetNotConnectedException", "internal error"):
        execute(ecs, task, "sh")


def test_policies_are_asked_for_sessions(network: Network, ecs: Any) -> None:
    task = running(network)
    enforce(network.cloud, policy(allowing("ecs:*")))
    session = execute(ecs, task, "sh -c 'echo hello'")
    with pytest.raises(Exception, match="403"):
        connect(
            session["streamUrl"],
            additional_headers=signed(network.cloud, session["streamUrl"]),
            compression=None,
            proxy=None,
        )
    checked = {(one.check.action, one.check.resource) for one in asked(network.cloud)}
    assert ("ecs:ExecuteCommand", task["taskArn"]) in checked
    assert ("ecs:ExecuteCommand", task["clusterArn"]) in checked
    place = f"{REGION}:123456789012"
    assert ("ssmmessages:OpenDataChannel", f"arn:aws:ssm:{place}:session/{session['sessionId']}") in checked
    with refused("AccessDeniedException", "ssm:StartSession"):
        network.cloud.client("ssm").start_session(Target="ecs:main_x_y", DocumentName="AWS-StartPortForwardingSession")


def test_a_browser_opens_no_channel(network: Network, ecs: Any) -> None:
    session = execute(ecs, running(network), "sh")
    there = urlsplit(session["streamUrl"])
    with socket.create_connection((there.hostname or "", there.port or 0), 10) as connection:
        lines = [f"GET {there.path} HTTP/1.1", f"Host: {there.netloc}", "Origin: https://example.com", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        assert b"403" in connection.recv(100)
