"""The images step with a real engine: built, pushed, pinned, left alone; and everything that can go wrong with it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError, ImageNotFound

from provisioner.docker import build, push
from provisioner.engine.errors import OutcomeUnknown
from provisioner.resources.ecr.images import IN_USE, Image, ImageInUse, login
from tests.cloud.project import Ended, Project
from tests.cloud.rig import Rig
from tests.cloud.warm import ROOT
from tests.docker.images import BUSYBOX, ensure

NewProject = Callable[[], Project]

SMALL = """
[services.web]
build = "web"
port = 8080
"""
NOTHING = 'FROM scratch\nCOPY . /\nCMD ["/none"]\n'
UP = ("up", "--yes", "--json", "--target-step", "images")


def details(project: Project, repository: str) -> list[dict[str, Any]]:
    """Return the images of a repository in ECR, the oldest first."""
    found = project.cloud.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    return sorted(found, key=lambda image: image["imagePushedAt"])


def worked(ended: Ended) -> dict[str, list[str]]:
    """Return the progress messages, by address."""
    said: dict[str, list[str]] = {}
    for event in ended.said("progress"):
        said.setdefault(event["address"], []).append(event["text"])
    return said


def container_of(project: Project, family: str) -> dict[str, Any]:
    """The container of the newest revision."""
    definition = project.cloud.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    return dict(container, revision=definition["revision"])


# -- the sample application --------------------------------------------------------------------------------------------


@dataclass
class Sample:
    """The sample application's directory, brought up as far as its task definitions."""

    project: Project
    ended: Ended
    seconds: float

    def up(self) -> Ended:
        return self.project.run("up", "--yes", "--json", "--target-step", "task_definitions")


@pytest.fixture(scope="module")
def sample(new_project: NewProject) -> Sample:
    project = new_project()
    shutil.copytree(
        ROOT / "app", project.directory / "app", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    shutil.copy(ROOT / "stack.toml", project.directory)
    # an image of this session's own, whatever else the engine has and runs
    (project.directory / "app" / "backend" / "backend" / "mark.py").write_text(f"MARK = {time.time_ns()}\n")
    begun = time.monotonic()
    result = Sample(project, Ended(0, "", ""), 0)
    result.ended, result.seconds = result.up(), time.monotonic() - begun
    return result


def test_both_images_are_built_pushed_and_pinned(
    sample: Sample, engine: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sample.ended.results["image/frontend"] == sample.ended.results["image/backend"] == "created"
    said = worked(sample.ended)
    for name in ("frontend", "backend"):
        assert any(text.startswith("building 3/5 COPY") or "RUN python3" in text for text in said[f"image/{name}"])
        assert any(text.startswith("pushing ") and " layers" in text for text in said[f"image/{name}"])
        (image,) = details(sample.project, f"ecs-sample-dev/{name}")
        uri = f"{sample.project.cloud.endpoint.removeprefix('http://')}/ecs-sample-dev/{name}"
        reference = container_of(sample.project, f"ecs-sample-dev-{name}")["image"]
        assert reference == f"{uri}@{image['imageDigest']}"
        local = engine.images.get(f"{uri}:{image['imageTags'][0]}")
        assert reference in local.attrs["RepoDigests"]
        (done,) = [event for event in sample.ended.said("done") if event["address"] == f"image/{name}"]
        with capsys.disabled():
            print(
                f"\n{name}: built and pushed in {done['seconds']:.1f} s, "
                f"{image['imageSizeInBytes'] / 1e6:.1f} MB in ECR, {local.attrs['Size'] / 1e6:.1f} MB in the engine",
                end="",
            )


def test_the_second_time_nothing_is_built(sample: Sample) -> None:
    since, begun = sample.project.last_call(), time.monotonic()
    ended = sample.up()
    assert worked(ended) == {}
    assert set(ended.results.values()) == {"unchanged"}
    assert sample.project.writes(since) == []
    assert time.monotonic() - begun < sample.seconds / 2


def test_what_dockerignore_names_is_no_content(sample: Sample) -> None:
    (sample.project.directory / "app" / "backend" / "notes.txt").write_text("not in the image\n")
    assert not [address for address in sample.project.planned() if address.startswith(("image/", "task_definition/"))]


def test_what_was_pushed_can_be_pulled_and_runs(sample: Sample, engine: docker.DockerClient) -> None:
    container = container_of(sample.project, "ecs-sample-dev-backend")
    reference = container["image"]
    engine.images.remove(engine.images.get(reference).id, force=True)
    with pytest.raises(ImageNotFound):
        engine.images.get(reference)
    with pytest.raises(APIError, match=r"no basic auth credentials|denied|unauthorized"):
        engine.images.pull(reference)
    engine.images.pull(reference, auth_config=login(Rig(sample.project.cloud, sample.project.directory).aws()))
    program = "import backend.settings, os; print(os.getuid(), backend.settings.__name__)"
    output = engine.containers.run(reference, ["python3", "-c", program], remove=True, read_only=True)
    assert output.decode().split() == ["10001", "backend.settings"]


def test_without_an_engine_what_ecr_holds_is_enough(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{sample.project.directory}/none.sock")
    ended = sample.up()
    assert set(ended.results.values()) == {"unchanged"}
    assert not [event for event in ended.said("notice") if "build" in event["text"]]


# -- a small one -------------------------------------------------------------------------------------------------------


@dataclass
class Small:
    """A project of one service, whose image is next to nothing."""

    project: Project
    directory: Path = field(init=False)

    def __post_init__(self) -> None:
        self.directory = self.project.directory / "web"
        self.directory.mkdir(exist_ok=True)
        self.project.write(SMALL)
        self.dockerfile(NOTHING)

    def dockerfile(self, text: str) -> None:
        (self.directory / "Dockerfile").write_text(text)

    def up(self, code: int = 0) -> Ended:
        return self.project.run(*UP, code=code)

    def failure(self) -> str:
        """Return the error of a run that must fail to make the image."""
        ended = self.up(code=1)
        (failed,) = ended.said("failed")
        assert failed["address"] == "image/web"
        assert "image/web" not in self.project.run("state", "list").out, "nothing is recorded that was not made"
        return str(failed["error"])

    @property
    def images(self) -> list[dict[str, Any]]:
        return details(self.project, "ecs-sample-dev/web")


@pytest.fixture(scope="module")
def small_project(engine: docker.DockerClient, new_project: NewProject) -> Project:
    ensure(engine, BUSYBOX)
    return new_project()


@pytest.fixture
def small(small_project: Project) -> Small:
    """The small project anew, on its emptied cloud."""
    small_project.cloud.reset()
    shutil.rmtree(small_project.directory / "web", ignore_errors=True)
    shutil.rmtree(small_project.state / "local", ignore_errors=True)
    return Small(small_project)


def test_other_content_is_another_image_and_the_former_one_stays(small: Small) -> None:
    assert small.up().results["image/web"] == "created"
    assert small.up().results["image/web"] == "unchanged"
    (first,) = small.images
    (small.directory / "more").write_text("x")
    assert [(a, i["action"]) for a, i in small.project.planned().items() if a.startswith("image/")] == [
        ("image/web", "create")
    ]
    assert small.up().results["image/web"] == "created"
    assert {image["imageDigest"] for image in small.images} > {first["imageDigest"]}
    (small.directory / "more").unlink()
    assert small.up().results["image/web"] == "unchanged", "back to what ECR still has"
    small.project.write('[services.web]\nimage = "nginx:1"\nport = 8080\n')
    small.project.run("up", "--yes", "--json", "--target-step", "repositories")
    assert "image/web" not in small.project.down().err
    assert small.project.run("state", "list").out == ""


def test_an_image_of_a_former_configuration_is_removed(small: Small) -> None:
    small.up()
    digest = small.images[0]["imageDigest"]
    aws = Rig(small.project.cloud, small.project.directory).aws()
    live = Image.list(aws, [{"repository_name": "ecs-sample-dev/web", "tag": small.images[0]["imageTags"][0]}])
    (image,) = live
    assert image.outputs["reference"].endswith(digest)
    Image.delete(aws, image)
    (second,) = small.images[0]["imageTags"]
    assert second.startswith(IN_USE), "it goes with its last tag"
    (in_use,) = ImageInUse.list(aws, [{"repository_name": "ecs-sample-dev/web"}])
    ImageInUse.delete(aws, in_use)
    assert small.images == []
    Image.delete(aws, image)
    ImageInUse.delete(aws, in_use)


def test_arguments_reach_the_build_and_are_content(small: Small, engine: docker.DockerClient) -> None:
    small.dockerfile("ARG BASE=none.invalid/none\nFROM ${BASE}\nARG WORD\nRUN echo $WORD > /word\n")
    small.project.write(SMALL + f'build_args = {{ BASE = "{BUSYBOX}", WORD = "one two" }}\n')
    small.up()
    reference = small.project.run("show", "image/web", "--json").document["outputs"]["reference"]
    output = engine.containers.run(reference, ["cat", "/word"], remove=True)
    assert output == b"one two\n"
    small.project.change("one two", "three")
    assert small.up().results["image/web"] == "created"
    assert len(small.images) == 2


def test_a_failed_build_shows_its_last_lines_and_others_go_on(small: Small) -> None:
    small.dockerfile(f"FROM {BUSYBOX}\nRUN printf '\\033[31mred\\033[0m %s\\n' $((40+2)) && exit 3\n")
    error = small.failure()
    assert error.startswith("building web failed: fix the error below")
    assert "red 42" in error
    assert "\033" not in error
    assert "exit code: 3" in error
    assert len(error.splitlines()) <= 22
    small.dockerfile(NOTHING)
    begun = time.monotonic()
    assert small.up().results["image/web"] == "created"
    assert time.monotonic() - begun < 30


def test_a_base_image_that_cannot_be_had_says_what_to_do(small: Small) -> None:
    small.dockerfile("FROM 127.0.0.1:1/none/none:1\n")
    assert "could not be pulled" in small.failure()


def test_the_engines_own_builder_serves_where_buildx_is_missing(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (small.directory / ".dockerignore").write_text("*\n!**/*.txt\n")
    (small.directory / "deep").mkdir()
    for name in ("secret", "deep/secret", "deep/seen.txt"):
        (small.directory / name).write_text("x")
    out = " -a ".join(f"! -e /here/{name}" for name in ("secret", "deep/secret", "Dockerfile", ".dockerignore"))
    check = f"test {out} -a -e /here/deep/seen.txt && echo done"
    small.dockerfile(f"ARG BASE\nFROM ${{BASE}}\nCOPY . /here/\nRUN {check}\n")
    small.project.write(SMALL + f'build_args = {{ BASE = "{BUSYBOX}" }}\n')
    ended = small.up()
    assert f"building 4/4 RUN {check}" in worked(ended)["image/web"]
    small.dockerfile(f"FROM {BUSYBOX}\nRUN echo broken-$((40+2)) && exit 3\n")
    error = small.project.run(*UP, code=1).said("failed")[0]["error"]
    assert "broken-42" in error
    assert "returned a non-zero code: 3" in error


def building(small: Small, mark: str) -> subprocess.Popen[str]:
    """Start `up`, and wait until its build prints the mark."""
    process = small.project.start(*UP)
    assert process.stdout
    while mark not in process.stdout.readline():
        assert process.poll() is None
    return process


@pytest.mark.parametrize("path", [None, "/nowhere"])
def test_files_that_change_during_the_build_leave_no_image(
    small: Small, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    """By either builder."""
    if path:
        monkeypatch.setenv("PATH", path)
    mark = f"3{time.time_ns()}"
    small.dockerfile(f"FROM {BUSYBOX}\nRUN echo {mark} && sleep 3\nCOPY . /here/\n")
    (small.directory / "page").write_text("old")
    process = building(small, mark)
    (small.directory / "page").write_text("new")
    ended = small.project.end(process)
    assert ended.code == 1
    assert "changed while the image was built. Run the same command again" in ended.err
    assert small.images == []
    assert small.up().results["image/web"] == "created"


TWO = """
[services.web]
build = "web"
dockerfile = "docker/web.Dockerfile"
port = 8080

[services.api]
build = "web"
dockerfile = "../api.Dockerfile"
port = 8081
"""


@pytest.mark.parametrize("path", [None, "/nowhere"])
def test_two_services_of_one_context_have_their_own_dockerfiles(
    small: Small, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    """By either builder: one in the context, with an ignore file of its own that names it too, and one beside it."""
    if path:
        monkeypatch.setenv("PATH", path)
    (small.directory / "docker").mkdir()
    for place, mark in (("docker/web.Dockerfile", "web"), ("../api.Dockerfile", "api")):
        text = f"FROM {BUSYBOX}\nLABEL for={mark} path={path or ''}\nCOPY . /here/\n"
        (small.directory / place).write_text(text)
    (small.directory / ".dockerignore").write_text("one\ndocker\n")
    (small.directory / "docker" / "web.Dockerfile.dockerignore").write_text("two\ndocker\n")
    for name in ("one", "two"):
        (small.directory / name).write_text("x")
    small.project.write(TWO)
    small.up()
    found = {}
    for name in ("web", "api"):
        reference = small.project.run("show", f"image/{name}", "--json").document["outputs"]["reference"]
        assert engine.images.get(reference).labels["for"] == name
        found[name] = engine.containers.run(reference, ["ls", "/here"], remove=True).decode().split()
    assert [("one" in found[name], "two" in found[name]) for name in ("web", "api")] == [(True, False), (False, True)]
    (small.directory / "two").write_text("y")
    assert [a for a in small.project.planned() if a.startswith("image/")] == ["image/api"]


@pytest.mark.parametrize("path", [None, "/nowhere"])
def test_ctrl_c_ends_a_build_at_once_and_nothing_is_recorded(
    small: Small, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    """By either builder."""
    if path:
        monkeypatch.setenv("PATH", path)
    mark = f"61{time.time_ns()}"
    small.dockerfile(f"FROM {BUSYBOX}\nRUN echo {mark} && sleep 61\n")
    process = building(small, mark)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    ended = small.project.end(process)
    assert time.monotonic() - begun < 5
    assert ended.code == 130, ended
    assert not ended.said("failed")
    assert "image/web" not in small.project.run("state", "list").out


# -- pushing -----------------------------------------------------------------------------------------------------------


@dataclass
class Pushing:
    """An image in the engine, a repository for it, and how to log in."""

    engine: docker.DockerClient
    project: Project
    directory: Path
    login: dict[str, str]

    @property
    def uri(self) -> str:
        return f"{self.project.cloud.endpoint.removeprefix('http://')}/pushed"

    def build(self, tag: str, content: str, platform: str = "linux/amd64") -> str:
        (self.directory / "Dockerfile").write_text(NOTHING)
        (self.directory / "content").write_text(content)
        recipe = build.Recipe(self.directory, f"{self.uri}:{tag}", {}, platform)
        build.build(self.engine, recipe, lambda text: None, threading.Event())
        return recipe.reference

    def push(self, tag: str, uri: str = "", **login: str) -> str:
        given = self.login | login
        return push.push(self.engine, uri or self.uri, tag, given, lambda text: None, threading.Event(), pause=0.05)


@pytest.fixture
def pushing(engine: docker.DockerClient, small_project: Project, tmp_path: Path) -> Pushing:
    small_project.cloud.reset()
    small_project.cloud.client("ecr").create_repository(repositoryName="pushed", imageTagMutability="IMMUTABLE")
    return Pushing(engine, small_project, tmp_path, login(Rig(small_project.cloud, tmp_path).aws()))


def test_the_engine_says_whether_it_is_let_in(pushing: Pushing) -> None:
    assert push.reaches(pushing.engine, pushing.login)
    assert not push.reaches(pushing.engine, pushing.login | {"password": "wrong"})
    assert not push.reaches(pushing.engine, pushing.login | {"serveraddress": "http://127.0.0.1:1"})


def test_a_push_that_is_refused_says_why(pushing: Pushing) -> None:
    pushing.build("1", "one")
    with pytest.raises(push.PushError, match=r"was refused: unauthorized.*ecr:GetAuthorizationToken"):
        pushing.push("1", password="wrong")
    pushing.project.cloud.client("ecr").delete_repository(repositoryName="pushed")
    with pytest.raises(push.PushError, match=r"'pushed' does not exist in the registry.*Run the same command again"):
        pushing.push("1")


def test_a_tag_that_another_image_has_is_a_clash(pushing: Pushing) -> None:
    pushing.build("1", "one")
    digest = pushing.push("1")
    pushing.build("1", "two")
    with pytest.raises(push.TagTaken, match=r"another image under the tag 1, and its tags are immutable"):
        pushing.push("1")
    assert [image["imageDigest"] for image in details(pushing.project, "pushed")] == [digest]


def test_an_image_whose_push_was_never_answered_is_taken(pushing: Pushing) -> None:
    """The answer to a push is lost: the tag is taken, by the very image that is to be pushed."""
    pushing.build("1", "one")
    digest = pushing.push("1")
    aws = Rig(pushing.project.cloud, pushing.directory).aws()
    wanted = Image("web", "pushed", pushing.uri, "1", str(pushing.directory), {}, "linux/amd64")
    assert wanted.create(aws, "0" * 32).outputs == {"reference": f"{pushing.uri}@{digest}"}
    pushing.build("1", "two")
    with pytest.raises(push.TagTaken):
        wanted.create(aws, "0" * 32)


def test_an_image_for_another_platform_is_not_pushed(pushing: Pushing) -> None:
    reference = pushing.build("arm", "one", "linux/arm64")
    with pytest.raises(build.BuildError, match=rf"is an image for linux/arm64.*docker rmi {reference}"):
        build.checked(pushing.engine, reference, "linux/amd64")


def test_a_push_goes_on_after_its_connection_was_cut(pushing: Pushing) -> None:
    pushing.build("1", "x" * 100_000)
    with cutting(pushing.project.cloud.endpoint, 2) as there:
        pushing.engine.images.get(f"{pushing.uri}:1").tag(f"{there.address}/pushed", "1")
        digest = pushing.push("1", f"{there.address}/pushed")
        assert there.cut == 2
    assert [image["imageDigest"] for image in details(pushing.project, "pushed")] == [digest]
    pushing.engine.images.remove(f"{there.address}/pushed:1")


def test_a_push_that_is_cut_off_for_good_is_unclear(pushing: Pushing) -> None:
    pushing.build("1", "one")
    with cutting(pushing.project.cloud.endpoint, 1000) as there:
        pushing.engine.images.get(f"{pushing.uri}:1").tag(f"{there.address}/pushed", "1")
        with pytest.raises(OutcomeUnknown, match="lost its connection"):
            pushing.push("1", f"{there.address}/pushed")
        assert there.cut >= push.TRIES
    pushing.engine.images.remove(f"{there.address}/pushed:1")


@dataclass
class Cutting:
    """A proxy before a server, which resets the first connections."""

    address: str
    cut: int = 0


@contextlib.contextmanager
def cutting(endpoint: str, first: int) -> Iterator[Cutting]:
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as server:
        state = Cutting(f"127.0.0.1:{server.getsockname()[1]}")

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                if state.cut < first:
                    state.cut += 1
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.close()
                    continue
                there = socket.create_connection((host, int(port)))
                for one, other in ((client, there), (there, client)):
                    threading.Thread(target=_copy, args=(one, other), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield state
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    source.close()
