"""An example of the repository in real containers: stood up, asked by its entry, left in peace, and gone again."""

from __future__ import annotations

import http.client
import itertools
import shutil
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import docker

from ecs_emulator import control
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference
from tests.cloud.project import Project
from tests.cloud.warm import ROOT
from tests.docker import containers

FIVE_MINUTES = 300


@dataclass(frozen=True)
class Site:
    """An example, up: the inventory before it, its entry on this machine, and by HTTPS the entry's certificate."""

    project: Project
    before: Inventory
    url: str
    trusted: ssl.SSLContext

    def get(self, path: str) -> tuple[int, str, str]:
        """The status, the body and the place that a redirect leads to, which is not followed."""
        return self._answer("GET", path)

    def page_with_cookie(self) -> tuple[str, str]:
        """The first page, and the cookie that comes with it."""
        with urllib.request.urlopen(self.url, timeout=30, context=self.trusted) as answer:
            return answer.read().decode(), answer.headers["Set-Cookie"].partition(";")[0]

    def post(self, path: str, fields: dict[str, str], photo: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Send a form with a photo; the status, and the place that the answer leads to."""
        parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
        parts.append(
            'Content-Disposition: form-data; name="photo"; filename="p.png"\r\nContent-Type: image/png\r\n\r\n'
        )
        body = "\r\n".join(f"--boundary\r\n{part}" for part in parts).encode() + photo + b"\r\n--boundary--\r\n"
        headers = headers | {"Content-Type": "multipart/form-data; boundary=boundary"}
        status, _, location = self._answer("POST", path, body, headers)
        return status, location

    def _answer(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        scheme, place, *_ = urllib.parse.urlsplit(self.url)
        connection = (
            http.client.HTTPSConnection(place, timeout=30, context=self.trusted)
            if scheme == "https"
            else http.client.HTTPConnection(place, timeout=30)
        )
        try:
            connection.request(method, f"/{path}", body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.getheader("Location", "")
        finally:
            connection.close()


def awaited(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Return the condition's value once it is true, within so many seconds of this machine."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return found


def copied(project: Project, name: str) -> None:
    """Copy an example into the project's directory, for this machine only, and in the Region of the embedded cloud."""
    shutil.copytree(ROOT / "examples" / name, project.directory, dirs_exist_ok=True)
    project.change(r'^region = ".*"', 'region = "ap-northeast-1"')
    allow = 'allow = ["127.0.0.1/32"]'
    if "[network]" in project.config.read_text():
        project.change(r"^\[network\]\n", f"[network]\n{allow}\n")
    else:
        project.change(r"\A", f"network = {{ {allow} }}\n")


def stood_up(project: Project) -> Site:
    """Stand an example up, and say where it answers."""
    before = project.inventory()
    project.up()
    # what AWS takes minutes for is not waited for; containers that start and stop have all the time that they need
    control.set_clock(project.cloud.process, "virtual", idle=20)
    url = project.run("output", "local_url").out.strip()
    certificate = next(project.state.glob("*.example.com.pem"), None)
    return Site(project, before, url, ssl.create_default_context(cafile=certificate))


def stays_well(site: Site) -> None:
    """Let five of AWS's minutes pass: no service says that anything is unhealthy, and no task was replaced.

    A check that cannot pass replaces a task in each five minutes. A machine that is busy lets a good check run out of
    its time as well, which real seconds measure, so that three periods are tried.
    """
    ecs = site.project.cloud.client("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    # a target is checked as much more often than on AWS as this clock is faster (`definitions.HASTE`)
    control.set_clock(site.project.cloud.process, "virtual", idle=20)
    names = ecs.list_services(cluster=cluster)["serviceArns"]

    def services() -> list[Any]:
        return list(ecs.describe_services(cluster=cluster, services=names)["services"])

    def tasks() -> list[str]:
        return sorted(ecs.list_tasks(cluster=cluster)["taskArns"])

    def wanted() -> int:
        return sum(int(one["desiredCount"]) for one in services())

    def trouble() -> list[str]:
        """Let the minutes pass; return the services' events if a task was replaced or is unhealthy."""
        # a task that failed its checks is stopped after its replacement has started
        awaited(lambda: len(tasks()) == wanted(), "as many tasks as are wanted")
        begin, before = site.project.cloud.time(), tasks()
        awaited(lambda: site.project.cloud.time() > begin + FIVE_MINUTES, "five minutes to pass")
        events = [event for one in services() for event in one["events"]]
        assert events
        assert before
        said = [event["message"] for event in events if event["createdAt"].timestamp() > begin]
        return [] if tasks() == before and not any("unhealthy" in message for message in said) else ["replaced", *said]

    seen = list(itertools.takewhile(bool, (trouble() for _ in range(3))))
    assert len(seen) < 3, seen


def gone(site: Site, engine: docker.DockerClient) -> None:
    """Take an example down: no container is left, and nothing in the account that was not there before."""
    control.set_clock(site.project.cloud.process, "virtual")
    site.project.down()
    assert difference(site.before, site.project.inventory(), *NEVER_REMOVED) == {}
    awaited(lambda: not containers.names(engine, site.project.state, ended=True), "no container left")
