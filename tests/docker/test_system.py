"""The sample system as it runs on this machine: real images, containers, database, entry; and a real browser."""

from __future__ import annotations

import errno
import html
import json
import re
import shutil
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from ecs_emulator import control
from tests.aws import sessions
from tests.aws.commands import Presses, Provision
from tests.cloud.project import Project
from tests.cloud.warm import ROOT
from tests.docker import containers
from tests.docker.images import PYTHON

CLUSTER = "ecs-sample-dev"


@dataclass(frozen=True)
class System:
    """The whole stack, up; its entry on this machine, and the certificate that the entry has."""

    project: Project
    engine: docker.DockerClient
    url: str
    trusted: ssl.SSLContext

    def open(self, path: str = "", fields: dict[str, str] | None = None, seconds: float = 30) -> str:
        """Ask for a page, or send a form; the answer must be of the 200s."""
        body = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(self.url + path, data=body, headers={"Origin": self.url.rstrip("/")})
        with urllib.request.urlopen(request, timeout=seconds, context=self.trusted) as answer:
            return str(answer.read().decode())

    def write_in(self, name: str, text: str) -> str:
        """Write an entry into the guest book by the page's own form."""
        token = re.search(r'name="token" value="([^"]+)"', self.open())
        assert token
        return self.open(fields={"token": token[1], "name": name, "text": text})

    def containers(self, service: str) -> list[Any]:
        """The running containers of a service, or of the database."""
        return containers.running(self.engine, self.project.state, rf"{CLUSTER}-{service}(-|$)")

    def names(self, *services: str) -> set[str]:
        """The names of the running containers of these services."""
        return containers.names(self.engine, self.project.state, rf"{CLUSTER}-({'|'.join(services)})(-|$)")

    def relay(self, service: str) -> Any:
        """The container that holds the network of a service's only task."""
        (container,) = self.containers(service)
        return self.engine.containers.get(f"relay-{container.name.removesuffix(f'-{service}')}")

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """Wait until the condition holds; an answer that is an error counts as no."""

        def tried() -> Any:
            try:
                return condition()
            except (OSError, urllib.error.HTTPError):
                return None

        deadline = time.monotonic() + seconds
        while not (found := tried()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.1)
        return found


@pytest.fixture(scope="module")
def system(engine: docker.DockerClient, database: None, new_project: Callable[[], Project]) -> System:
    project = new_project()
    shutil.copytree(
        ROOT / "app", project.directory / "app", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    project.write((ROOT / "stack.toml").read_text())
    began = time.monotonic()
    ended = project.up()
    print(f"up with both images built: {time.monotonic() - began:.0f} s")
    # what AWS takes minutes for is not waited for; containers that start and stop have all the time that they need
    control.set_clock(project.cloud.process, "virtual", idle=20)
    url = project.run("output", "local_url").out.strip()
    assert url in " ".join(ended.said("run_finished")[0]["next"])
    assert url.startswith("https://127.0.0.1:")
    trusted = ssl.create_default_context(cafile=str(project.state / "app.example.com.pem"))
    return System(project, engine, url, trusted)


def test_a_page_comes_through_both_services_from_the_database(system: System) -> None:
    page = system.wait(lambda: page if "no answer" not in (page := system.open()) else None, "the first page")
    for part in ("Load balancer", "Frontend", "Backend", "Database", "MariaDB", "ap-northeast-1"):
        assert part in page
    assert "guestbook_entries" not in page
    tasks = {task.name.split("-")[3] for name in ("frontend", "backend") for task in system.containers(name)}
    assert len(tasks) == 2
    assert all(task in page for task in tasks)


def test_containers_are_as_their_task_definitions_say(system: System) -> None:
    (frontend,), (backend,), (database,) = map(system.containers, ("frontend", "backend", "database"))
    for container in (frontend, backend):
        assert container.attrs["HostConfig"]["ReadonlyRootfs"]
        assert container.attrs["Config"]["User"] == "10001:10001"
        assert container.attrs["HostConfig"]["Init"]
        assert "@sha256:" in container.attrs["Config"]["Image"]
    assert "Health" not in frontend.attrs["State"], "nobody asked for a check in it"
    assert backend.attrs["State"]["Health"]["Status"] == "healthy"
    assert list(system.relay("frontend").ports) == ["80/tcp"]
    assert not any(system.relay("backend").attrs["HostConfig"]["PortBindings"].values())
    assert not any((database.attrs["HostConfig"]["PortBindings"] or {}).values())


def test_a_relay_has_no_rights_and_is_reached_from_its_task(system: System) -> None:
    relay = system.relay("backend")
    host = relay.attrs["HostConfig"]
    assert (host["CapDrop"], host["ReadonlyRootfs"], relay.attrs["Config"]["User"]) == (["ALL"], True, "65534:65534")
    assert host["SecurityOpt"] == ["no-new-privileges"]
    port = urllib.parse.urlsplit(system.project.cloud.endpoint).port
    call = "import sys, socket; print(socket.socket().connect_ex((sys.argv[1], int(sys.argv[2]))))"
    (frontend,), (backend,) = map(system.containers, ("frontend", "backend"))
    assert backend.exec_run(["python3", "-c", call, "127.0.0.1", str(port)]).output.strip() == b"0"
    refused = frontend.exec_run(["python3", "-c", call, "backend.svc.internal", str(port)]).output
    assert errno.errorcode[int(refused)] == "ECONNREFUSED"


def test_an_entry_outlives_a_restart_of_every_service(system: System) -> None:
    assert "Ada" in system.write_in("Ada", "before the restart <b>&</b>")
    before = [container for name in ("frontend", "backend") for container in system.containers(name)]
    former = {container.name for container in before}
    for container in before:
        container.kill()
    system.wait(
        lambda: not former & system.names("frontend", "backend") and "before the restart" in system.open(),
        "new containers with the old entry",
    )
    assert html.escape("before the restart <b>&</b>") in system.open()
    stopped = system.project.cloud.client("ecs").list_tasks(cluster=CLUSTER, desiredStatus="STOPPED")["taskArns"]
    tasks = system.project.cloud.client("ecs").describe_tasks(cluster=CLUSTER, tasks=stopped)["tasks"]
    assert {task["stoppedReason"] for task in tasks} == {"Essential container in task exited"}
    assert {task["containers"][0]["exitCode"] for task in tasks} == {137}


def test_what_is_not_public_does_not_reach_this_machine(system: System) -> None:
    """Refused would be an answer of this machine's: a service of it that listens on all addresses would be reached."""
    call = """
import socket, sys
for gateway in sys.argv[1:]:
    with socket.socket() as one:
        one.settimeout(10)
        print(one.connect_ex((gateway, 9)))
"""
    (backend,) = system.containers("backend")
    homes = [system.engine.networks.get(name) for name in system.relay("backend").attrs["NetworkSettings"]["Networks"]]
    gateways = [place["Gateway"] for home in homes for place in home.attrs["IPAM"]["Config"]]
    assert gateways
    said = backend.exec_run(["python3", "-c", call, *gateways]).output.decode().split()
    assert [errno.errorcode.get(int(code)) for code in said] == ["EHOSTUNREACH"] * len(gateways)


def test_only_the_frontend_reaches_the_backend(system: System) -> None:
    (frontend,), (database,) = map(system.containers, ("frontend", "database"))
    theirs, ours = (system.relay(name).attrs["NetworkSettings"]["Networks"] for name in ("backend", "frontend"))
    addresses = [network["IPAddress"] for network in theirs.values()]
    call = "import sys, urllib.request as web; print(web.urlopen(sys.argv[1], timeout=3).status)"
    by_name = frontend.exec_run(["python3", "-c", call, "http://backend.svc.internal:8080/health"])
    assert (by_name.exit_code, by_name.output.strip()) == (0, b"200")
    for address in addresses:
        for stranger in (
            {"network_mode": "bridge"},
            {"network": next(name for name in ours if name.endswith("-entry"))},
        ):
            with pytest.raises(docker.errors.ContainerError):
                system.engine.containers.run(
                    PYTHON, ["python3", "-c", call, f"http://{address}:8080/health"], remove=True, **stranger
                )
    shared = set(database.attrs["NetworkSettings"]["Networks"]) & set(ours)
    assert not shared
    way_out = frontend.exec_run(["python3", "-c", call, "http://1.1.1.1/"])
    assert way_out.exit_code != 0


def test_the_backend_trusts_the_database_by_its_certificate(system: System) -> None:
    (backend,) = system.containers("backend")
    (cluster,) = system.project.cloud.client("rds").describe_db_clusters()["DBClusters"]
    program = """
import os, sys
from backend.database import engine_for, reason
from backend.settings import from_environment
settings = from_environment(os.environ | dict(part.split("=") for part in sys.argv[1:]))
try:
    with engine_for(settings).connect() as connection:
        print(connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_version'").one()[1])
except Exception as error:
    print(reason(error))
"""

    def said(**changes: str) -> str:
        settings = [f"{name}={value}" for name, value in changes.items()]
        return str(backend.exec_run(["python3", "-c", program, *settings]).output.decode().strip())

    assert f"DB_HOST={cluster['Endpoint']}" in backend.attrs["Config"]["Env"]
    assert re.fullmatch(r"TLSv1\.[23]", said())
    # an alias leads to it, and is in no certificate of RDS
    assert said(DB_HOST="database.db.internal") == "its certificate is not accepted"
    assert said(DB_CA_BUNDLE="/app/rds-ca-bundle.pem") == "its certificate is not accepted"


def test_scaling_changes_the_containers(system: System) -> None:
    ecs = system.project.cloud.client("ecs")
    ecs.update_service(cluster=CLUSTER, service="frontend", desiredCount=3)
    system.wait(lambda: len(system.names("frontend")) == 3, "three frontends")
    # each of them answers in turn
    system.wait(lambda: len({re.findall(r"host (ip-[0-9-]+)", system.open())[0] for _ in range(9)}) == 3, "all in turn")
    ecs.update_service(cluster=CLUSTER, service="frontend", desiredCount=1)
    system.wait(lambda: len(system.names("frontend")) == 1, "one frontend")


def test_a_deployment_under_load_loses_no_request(system: System) -> None:
    ecs, old = system.project.cloud.client("ecs"), system.names("frontend", "backend")
    failed: list[str] = []
    counts: list[int] = []
    done = threading.Event()

    def load() -> None:
        number = 0
        while not done.is_set() and number < 2000:
            number += 1
            try:
                if "no answer" in system.open():
                    failed.append("a page without the backend")
            except (OSError, urllib.error.HTTPError) as error:
                failed.append(str(error))
            time.sleep(0.02)
        counts.append(number)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for service in ("frontend", "backend"):
            ecs.update_service(cluster=CLUSTER, service=service, forceNewDeployment=True)
        system.wait(
            lambda: not old & system.names("frontend", "backend"),
            "all containers replaced",
            120,
        )
    finally:
        done.set()
        for thread in threads:
            thread.join(60)
    print(f"requests during the deployment: {sum(counts)}, failed: {len(failed)}")
    assert sum(counts) > 50
    assert not failed, failed[:5]


def test_a_database_that_stops_comes_back_with_its_rows(system: System) -> None:
    system.write_in("Grace", "kept on disk")
    (database,) = system.containers("database")
    database.kill()
    system.wait(lambda: "kept on disk" in system.open(), "the rows again")
    database.reload()
    assert database.status == "running"


def test_a_failed_deployment_is_reported_with_its_last_log_lines(system: System) -> None:
    project = system.project
    backend = 'dockerfile = "backend/Dockerfile"'
    project.change(f"^{backend}$", f'{backend}\nenvironment = {{ DRAIN_SECONDS = "never" }}')
    ended = project.up(code=1)
    project.write((ROOT / "stack.toml").read_text())
    (failure,) = ended.said("failed")
    assert failure["address"] == "service/backend"
    assert "Essential container in task exited" in failure["error"]
    project.up()


def test_logs_and_status_see_them(system: System) -> None:
    request = re.search(r"Request\s*<code>([0-9a-f]{32})</code>", system.open())
    assert request
    lines = system.wait(
        lambda: [line for line in system.project.run("logs", "--json").out.splitlines() if request[1] in line] or None,
        "the request in the logs",
    )
    assert {json.loads(line)["service"] for line in lines} == {"frontend", "backend"}
    live = system.project.run("status", "--json").document["live"]
    assert {one["name"]: one["running"] for one in live["services"]} == {"backend": 1, "frontend": 1}


def test_what_the_test_on_aws_looks_at_inside(system: System) -> None:
    provision = Provision(system.project.directory, system.project.directory / "calls.log", [], Presses())
    parameter = {"Name": f"/{CLUSTER}/database/password", "WithDecryption": True}
    password = system.project.cloud.client("ssm").get_parameter(**parameter)["Parameter"]["Value"]
    assert "exit code 7" in sessions.command(provision)
    assert "1048576 bytes went through" in sessions.megabyte(provision)
    assert re.search(r"MariaDB.*, by TLSv1\.[23]$", sessions.query(provision, password, None))


def test_a_form_from_another_site_is_refused(system: System) -> None:
    body = urllib.parse.urlencode({"token": "0" * 36, "name": "Eve", "text": "from elsewhere"}).encode()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        request = urllib.request.Request(system.url, data=body, headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30, context=system.trusted)
        assert refused.value.code == 403
        refused.value.close()
    assert "from elsewhere" not in system.open()


def _write_an_entry(page: Any, url: str) -> list[str]:
    """Write an entry by the page's form, and return the errors of the page's console.

    Chromium gives up what it loads when a network of the machine changes, as it does whenever a container starts or
    ends: it opens the page anew then.
    """
    from playwright.sync_api import Error

    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    for left in (3, 2, 1, 0):
        try:
            page.goto(url)
            page.get_by_label("Name").fill("Katherine")
            page.get_by_label("Text").fill("Written by a browser")
            with page.expect_navigation():
                page.get_by_role("button", name="Write it in").click()
            break
        except Error as error:
            if "ERR_NETWORK_CHANGED" not in error.message or not left:
                raise
    page.get_by_text("Written by a browser").first.wait_for()
    return [problem for problem in problems if "ERR_NETWORK_CHANGED" not in problem]


def test_a_browser_shows_the_page_and_writes_an_entry(system: System, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "apt-get install chromium"
    picture = tmp_path / "page.png"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(ignore_https_errors=True, viewport={"width": 1200, "height": 900})
        problems = _write_an_entry(page, system.url)
        page.screenshot(path=picture)
        browser.close()
    assert not problems, problems
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
    print(f"screenshot: {picture}")


def test_a_task_ends_with_its_relay(system: System) -> None:
    # of a deployment before this the former task may be there still
    system.wait(lambda: len(system.names("backend")) == 1, "one task", 180)
    (before,) = system.containers("backend")
    system.relay("backend").kill()
    system.wait(lambda: before.name not in system.names("backend"), "its end")
    system.wait(lambda: len(system.names("backend")) == 1 and "no answer" not in system.open(), "another task")


def test_down_removes_every_container_and_network(system: System) -> None:
    system.project.down()
    state = system.project.state
    system.wait(lambda: not containers.names(system.engine, state, ended=True), "no container left")
