"""Images with nothing in them but their program, and programs that start slowly, checked as real containers."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable

import docker
import pytest

from ecs_emulator import control
from tests.cloud.project import Ended, Project

CLUSTER = "ecs-sample-dev"
PROGRAM = r"""
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Serves HTTP on PORT after SLOW seconds: 200 at /up, 404 elsewhere. `web check` asks it, as a health check. */
static int port(void) { return atoi(getenv("PORT")); }

static void ended(int number) { (void)number; _exit(0); }

int main(int count, char **words) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port())};
  int socket_ = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  char text[1024] = "";
  if (count > 1 && !strcmp(words[1], "check")) {
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, (struct sockaddr *)&at, sizeof at)) return 1;
    dprintf(socket_, "GET /up HTTP/1.0\r\n\r\n");
    return read(socket_, text, sizeof text - 1) < 12 || strncmp(text + 9, "200", 3);
  }
  signal(SIGTERM, ended);
  sleep(getenv("SLOW") ? atoi(getenv("SLOW")) : 0);
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(socket_, (struct sockaddr *)&at, sizeof at) || listen(socket_, 64)) return perror("web"), 1;
  for (;;) {
    int one = accept(socket_, NULL, NULL);
    if (one < 0) continue;
    memset(text, 0, sizeof text);
    if (read(one, text, sizeof text - 1) > 0) {
      const char *status = strncmp(text, "GET /up ", 8) ? "404 Not Found" : "200 OK";
      dprintf(one, "HTTP/1.1 %s\r\nContent-Length: 3\r\nConnection: close\r\n\r\nup\n", status);
    }
    close(one);
  }
}
"""
STACK = """
project = "ecs-sample"
env = "dev"

[dns]
domain = "example.com"

[network]
zones = 2

[services.web]
build = "web"
port = 80
public = true
health = { path = "/up", grace = %d }
environment = { SLOW = "%d" }

[services.worker]
build = "web"
port = 9000
health = { command = ["/web", "check"], grace = 60 }
"""


@pytest.fixture(scope="module")
def project(engine: docker.DockerClient, new_project: Callable[[], Project]) -> Project:
    """A project whose image is one program of C, linked statically, on nothing."""
    compiler = shutil.which("gcc")
    assert compiler, "apt-get install gcc"
    project = new_project()
    folder = project.directory / "web"
    folder.mkdir()
    source = project.directory / "web.c"
    source.write_text(PROGRAM)
    subprocess.run([compiler, "-static", "-O1", "-Wall", "-o", folder / "web", source], check=True)
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY web /web\nENTRYPOINT ["/web"]\n')
    return project


def configure(project: Project, *, grace: int, slow: int) -> None:
    project.write(STACK % (grace, slow))


def reasons(project: Project) -> set[str]:
    """Return the reasons for which a check stopped tasks of the public service."""
    ecs = project.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName="web", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    return {task["stoppedReason"].partition(" in ")[0] for task in tasks} - {
        "Scaling activity initiated by (deployment"
    }


def soon(condition: Callable[[], bool], what: str) -> None:
    """Wait in real time, which real checks take."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def failure(ended: Ended) -> str:
    (event,) = ended.said("failed")
    assert event["address"] == "service/web"
    return str(event["error"])


def test_an_image_without_shell_and_python_serves(project: Project) -> None:
    configure(project, grace=60, slow=0)
    project.up()
    assert project.planned() == {}
    ecs = project.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER)["taskArns"]
    health = {task["group"]: task["healthStatus"] for task in ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]}
    assert health == {"service:web": "UNKNOWN", "service:worker": "HEALTHY"}
    assert reasons(project) == set()


def test_a_slow_starter_needs_a_long_grace_period(project: Project) -> None:
    configure(project, grace=5, slow=90)
    text = failure(project.up(code=1))
    assert "raise services.web.health.grace" in text
    assert reasons(project) == {"Task failed ELB health checks"}
    configure(project, grace=90, slow=30)
    before = len(stopped(project))
    project.up()
    assert project.planned() == {}
    assert len(stopped(project)) <= before + 1, "the one that ran until then"


def test_a_fast_clock_leaves_a_container_time_to_start(project: Project) -> None:
    configure(project, grace=60, slow=6)
    before = stopped(project)
    control.set_clock(project.cloud.process, "real:20")
    project.up()
    control.set_clock(project.cloud.process, "virtual")
    assert len(stopped(project)) <= len(before) + 1, "the one that ran until then"


def stopped(project: Project) -> list[str]:
    ecs = project.cloud.client("ecs")
    found: list[str] = ecs.list_tasks(cluster=CLUSTER, serviceName="web", desiredStatus="STOPPED")["taskArns"]
    return found


def test_another_path_is_asked_at_once(project: Project) -> None:
    elb = project.cloud.client("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    elb.modify_target_group(TargetGroupArn=group["TargetGroupArn"], HealthCheckPath="/other")

    def seen() -> set[tuple[str, str]]:
        found = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        return {(one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", "")) for one in found}

    soon(lambda: ("unhealthy", "Target.ResponseCodeMismatch") in seen(), "404 at /other")
    elb.modify_target_group(TargetGroupArn=group["TargetGroupArn"], Matcher={"HttpCode": "200,404"})
    soon(lambda: ("healthy", "") in seen(), "404 is good")


def test_a_check_by_a_shell_that_is_not_there_fails(project: Project) -> None:
    configure(project, grace=60, slow=0)
    project.change(r'command = \["/web", "check"\], grace = 60', 'command = "exit 0", grace = 0, unhealthy = 1')
    ended = project.up(code=1)
    (event,) = ended.said("failed")
    assert event["address"] == "service/worker"
    assert "Task failed container health checks" in event["error"]
    assert "services.worker.health.command" in event["error"]
    project.down()
