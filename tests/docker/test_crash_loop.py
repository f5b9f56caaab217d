"""An image that exits twenty seconds after its start, deployed under load: no request fails, and all is put back.

Its tasks run and may pass the load balancer's first checks, so that ECS's circuit breaker does not see them: the tool
does, by each strategy.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
import pytest

from ecs_emulator import control
from tests.cloud.project import Ended, Project
from tests.docker.site import awaited
from tests.docker.test_unnoticed import APP, DOCKERFILE, Load, trusted

PACE = 20
"""Seconds of AWS in one of this machine."""
LIFE = 20
"""Seconds of AWS until the image exits."""
LATER = 200
"""Seconds of AWS until an image exits that serves before."""
MOMENT = 60
"""Seconds of AWS in which a rollback under way has to be over, which are three of this machine's."""
LONGEST = 900
"""Seconds of AWS in which `deploy` has to be over; on an idle machine it takes 300."""
STACK = """
project = "shop"
env = "dev"

[network]
egress = "none"

[dns]
domain = "example.com"
create_zone = true

[services.web]
build = "web"
port = 8080
public = true
health = "/health"
environment = { HEALTH = "/health" }
deployment = { strategy = "rolling" }
"""
END = "print('boom: the disk is full'), os._exit(7)"


@pytest.fixture(scope="module")
def shop(engine: docker.DockerClient, new_project: Callable[[], Project]) -> Iterator[Project]:
    project = new_project()
    folder = project.directory / "web"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app.py").write_text(APP)
    project.write(STACK)
    project.up()
    yield project
    control.set_clock(project.cloud.process, "virtual")
    project.down()


@contextmanager
def an_image_that_exits(shop: Project, code: str) -> Iterator[None]:
    """Have the program run this code before it listens, as long as the context lasts."""
    app = shop.directory / "web" / "app.py"
    text = app.read_text()
    app.write_text(text.replace("\nserver = ", f"\n{code}\nserver = "))
    yield
    app.write_text(text)


def strategy(shop: Project, name: str) -> None:
    """Give the service a strategy; AWS's minutes of that are not waited for."""
    control.set_clock(shop.cloud.process, "virtual", idle=20)
    shop.change(r'strategy = "[a-z-]*"', f'strategy = "{name}"')
    shop.up()
    control.set_clock(shop.cloud.process, f"real:{PACE}")


def serving(shop: Project) -> tuple[str, int]:
    """Return the revision that the service has, and the number of its tasks that run."""
    (found,) = shop.cloud.client("ecs").describe_services(cluster="shop-dev", services=["web"])["services"]
    return found["taskDefinition"].rpartition(":")[2], found["runningCount"]


def deployed(shop: Project, code: str) -> tuple[Load, Ended, float]:
    """Deploy such an image under load; return the load, the end of `deploy`, and its seconds of AWS."""
    load = Load(shop.run("output", "local_url").out.strip(), trusted(shop), ("", "orders"))
    with load.running(), an_image_that_exits(shop, code):
        time.sleep(1)
        load.during, began = "deploy", shop.cloud.time()
        ended = shop.run("deploy", "web", "--build", code=1)
        seconds = shop.cloud.time() - began
        load.during = "afterwards"
        time.sleep(3)
    print(f"{load.counts}, {len(load.failed)} failed, {seconds:.0f} s of AWS\n{ended.err}", flush=True)
    return load, ended, seconds


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", ["rolling", "canary"])
def test_a_crash_loop_is_put_back_unnoticed(shop: Project, name: str) -> None:
    strategy(shop, name)
    before = serving(shop)
    load, ended, seconds = deployed(shop, f"import time; time.sleep({LIFE / PACE}); {END}")
    assert load.failed == []
    assert serving(shop) == before
    assert seconds < LONGEST
    error = next(line for line in ended.err.splitlines() if line.startswith("error: "))
    assert error.startswith("error: web still serves revision ")
    assert error.endswith("failed: exit code 7: boom: the disk is full")
    assert shop.planned() == {}


@pytest.mark.timeout(1500)
def test_what_exits_with_all_traffic_is_put_back_at_once(shop: Project) -> None:
    strategy(shop, "blue-green")
    before = serving(shop)
    load, _, _ = deployed(shop, f"threading.Timer({LATER / PACE}, lambda: ({END})).start()")
    assert serving(shop) == before
    assert shop.planned() == {}
    # the old tasks still ran: nothing fails but until ECS has moved the traffic
    assert load.failed
    assert len(load.failed) < load.counts["deploy"] // 4
    assert not [one for one in load.failed if one.startswith("afterwards")]


@pytest.mark.timeout(1500)
def test_ctrl_c_and_a_rollback_under_load_fail_no_request(shop: Project) -> None:
    strategy(shop, "canary")
    before, ecs = serving(shop), shop.cloud.client("ecs")

    def baking() -> bool:
        (newest,) = ecs.list_service_deployments(cluster="shop-dev", service="web", maxResults=1)["serviceDeployments"]
        arns = [newest["serviceDeploymentArn"]]
        (found,) = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
        return bool(
            found["status"] == "IN_PROGRESS" and found["targetServiceRevision"]["requestedProductionTrafficWeight"]
        )

    load = Load(shop.run("output", "local_url").out.strip(), trusted(shop), ("", "orders"))
    with load.running(), an_image_that_exits(shop, "# another image"):
        load.during, running = "deploy", shop.begin("deploy", "web", "--build")
        awaited(baking, "traffic at the new task", 300)
        running.send_signal(signal.SIGINT)
        ended = shop.end(running)
        assert ended.code == 130, ended.err
        load.during, began = "rollback", shop.cloud.time()
        told = shop.run("rollback", "web")
        seconds = shop.cloud.time() - began
        time.sleep(2)
    print(
        f"{load.counts}, {len(load.failed)} failed, {seconds:.0f} s of AWS\n{ended.err}\n{told.err}\n{told.out}",
        flush=True,
    )
    assert load.failed == []
    assert serving(shop) == before
    assert seconds < MOMENT
    assert shop.planned() == {}
