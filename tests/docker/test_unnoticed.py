"""Changes under load, with real containers behind the HTTPS entry: no request fails, also where the image does."""

from __future__ import annotations

import ssl
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from ecs_emulator import control
from tests.cloud.project import Project
from tests.docker.images import PYTHON

PATHS = ("", "api/orders", "web/start", "static/logo.svg")
MOST = 20_000
"""Requests of one thread at the most."""
STACK = """
project = "shop"
env = "dev"

[dns]
domain = "example.com"
create_zone = true

[database]
min_acu = 0.5

[services.web]
build = "web"
port = 8080
public = true
path = "/*"
health = "/health"
environment = { HEALTH = "/health" }

[services.api]
build = "api"
port = 9000
public = true
path = "/api/*"
health = "/health"
environment = { HEALTH = "/health" }
"""
DOCKERFILE = f'FROM {PYTHON}\nCOPY app.py /app.py\nUSER 10001\nCMD ["python3", "-u", "/app.py"]\n'
APP = """
import http.server, os, signal, sys, threading

if os.environ.get("CRASH"):
    sys.exit("told to end")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        checked = self.headers.get("User-Agent", "").startswith("ELB-HealthChecker")
        body = b"ok\\n"
        self.send_response(404 if checked and self.path != os.environ["HEALTH"] else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""


@dataclass
class Load:
    """Requests without a pause, for one path after the other; their results, by the change under way."""

    url: str
    trusted: ssl.SSLContext
    paths: Sequence[str] = PATHS
    during: str = "nothing"
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, threads: int = 3) -> Iterator[None]:
        """Ask while the context lasts."""
        found = [threading.Thread(target=self._ask) for _ in range(threads)]
        for thread in found:
            thread.start()
        try:
            yield
        finally:
            self._done.set()
            for thread in found:
                thread.join(60)

    def _ask(self) -> None:
        for number in range(MOST):
            if self._done.is_set():
                return
            path, during = self.paths[number % len(self.paths)], self.during
            try:
                with urllib.request.urlopen(self.url + path, timeout=30, context=self.trusted) as answer:
                    answer.read()
            except (OSError, urllib.error.HTTPError) as error:
                self.failed.append(f"{during}: /{path}: {error}")
            self.counts[during] += 1
            # three threads without a pause would leave no processor to those that are asked
            time.sleep(0.05)


@pytest.fixture(scope="module")
def shop(database: None, new_project: Callable[[], Project]) -> Iterator[Project]:
    project = new_project()
    for name in ("web", "api"):
        (project.directory / name).mkdir()
        (project.directory / name / "Dockerfile").write_text(DOCKERFILE)
        (project.directory / name / "app.py").write_text(APP)
    project.write(STACK)
    project.up()
    # containers are real from here on, and so are the moments between two of AWS's operations
    control.set_clock(project.cloud.process, "real:20")
    yield project
    control.set_clock(project.cloud.process, "virtual")
    project.down()


def trusted(shop: Project) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(shop.state / "app.example.com.pem"))


@pytest.mark.timeout(1500)
def test_no_request_fails_while_a_service_changes(shop: Project) -> None:
    load = Load(shop.run("output", "local_url").out.strip(), trusted(shop))

    def change(what: str, *pairs: tuple[str, str], code: int = 0) -> None:
        for before, after in pairs:
            shop.change(before, after)
        load.during, began = what, time.monotonic()
        shop.up(code=code)
        failed = [one for one in load.failed if one.startswith(f"{what}:")]
        seconds = time.monotonic() - began
        print(f"{what}: {load.counts[what]} requests in {seconds:.0f} s, {len(failed)} failed {failed[:2]}", flush=True)

    with load.running():
        time.sleep(1)
        change("the port", ("port = 8080", "port = 8081"))
        app = shop.directory / "web" / "app.py"
        app.write_text(f"{app.read_text()}# another image\n")
        change("the image")
        new = 'port = 8081\npublic = true\npath = "/*"\nhealth = "/up"\nenvironment = { HEALTH = "/up" }'
        old = 'port = 8081\npublic = true\npath = "/\\*"\nhealth = "/health"\nenvironment = { HEALTH = "/health" }'
        change("the health path", (old, new))
        change("both paths", ('"/\\*"', '"/web/*"'), ('"/api/\\*"', '"/*"'))
        change("the name", (r"\[services.web\]", "[services.site]"))
        crash = ('HEALTH = "/up"', 'CRASH = "1", HEALTH = "/up"')
        change("the port, and an image that exits", ("port = 8081", "port = 8082"), crash, code=1)
        change("the name, and an image that exits", (r"\[services.site\]", "[services.start]"), code=1)
        change("the image again", crash[::-1])
        change("the zones", ('env = "dev"', 'env = "dev"\n[network]\nzones = 2\n'))
    assert not load.failed, load.failed[:10]
    assert all(number > 20 for number in load.counts.values()), load.counts


def test_a_request_fails_where_a_rule_is_revoked(shop: Project) -> None:
    """The test above rests on this: the entry asks the security groups."""
    url, ec2 = shop.run("output", "local_url").out.strip(), shop.cloud.client("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["shop-dev-alb"]}])[
        "SecurityGroups"
    ]
    ec2.revoke_security_group_egress(GroupId=groups[0]["GroupId"], IpPermissions=groups[0]["IpPermissionsEgress"])

    def status() -> int:
        try:
            with urllib.request.urlopen(url, timeout=30, context=trusted(shop)) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    deadline = time.monotonic() + 60
    while status() == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert status() in {503, 504}
    shop.up()
    while status() != 200:
        assert time.monotonic() < deadline + 60
        time.sleep(0.1)
