"""The README's example with a real engine: its images copied from another registry, running and answering.

Where public.ecr.aws cannot be reached they are stand-ins of Debian's nginx, which want the same as the real ones: one
runs as root, listens on port 80 and writes below /var and /run; the other has a user of its own and port 8080.
"""

from __future__ import annotations

import re
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from provisioner.docker.reference import parse
from provisioner.docker.registry import Registries
from tests.cloud.docker.test_copied_images import example
from tests.cloud.project import Ended, Project
from tests.cloud.warm import ROOT
from tests.docker import containers
from tests.docker.images import PYTHON, pulled
from tests.docker.registry import serving

ELSEWHERE = "public.ecr.aws"
STAND_IN = """
FROM {base}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light \\
 && rm -rf /var/lib/apt/lists/* && useradd --create-home other
COPY nginx.conf /etc/nginx/nginx.conf
STOPSIGNAL SIGQUIT
{user}
CMD ["nginx", "-g", "daemon off;"]
"""
SETTINGS = """
pid {run}/nginx.pid;
error_log /dev/stderr;
events {{}}
http {{
  access_log /dev/stdout;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
  uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  server {{ listen {port}; location = / {{ return 200 "nginx on {port}\\n"; }} location / {{ return 404; }} }}
}}
"""


@dataclass
class Example:
    """The example, up; its images' names at the source, by service."""

    project: Project
    ended: Ended
    names: dict[str, str]

    def containers(self, engine: docker.DockerClient, service: str) -> list[Any]:
        return containers.running(engine, self.project.state, f"shop-dev-{service}-")


@pytest.fixture(scope="module")
def up(
    engine: docker.DockerClient, new_project: Callable[[], Project], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Example]:
    directory = tmp_path_factory.mktemp("source")
    text = example(ROOT / "README.md")
    with serving(directory) as registry:
        found = dict(re.findall(rf'\[services\.(\w+)\]\nimage = "{re.escape(ELSEWHERE)}/([^"]+)"', text))
        names = {service: f"{registry}/{name}" for service, name in found.items()}
        for service, name in found.items():
            if pulled(engine, f"{ELSEWHERE}/{name}"):
                engine.images.get(f"{ELSEWHERE}/{name}").tag(names[service])
            else:
                build(engine, directory / service, names[service], port={"web": 80, "api": 8080}[service])
            for event in engine.api.push(names[service], stream=True, decode=True):
                assert "error" not in event, event
            # so that each task's image has to come from the embedded cloud's registry
            engine.images.remove(names[service], force=True)
        project = new_project()
        project.write(text.replace(f"{ELSEWHERE}/", f"{registry}/"))
        yield Example(project, project.up(), names)
        project.down()


def build(engine: docker.DockerClient, directory: Path, name: str, port: int) -> None:
    """Build a stand-in: the one below port 1024 as root with the usual places, the other with a user and its home."""
    directory.mkdir()
    user, run, work = ("", "/run", "/var/lib/nginx") if port < 1024 else ("USER other", "/home/other", "/home/other")
    (directory / "Dockerfile").write_text(STAND_IN.format(base=PYTHON, user=user))
    (directory / "nginx.conf").write_text(SETTINGS.format(run=run, work=work, port=port))
    engine.images.build(path=str(directory), tag=name, rm=True)


def test_both_images_are_copied_as_they_are(up: Example) -> None:
    for service, name in up.names.items():
        assert up.ended.results[f"copied_image/{service}"] == "created"
        (image,) = up.project.cloud.client("ecr").describe_images(repositoryName=f"shop-dev/{service}")["imageDetails"]
        source = Registries().for_platform(parse(name), "linux/amd64")
        assert image["imageDigest"] == source.digest
        said = [event["text"] for event in up.ended.said("progress") if event["address"] == f"copied_image/{service}"]
        assert any(re.search(r"copying \d/\d parts, \d+ of \d+ MB", text) for text in said), said
        print(f"{name}: {image['imageDigest']} at both ends, {image['imageSizeInBytes'] / 1e6:.1f} MB")


def test_they_run_as_the_users_that_they_want(up: Example, engine: docker.DockerClient) -> None:
    (web,), api = up.containers(engine, "web"), up.containers(engine, "api")
    assert len(api) == 2
    for container in (web, *api):
        here = up.project.cloud.endpoint.removeprefix("http://")
        assert container.attrs["Config"]["Image"].startswith(f"{here}/shop-dev/")
        assert "@sha256:" in container.attrs["Config"]["Image"]
        assert not container.attrs["HostConfig"]["ReadonlyRootfs"]
    assert web.attrs["Config"]["User"] in ("", "root", "0")
    assert {container.attrs["Config"]["User"] for container in api} <= {"other", "101"}
    assert "API_URL=http://api.svc.internal:8080" in web.attrs["Config"]["Env"]


def test_they_have_no_more_rights_than_they_need(up: Example, engine: docker.DockerClient) -> None:
    """Both keep the same capabilities, which let the image that begins as root start its workers as another user."""
    (web,), api = up.containers(engine, "web"), up.containers(engine, "api")
    for container in (web, *api):
        host = container.attrs["HostConfig"]
        assert host["CapDrop"] == ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT"]
        assert not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["PidsLimit"] == 1024
        status = container.exec_run(["cat", "/proc/1/status"], user="0").output.decode()
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
        # capabilities(7): CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, SETPCAP 8, BIND 10
        assert re.search(r"^CapBnd:\t00000000000005fb$", status, re.MULTILINE)
    users = {user for _, user, program in web.top(ps_args="-eo pid,user,comm")["Processes"] if program == "nginx"}
    assert len(users) == 2, "the workers are not root"


def test_the_load_balancer_finds_it_well(up: Example) -> None:
    url = up.project.run("output", "local_url").out.strip()
    trusted = ssl.create_default_context(cafile=str(up.project.state / "app.example.com.pem"))
    with urllib.request.urlopen(url, timeout=30, context=trusted) as answer:
        assert answer.status == 200
        assert b"nginx" in answer.read()
    elbv2 = up.project.cloud.client("elbv2")
    (group,) = elbv2.describe_target_groups()["TargetGroups"]
    health = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert [one["TargetHealth"]["State"] for one in health] == ["healthy"]


def test_again_nothing_is_copied_or_changed(up: Example) -> None:
    since = up.project.last_call()
    assert set(up.project.up().results.values()) == {"unchanged"}
    assert up.project.writes(since) == []


def test_an_image_that_needs_more_fails_and_former_tasks_go_on(up: Example) -> None:
    up.project.change(r"^\[services\.web\]$", "[services.web]\ncapabilities = []")
    ended = up.project.up(code=1)
    assert "Operation not permitted" in ended.out + ended.err
    url = up.project.run("output", "local_url").out.strip()
    trusted = ssl.create_default_context(cafile=str(up.project.state / "app.example.com.pem"))
    with urllib.request.urlopen(url, timeout=30, context=trusted) as answer:
        assert answer.status == 200
