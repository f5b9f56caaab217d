"""Access to the embedded cloud: no web page, no other user, and nobody with more than it can bear."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import resource
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest

from ecs_emulator import control, manage
from ecs_emulator.lock import CloudLock
from ecs_emulator.wsgi import LARGEST
from tests.cloud.conftest import HANGS, REGION, EmbeddedCloud, refused

PATHS = (
    ("GET", "/"),
    ("POST", "/"),
    ("GET", "/_cloud/health"),
    ("POST", "/_cloud/stop"),
    ("POST", "/_cloud/reset"),
    ("POST", "/moto-api/reset"),
    ("POST", "/moto-api/recorder/start-recording"),
    ("POST", "/moto-api/recorder/upload-recording"),
    ("GET", "/moto-api/data.json"),
    ("POST", "/states?delete"),
    ("GET", "/v2/"),
)


def ask(cloud: EmbeddedCloud, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Send one request as it stands; the names of headers have `_` for `-`."""
    connection = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"), timeout=120)
    try:
        connection.request(method, path, body or None, {name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Content_Type": "text/plain"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "169.254.169.254"},
    ],
    ids=str,
)
def test_a_web_page_is_refused_even_with_the_key(
    cloud: EmbeddedCloud, method: str, path: str, headers: dict[str, str]
) -> None:
    key = {"Authorization": f"Bearer {cloud.process.key}"}
    status, text = ask(cloud, method, path, b"x" if method == "POST" else b"", **headers, **key)
    assert (status, text[:4]) == (403, b"not ")
    assert manage.hung(cloud.process) == 0


def test_what_was_there_is_there_after_a_page_has_tried(cloud: EmbeddedCloud) -> None:
    cloud.client("ecs").create_cluster(clusterName="kept")
    for method, path in PATHS:
        ask(cloud, method, path, Origin="https://evil.example")
        if path != "/v2/":
            ask(cloud, method, path)
    assert len(cloud.client("ecs").list_clusters()["clusterArns"]) == 1


def test_without_the_key_of_this_start_nothing_is_answered(cloud: EmbeddedCloud) -> None:
    codes = {
        ("ec2", "describe_vpcs"): "AuthFailure",
        ("ecs", "list_clusters"): "UnrecognizedClientException",
        ("iam", "list_roles"): "InvalidClientTokenId",
        ("route53", "list_hosted_zones"): "InvalidClientTokenId",
        ("s3", "list_buckets"): "InvalidAccessKeyId",
        ("ssm", "describe_parameters"): "UnrecognizedClientException",
    }
    for (service, operation), code in codes.items():
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=cloud.endpoint,
            aws_access_key_id=control.new_key(),
            aws_secret_access_key="guessed",
        )
        with refused(code, "provision cloud status"):
            getattr(client, operation)()
    assert ask(cloud, "GET", "/")[0] == 403
    assert ask(cloud, "POST", "/bucket?delete", b"<Delete/>")[0] == 403
    for name in ("log", "kill", "faults", "entries"):
        assert ask(cloud, "GET", f"/_cloud/{name}")[0] == 403
    for name in ("reset", "stop", "kill", "faults", "delegate"):
        assert ask(cloud, "POST", f"/_cloud/{name}")[0] == 403
        assert ask(cloud, "POST", f"/_cloud/{name}", Authorization="Bearer guessed")[0] == 403
    assert ask(cloud, "GET", "/v2/")[0] == 401


def test_a_request_signed_in_its_address_counts_as_signed(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="signed", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="signed", Key="a", Body=b"text")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "a"})
    assert ask(cloud, "GET", address.removeprefix(cloud.endpoint)) == (200, b"text")
    assert ask(cloud, "GET", "/signed/a")[0] == 403


def test_of_motos_own_paths_there_is_none(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    key: dict[str, Any] = {"Authorization": f"Bearer {cloud.process.key}"}
    for path in ("/moto-api/", "/moto-api/reset", "/moto-api/data.json", "/moto-api/recorder/upload-recording"):
        assert ask(cloud, "POST", path, b"{}", **key)[0] == 404
        assert ask(cloud, "GET", path, **key)[0] == 404
    assert not Path("moto_recording").exists()


# -- bodies ------------------------------------------------------------------------------------------------------------


def connected(cloud: EmbeddedCloud) -> socket.socket:
    """Return a new connection."""
    host, _, port = cloud.endpoint.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=HANGS)


def signed(cloud: EmbeddedCloud, service: str = "ecs") -> str:
    """The header of a request that is signed with the cloud's key."""
    return f"AWS4-HMAC-SHA256 Credential={cloud.process.key}/20260101/{REGION}/{service}/aws4_request, Signature=0"


def raw(cloud: EmbeddedCloud, head: str) -> bytes:
    """Send the head of a signed request, and return the answer although its body never comes."""
    lines = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {signed(cloud)}\r\n{head}\r\n\r\n"
    with connected(cloud) as connection:
        connection.sendall(lines.encode())
        return connection.makefile("rb").read()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"Content-Length: {LARGEST + 1}", b"413"),
        ("Content-Length: 314572800", b"413"),
        ("Content-Length: -1", b"400"),
        ("Content-Length: +5", b"400"),
        ("Content-Length: many", b"400"),
        pytest.param(f"Content-Length: {'1' * 5000}", b"400", id="a long number"),
        ("Transfer-Encoding: gzip, chunked", b"501"),
    ],
)
def test_a_body_out_of_bounds_is_refused_before_it_is_read(cloud: EmbeddedCloud, head: str, status: bytes) -> None:
    answer = raw(cloud, head)
    assert answer.split()[1] == status
    assert b"Connection: close" in answer


def test_a_body_in_pieces_has_the_same_bound(cloud: EmbeddedCloud) -> None:
    answer = raw(cloud, f"Transfer-Encoding: chunked\r\n\r\n{LARGEST + 1:x}")
    assert answer.split()[1] == b"413"


@pytest.mark.parametrize("length", ["-5", "0x5", "five"])
def test_a_piece_without_a_length_ends_the_connection(cloud: EmbeddedCloud, length: str) -> None:
    assert raw(cloud, f"Transfer-Encoding: chunked\r\n\r\n{length}") == b""


def test_a_piece_that_is_longer_than_it_says_ends_the_connection(cloud: EmbeddedCloud) -> None:
    longer = "ab" + "c" * 100_000
    assert raw(cloud, f"Transfer-Encoding: chunked\r\n\r\n1\r\n{longer}") == b""


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b"\xff", b"{", b'{"a": NaN}'], ids=lambda b: b[:6])
def test_a_body_that_is_no_json_is_a_clean_refusal(cloud: EmbeddedCloud, body: bytes) -> None:
    target = "AmazonEC2ContainerServiceV20141113.ListClusters"
    status, answer = ask(cloud, "POST", "/", body, Authorization=signed(cloud), X_Amz_Target=target)
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")


# -- without the key ---------------------------------------------------------------------------------------------------

BODY = 63 << 20
BODIES = 20
UPLOAD = 600 << 20
GROWS = 300 << 20
"""Bytes by which nothing of this may let the cloud grow; the bodies have four times as many."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    """A cloud of its own, which may open as many files as Linux lets a process by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    try:
        process = manage.start(tmp_path, "example.com")
    finally:
        # this side of the connections
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    yield EmbeddedCloud(process)
    manage.stop(tmp_path)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(cloud: EmbeddedCloud) -> int:
    """The resident memory of its process in bytes."""
    return int(Path(f"/proc/{cloud.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()


def head(path: str, size: int) -> bytes:
    """The head of a request without a key, whose body is to follow."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n".encode()


def pour(connection: socket.socket, path: str, size: int) -> int:
    """Send a request but for its last byte; return how much of its body was taken."""
    sent = 0
    with contextlib.suppress(OSError):
        connection.sendall(head(path, size))
        while sent < size - 1:
            sent += connection.send(bytes(min(1 << 20, size - 1 - sent)))
    return sent


PLACES = [
    ("/", 403),
    ("/bucket/key", 403),
    ("/_cloud/stop", 403),
    ("/_cloud/health", 413),
    ("/v2/x/blobs/uploads/", 401),
]


@pytest.mark.parametrize(("path", "status"), PLACES)
def test_without_the_key_no_body_is_waited_for(cloud: EmbeddedCloud, path: str, status: int) -> None:
    with connected(cloud) as connection:
        connection.settimeout(HANGS / 4)
        connection.sendall(head(path, BODY))
        answer = connection.makefile("rb").read()
    assert int(answer.split()[1]) == status
    assert b"Connection: close" in answer


def test_of_an_image_without_a_password_next_to_nothing_is_taken(cloud: EmbeddedCloud) -> None:
    with connected(cloud) as connection:
        taken = pour(connection, "/v2/x/blobs/uploads/?digest=none", UPLOAD)
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")
    assert taken < UPLOAD / 4, "what the buffers of the connection hold, and a little more"


def test_many_large_bodies_without_the_key_take_no_memory(own: EmbeddedCloud) -> None:
    before = memory(own)
    with contextlib.ExitStack() as held:
        connections = [held.enter_context(connected(own)) for _ in range(BODIES)]
        threads = [threading.Thread(target=pour, args=(one, "/", BODY)) for one in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert memory(own) < before + GROWS


def test_a_thousand_connections_that_say_little_stop_nobody(own: EmbeddedCloud, tmp_path: Path) -> None:
    """An early client goes on, a new one is answered, and the process soon has few files open again."""
    early = own.client("ecs")
    early.list_clusters()
    before = memory(own)
    descriptors = Path(f"/proc/{own.process.pid}/fd")
    with contextlib.ExitStack() as held:
        for number in range(1100):
            connection = held.enter_context(connected(own))
            with contextlib.suppress(OSError):
                # nothing; half a head; one whose body does not come
                connection.sendall((b"", head("/", 100)[:-2], head("/", 100))[number % 3])
        deadline = time.monotonic() + HANGS
        while manage.find(tmp_path) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert manage.find(tmp_path) == own.process
        assert early.list_clusters()["clusterArns"] == []
        assert own.client("ec2").describe_vpcs()["Vpcs"]
        deadline = time.monotonic() + HANGS
        while len(list(descriptors.iterdir())) > 400 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(list(descriptors.iterdir())) <= 400
        assert memory(own) < before + GROWS


# -- who is it that answers --------------------------------------------------------------------------------------------


class Impostor(socketserver.BaseRequestHandler):
    """A server that answers health requests as the embedded cloud does, with all public data; it keeps all requests."""

    heard: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        self.heard.append(self.request.recv(65536))
        health: dict[str, Any] = {
            "service": "ecs_emulator",
            "pid": os.getpid(),
            "ready": True,
            "proof": "0" * 64,
        }
        content = json.dumps(health).encode()
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)


@pytest.fixture
def impostor() -> Iterator[int]:
    """Somebody else has the port by now."""
    Impostor.heard = []
    with socketserver.TCPServer(("127.0.0.1", 0), Impostor) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_stranger_on_the_port_never_gets_the_key(cloud: EmbeddedCloud, impostor: int) -> None:
    elsewhere = replace(cloud.process, endpoint=f"http://127.0.0.1:{impostor}")
    assert control.health(elsewhere) == {}
    assert control.health(cloud.process)["ready"] is True
    assert len(Impostor.heard) == 1
    assert cloud.process.key.encode() not in Impostor.heard[0]


def test_the_key_is_in_no_argument_that_other_users_can_read(cloud: EmbeddedCloud) -> None:
    arguments = Path(f"/proc/{cloud.process.pid}/cmdline").read_bytes()
    assert b"ecs_emulator" in arguments
    assert cloud.process.key.encode() not in arguments


# -- one that hangs ----------------------------------------------------------------------------------------------------


def test_the_lock_tells_for_how_long_a_call_has_had_it() -> None:
    lock, held, free = CloudLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock, lock:
            held.set()
            free.wait(20)

    thread = threading.Thread(target=hold)
    assert lock.held() == 0
    thread.start()
    held.wait(20)
    first = lock.held()
    assert lock.held() > first > 0
    free.set()
    thread.join()
    assert lock.held() == 0
