"""boto3's own retries, with boto3 itself: the number of attempts, and their end when the user stops the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.config.models import Config
from provisioner.engine.clock import Pace
from provisioner.engine.errors import Interrupted, OutcomeUnknown, ReadInterrupted
from provisioner.engine.scheduling.pools import pool
from provisioner.operations.context import signals, state_bucket
from provisioner.state.model import StateUnavailable
from tests.jumping import Jumping
from tests.ways import way

ENDLESS = 50.0
"""Seconds between two attempts: a test that waits for them has failed."""


class Service:
    """A service of AWS's that answers every call in the same way, or none, and counts the attempts."""

    def __init__(self) -> None:
        self.status, self.body, self.attempts = 503, b"", 0
        self.met: Callable[[], None] = lambda: None
        self.silent, self.over = False, threading.Event()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one attempt."""
        handler.rfile.read(int(handler.headers.get("content-length", 0)))
        self.attempts += 1
        self.met()
        if self.silent:
            self.over.wait()
            return
        handler.send_response(self.status)
        handler.send_header("content-length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def endpoint(service: Service) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            service.answer(self)

        do_GET = do_PUT = do_POST  # noqa: N815 (the server asks for these names)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    service.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def aws(endpoint: str) -> Aws:
    """Return an `Aws` for the service by the machine's clock, as on AWS."""
    return way(endpoint=endpoint, pace=Pace())


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: ENDLESS)


def test_a_call_is_attempted_ten_times(service: Service, endpoint: str) -> None:
    with pytest.raises(ClientError, match="503"):
        way(endpoint=endpoint, pace=Pace(Jumping())).client("ec2").describe_vpcs()
    assert service.attempts == 10


@pytest.mark.usefixtures("endless")
def test_a_stop_ends_the_pause_between_two_attempts(service: Service, aws: Aws) -> None:
    threading.Timer(0.5, aws.pace.stop.set).start()
    began = time.monotonic()
    with pytest.raises(ReadInterrupted):
        aws.client("ec2").describe_vpcs()
    assert service.attempts == 1
    assert time.monotonic() - began < ENDLESS / 2


@pytest.mark.usefixtures("endless")
def test_a_stop_interrupts_a_throttled_write(service: Service, aws: Aws) -> None:
    service.met = aws.pace.stop.set
    with pytest.raises(OutcomeUnknown):
        aws.client("ecs").create_cluster(clusterName="shop")
    service.status, service.body = 400, b'{"__type": "ThrottlingException"}'
    with pytest.raises(Interrupted) as stopped:
        aws.client("ecs").create_cluster(clusterName="shop")
    assert not isinstance(stopped.value, ReadInterrupted), "nothing was made, and its record goes"
    assert service.attempts == 2


def test_after_a_stop_a_call_still_runs_and_its_error_is_its_own(service: Service, aws: Aws) -> None:
    """A call under way is finished when the user stops the run."""
    aws.pace.stop.set()
    service.status, service.body = 400, b'{"__type": "ClusterNotFoundException"}'
    with pytest.raises(ClientError, match="ClusterNotFoundException"):
        aws.client("ecs").list_services(cluster="shop")


def test_an_interrupt_of_reads_lets_no_further_read_begin(service: Service, aws: Aws) -> None:
    service.status, service.body = 200, b"{}"

    def interrupted() -> None:
        with pool(aws.pace, 2) as threads:
            threads.submit(aws.client("ecs").list_clusters)
            while not service.attempts:
                time.sleep(0.001)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    # one whose rate leaves room for it
    with pytest.raises(ReadInterrupted):
        aws.client("ecr").describe_repositories()
    assert service.attempts == 1


@pytest.mark.slow
def test_after_a_stop_the_state_is_still_written_by_retries(service: Service, endpoint: str) -> None:
    aws = way(endpoint=endpoint, pace=Pace(Jumping()))
    aws.pace.stop.set()
    client = state_bucket.bucket_client(aws)

    def recover() -> None:
        service.status = 503 if service.attempts < 5 else 200

    service.met = recover
    client.put_object(Bucket="states", Key="journal", Body=b"entry")
    assert service.attempts == 5
    service.met, service.status, service.attempts = lambda: None, 503, 0
    with pytest.raises(ClientError, match="503"):
        client.put_object(Bucket="states", Key="journal", Body=b"entry")
    assert service.attempts == 5


@pytest.mark.slow
def test_a_silent_bucket_is_asked_once_more_after_ctrl_c(
    service: Service, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_bucket, "READ_TIMEOUT", 0.1)
    aws = way(endpoint=endpoint, pace=Pace(Jumping()), account="123456789012")
    config = cast("Config", SimpleNamespace(name="shop-dev", state=SimpleNamespace(bucket="states")))
    objects = state_bucket.objects(config, aws, state_bucket.bucket_client(aws))
    service.silent = True
    with pytest.raises(StateUnavailable, match="timeout"):
        objects.put("journal", b"entry", over=None)
    assert service.attempts == 5, "it may be but slow"

    monkeypatch.setattr(signals._watch, "interrupted", True)
    with pytest.raises(StateUnavailable, match="S3 did not answer, and this command is to end"):
        objects.put("journal", b"entry", over=None)
    assert service.attempts == 5, "it was silent before already"

    objects = state_bucket.objects(config, aws, state_bucket.bucket_client(aws))
    with pytest.raises(StateUnavailable, match="timeout"):
        objects.put("journal", b"entry", over=None)
    with pytest.raises(StateUnavailable, match="this command is to end"):
        objects.names("journal")
    assert service.attempts == 6
