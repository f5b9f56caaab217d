"""Valkey in a real container: `REDIS_URL` by TLS, a policy in place, a lost node, and a new token under load."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import docker
import pytest

from ecs_emulator import control
from tests.cloud.project import Project
from tests.docker import containers
from tests.docker.images import PYTHON
from tests.docker.site import Site, awaited, gone, stood_up
from tests.docker.test_sessions import tunnel
from tests.docker.test_unnoticed import Load

TOKEN = "another!token&of#thirty$characters"
"""A token with characters that a URL has to encode."""
STACK = """
project = "hits"
env = "dev"

[network]
zones = 2
allow = ["127.0.0.1/32"]

[dns]
domain = "example.com"

[redis]

[services.web]
build = "web"
port = 8000
public = true
health = "/health"
redis = true
"""
DOCKERFILE = f"""
FROM {PYTHON}
COPY store.py app.py /
USER 10001
CMD ["python3", "-u", "/app.py"]
"""
STORE = """
import os, socket, ssl, urllib.parse


class Store:
    # as much of the protocol as these tests need; trust is that of the system, as on AWS

    def __init__(self, token=None, tls=True):
        url = urllib.parse.urlsplit(os.environ["REDIS_URL"])
        raw = socket.create_connection((url.hostname, url.port), 10)
        self.socket = ssl.create_default_context().wrap_socket(raw, server_hostname=url.hostname) if tls else raw
        self.lines = self.socket.makefile("rb")
        self.ask("AUTH", token or urllib.parse.unquote(url.password))

    def ask(self, *words):
        encoded = [word.encode() for word in words]
        self.socket.sendall(
            b"*%d\\r\\n" % len(words) + b"".join(b"$%d\\r\\n%s\\r\\n" % (len(one), one) for one in encoded)
        )
        line = self.lines.readline().decode().rstrip()
        if not line or line[0] == "-":
            raise OSError(line or "the connection was closed")
        if line[0] != "$":
            return line[1:]
        return self.lines.read(int(line[1:]) + 2)[:-2].decode()

    def close(self):
        self.lines.close()
        self.socket.close()
"""
APP = """
import http.server, json, os, signal, threading, traceback

from store import Store


def counted():
    store = Store()
    try:
        hits = int(store.ask("INCR", "hits"))
        about = dict(line.split(":", 1) for line in store.ask("INFO").splitlines() if ":" in line)
        policy, server = about["maxmemory_policy"], about["server_name"]
        return {"hits": hits, "tls": store.socket.version(), "policy": policy, "server": server}
    finally:
        store.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = 200, b"ok"
        if self.path != "/health":
            try:
                body = json.dumps(counted()).encode()
            except Exception:
                status, body = 500, traceback.format_exc().encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""
ASKED = """
import sys
sys.path.insert(0, "/")
from store import Store
try:
    print(Store({arguments}).ask({words}))
except OSError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def hits(valkey: None, new_project: Callable[[], Project]) -> Site:
    project = new_project()
    folder = project.directory / "web"
    folder.mkdir()
    for name, content in (("Dockerfile", DOCKERFILE), ("store.py", STORE), ("app.py", APP)):
        (folder / name).write_text(content)
    project.write(STACK)
    site = stood_up(project)
    # of a new token ElastiCache makes two changes, each of minutes
    control.set_clock(project.cloud.process, "real:60")
    return site


def page(hits: Site) -> dict[str, Any]:
    status, body, _ = hits.get("")
    assert status == 200, body
    return dict(json.loads(body))


def asked(engine: docker.DockerClient, hits: Site, *words: str, **arguments: Any) -> str:
    """Send one command to Valkey from the container of the newest task; return its answer, or the refusal."""
    task = containers.running(engine, hits.project.state, "hits-dev-web(-|$)")[0]
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    program = ASKED.format(arguments=given, words=", ".join(map(repr, words)))
    return str(task.exec_run(["python3", "-c", program])[1].decode()).strip()


def token(hits: Site) -> str:
    """The parameter that keeps the token."""
    answer = hits.project.cloud.client("ssm").get_parameter(Name="/hits-dev/redis/token", WithDecryption=True)
    return str(answer["Parameter"]["Value"])


def test_hits_are_counted_by_tls(hits: Site) -> None:
    first, second = page(hits), page(hits)
    assert (first["hits"], second["hits"]) == (1, 2)
    assert first["tls"] == "TLSv1.3"
    assert (first["server"], first["policy"]) == ("valkey", "noeviction")
    assert hits.project.planned() == {}


def test_valkey_refuses_what_elasticache_refuses(hits: Site, engine: docker.DockerClient) -> None:
    assert asked(engine, hits, "PING") == "PONG"
    assert "closed" in asked(engine, hits, "PING", tls=False) or "reset" in asked(engine, hits, "PING", tls=False)
    assert "WRONGPASS" in asked(engine, hits, "PING", token="a" * 20)
    assert "no permissions" in asked(engine, hits, "CONFIG", "GET", "dir")


def test_a_lost_node_with_a_replica_loses_nothing(hits: Site, engine: docker.DockerClient) -> None:
    before = page(hits)["hits"]
    (node,) = containers.running(engine, hits.project.state, "hits-dev-cache")
    node.kill()
    awaited(lambda: hits.get("")[0] == 200, "another node")
    assert page(hits)["hits"] > before


def test_a_tunnel_leads_to_valkey(hits: Site) -> None:
    unchecked = ssl.create_default_context()
    # the certificate is for the endpoint's name alone
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with (
        tunnel(hits.project, "redis") as port,
        socket.create_connection(("127.0.0.1", port), 30) as raw,
        unchecked.wrap_socket(raw) as opened,
    ):
        opened.sendall(f"AUTH {token(hits)}\r\nPING\r\n".encode())
        assert opened.makefile("rb").read(len(b"+OK\r\n+PONG\r\n")) == b"+OK\r\n+PONG\r\n"


@pytest.mark.timeout(600)
def test_a_new_token_and_policy_under_load_lose_nothing(hits: Site, engine: docker.DockerClient) -> None:
    project, former, before = hits.project, token(hits), page(hits)["hits"]
    ssm = project.cloud.client("ssm")
    load = Load(hits.url, hits.trusted, ("",), during="rotation")
    with load.running(2):
        time.sleep(1)
        ssm.put_parameter(Name="/hits-dev/redis/token", Value=TOKEN, Type="SecureString", Overwrite=True)
        project.change(r"^\[redis\]\n", "[redis]\nevict = true\n")
        project.up()
        time.sleep(1)
    assert load.failed == []
    assert load.counts["rotation"] > 20
    now = page(hits)
    assert (now["hits"], now["policy"]) == (before + load.counts["rotation"] + 1, "allkeys-lru")
    awaited(lambda: "WRONGPASS" in asked(engine, hits, "PING", token=former), "the end of the former token", 10)
    assert asked(engine, hits, "PING", token=TOKEN) == "PONG"
    assert project.planned() == {}
    for file in project.directory.rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), file


def test_valkey_goes(hits: Site, engine: docker.DockerClient) -> None:
    gone(hits, engine)
