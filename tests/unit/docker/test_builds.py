"""Images to build: the tag follows the content, and a missing builder is reported before the run."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from docker.utils.build import PatternMatcher
from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.builds import UNKNOWN, check_builds, check_contexts, content_tag, image_of
from provisioner.config.facts import Facts
from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.docker import engine
from provisioner.docker.build import TRIES, BuildError, Recipe, build
from provisioner.docker.context import context_paths
from provisioner.engine.errors import ConfigurationError
from tests.unit.config.unplaced import unplaced

SERVICES = {"web": {"build": "app/web", "port": 80}, "ready": {"image": "nginx:1", "port": 81}}
CONFIG = Config.model_validate({"services": SERVICES})
READY = Config.model_validate({"services": {"ready": SERVICES["ready"]}})
LOCAL = Facts("123456789012", "aws", "eu-west-1", (), "ami-1", None, (), engine=False, local=True)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "app" / "web"
    (directory / "src").mkdir(parents=True)
    (directory / "Dockerfile").write_text("FROM scratch\n")
    (directory / "src" / "main.py").write_text("print()\n")
    return directory


def test_the_tag_is_that_of_the_content_wherever_it_lies(context: Path) -> None:
    tag = content_tag(context)
    assert len(tag) == 16
    assert content_tag(context.rename(context.with_name("moved"))) == tag


@pytest.mark.parametrize("place", [".git/HEAD", ".hg/store", ".provision/cloud.json", "src/__pycache__/main.pyc"])
def test_what_is_not_content_does_not_count(context: Path, place: str) -> None:
    tag = content_tag(context)
    path = context / place
    path.parent.mkdir(parents=True)
    path.write_text("x")
    assert content_tag(context) == tag


def test_content_names_bits_and_links_count(context: Path) -> None:
    tags = [content_tag(context)]
    (context / "src" / "main.py").write_text("print(1)\n")
    tags.append(content_tag(context))
    (context / "src" / "main.py").chmod(0o755)
    tags.append(content_tag(context))
    (context / "src" / "main.py").rename(context / "src" / "other.py")
    tags.append(content_tag(context))
    (context / "directory").symlink_to("src")
    tags.append(content_tag(context))
    (context / "directory").unlink()
    (context / "directory").symlink_to("nowhere")
    tags.append(content_tag(context))
    assert len(set(tags)) == len(tags)


IGNORED = """# comments and patterns, as Docker has them
*.md
!README.md
  notes
**/secret
"""


@pytest.mark.parametrize("place", ["notes/today", "src/deep/secret", "CHANGES.md"])
def test_what_docker_ignores_does_not_count(context: Path, place: str) -> None:
    (context / ".dockerignore").write_text(IGNORED)
    tag = content_tag(context)
    path = context / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert content_tag(context) == tag


@pytest.mark.parametrize("place", ["README.md", "src/secrets", "src/CHANGES.md", ".dockerignore", "Dockerfile"])
def test_what_docker_does_not_ignore_counts(context: Path, place: str) -> None:
    (context / ".dockerignore").write_text(IGNORED)
    tag = content_tag(context)
    with (context / place).open("a") as file:
        file.write("# more\n")
    assert content_tag(context) != tag


@pytest.mark.parametrize(
    "patterns",
    [
        "*\n!**/*.py",
        "*\n!src/**/*.py",
        "**\n!*/deep/*.py",
        "src\n!src/deep/main.py",
        "src/*\n!src/deep\nsrc/deep/*.txt",
    ],
)
def test_an_exception_counts_in_directories_that_are_ignored(context: Path, patterns: str) -> None:
    (context / ".dockerignore").write_text(patterns)
    (context / "src" / "deep").mkdir()
    tags = []
    for name, content in (("main.py", "1"), ("main.py", "2"), ("a.txt", "3"), ("a.txt", "4")):
        (context / "src" / "deep" / name).write_text(content)
        tags.append(content_tag(context))
    assert (tags[0] != tags[1], tags[1] == tags[2] == tags[3]) == (True, True)


NAMES = st.lists(st.sampled_from(["a", "b", "src", "x.py", "y.md"]), min_size=1, max_size=3).map("/".join)


@given(
    st.sets(NAMES, max_size=8), st.lists(st.sampled_from(["a", "a/*", "**/b", "*.py", "src/**", "*/x.py"]), max_size=3)
)
def test_without_exceptions_it_is_what_dockers_sdk_finds(names: set[str], patterns: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            path = Path(place, f"{name}.d", "file")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
            Path(place, name).mkdir(parents=True, exist_ok=True)
        Path(place, ".dockerignore").write_text("\n".join(patterns))
        assert set(context_paths(Path(place), "Dockerfile")) == set(PatternMatcher(patterns).walk(place))


def test_names_that_are_no_text_count(context: Path) -> None:
    tags = [content_tag(context)]
    Path(os.fsdecode(bytes(context) + b"/caf\xe9")).write_text("x")
    tags.append(content_tag(context))
    (context / "link").symlink_to(os.fsdecode(b"to-\xff"))
    tags.append(content_tag(context))
    assert len(set(tags)) == 3


def test_the_dockerfile_counts_although_all_is_ignored(context: Path) -> None:
    (context / ".dockerignore").write_text("*\n!src\n")
    (context / "other").write_text("x")
    tag = content_tag(context)
    (context / "other").unlink()
    assert content_tag(context) == tag
    (context / "Dockerfile").write_text("FROM other\n")
    assert content_tag(context) != tag


NAMED = "docker/web.Dockerfile"


@pytest.fixture
def named(context: Path) -> Path:
    """A Dockerfile of another name, which the context's ignore file names."""
    (context / ".dockerignore").write_text("docker\nsrc\n")
    path = context / NAMED
    path.parent.mkdir()
    path.write_text("FROM scratch\n")
    return path


def test_a_dockerfile_counts_by_its_path_and_its_content(context: Path, named: Path) -> None:
    tags = [content_tag(context), content_tag(context, dockerfile=NAMED)]
    named.rename(named.with_name("api.Dockerfile"))
    tags.append(content_tag(context, dockerfile="docker/api.Dockerfile"))
    named.with_name("api.Dockerfile").write_text("FROM other\n")
    tags.append(content_tag(context, dockerfile="docker/api.Dockerfile"))
    assert len(set(tags)) == len(tags)
    for other in ("./docker/api.Dockerfile", "src/../docker/api.Dockerfile", "../web/docker/api.Dockerfile"):
        assert content_tag(context, dockerfile=other) == tags[-1]


def test_a_dockerfile_outside_of_the_context_counts(context: Path) -> None:
    (context.parent / "web.Dockerfile").write_text("FROM scratch\n")
    tag = content_tag(context, dockerfile="../web.Dockerfile")
    (context.parent / "web.Dockerfile").write_text("FROM other\n")
    assert content_tag(context, dockerfile="../web.Dockerfile") != tag


def test_one_that_is_a_link_counts_by_what_it_leads_to(context: Path, named: Path) -> None:
    (context / "link").symlink_to(NAMED)
    tag = content_tag(context, dockerfile="link")
    named.write_text("FROM other\n")
    assert content_tag(context, dockerfile="link") != tag


def test_a_dockerfiles_own_ignore_file_replaces_the_contexts(context: Path, named: Path) -> None:
    def changes(place: str) -> bool:
        tag = content_tag(context, dockerfile=NAMED)
        (context / place).write_text(content_tag(context))
        return content_tag(context, dockerfile=NAMED) != tag

    assert [changes(place) for place in ("src/main.py", "other")] == [False, True]
    named.with_name("web.Dockerfile.dockerignore").write_text("other\n")
    assert [changes(place) for place in ("src/main.py", "other")] == [True, False]


def test_two_services_of_one_context_have_their_own_tags(context: Path, named: Path, tmp_path: Path) -> None:
    api = {"build": "app/web", "dockerfile": NAMED, "port": 80}
    config = Config.model_validate({"services": {"web": SERVICES["web"], "api": api}})

    def tags() -> tuple[str, str]:
        return image_of(config, "web", tmp_path)[1], image_of(config, "api", tmp_path)[1]

    first = tags()
    named.write_text("FROM other\n")
    second = tags()
    (context / "shared").write_text("x")
    third = tags()
    assert (first[0] == second[0], first[1] == second[1]) == (True, False)
    assert not set(second) & set(third), "what no ignore file names is content of both"
    assert len({*first, *second, *third}) == 5


def test_the_builds_arguments_count(context: Path) -> None:
    tags = [content_tag(context, args) for args in ({}, {"BASE": "a"}, {"BASE": "b"}, {"BASE": "a", "MORE": "a"})]
    assert len(set(tags)) == len(tags)
    assert content_tag(context, {"MORE": "a", "BASE": "a"}) == tags[-1]


def test_a_directory_that_is_not_there_has_no_content(tmp_path: Path) -> None:
    assert content_tag(tmp_path / "missing") == UNKNOWN


def test_ready_images_are_nothing_to_build(tmp_path: Path) -> None:
    assert check_builds(READY, replace(LOCAL, local=False), tmp_path) == {}


def test_the_embedded_cloud_skips_with_one_line_a_service(context: Path, tmp_path: Path) -> None:
    skipped = check_builds(CONFIG, LOCAL, tmp_path)
    assert list(skipped) == ["web"]
    assert "services.web.build" in skipped["web"]
    assert "no Docker engine responds" in skipped["web"]
    assert "\n" not in skipped["web"]
    known = replace(LOCAL, no_engine="the engine is asleep")
    assert "the engine is asleep" in check_builds(CONFIG, known, tmp_path)["web"]
    (context / "Dockerfile").unlink()
    for facts in (LOCAL, replace(LOCAL, engine=True)):
        assert "no Dockerfile" in check_builds(CONFIG, facts, tmp_path)["web"]
        assert "no directory" in check_builds(CONFIG, facts, tmp_path / "elsewhere")["web"]


def test_a_link_out_of_the_project_is_not_built(context: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "app").mkdir(parents=True)
    (project / "app" / "web").symlink_to(context)
    assert "path outside" in check_builds(CONFIG, replace(LOCAL, engine=True), project)["web"]


def configured(tmp_path: Path, dockerfile: str) -> Path:
    path = tmp_path / "stack.toml"
    path.write_text(f'[services.web]\nport = 80\nbuild = "app/web"\ndockerfile = "{dockerfile}"\n')
    return path


@pytest.mark.parametrize(
    ("dockerfile", "why"),
    [
        ("web.Dockerfile", "there is no file {0}/app/web/web.Dockerfile"),
        ("Dockerfile", ""),
        ("./Dockerfile", ""),
        ("../web/Dockerfile", ""),
        ("src", "{0}/app/web/src is a directory"),
        ("Dockerfile/x", "there is no file {0}/app/web/Dockerfile/x"),
        ("link", "{0}/app/web/link is a symbolic link to a path outside {0}"),
    ],
)
def test_a_dockerfile_that_is_named_and_not_there_is_an_error(
    context: Path, tmp_path: Path, dockerfile: str, why: str
) -> None:
    (context / "link").symlink_to(__file__)
    path = configured(tmp_path, dockerfile)
    config, why = load(path), why.format(tmp_path)
    told = why and f'services.web.dockerfile is "{dockerfile}", but {why}: the image is not built'
    assert check_builds(config, replace(LOCAL, engine=True), tmp_path).get("web", "").startswith(told)
    if not why:
        check_contexts(config, path)
        return
    with pytest.raises(ConfigurationError) as caught:
        check_contexts(config, path)
    fix = "write the file, or correct the path, which is relative to build"
    assert unplaced(str(caught.value)) == f"{path}: services.web.dockerfile: {why}: {fix}"


def test_a_missing_directory_is_an_error_before_any_call(tmp_path: Path) -> None:
    path = configured(tmp_path, "web.Dockerfile")
    wrong = f"{path}:3:9: services.web.build: {tmp_path}/app/web"
    fix = "create it with a Dockerfile in it, or correct the path"
    with pytest.raises(ConfigurationError) as caught:
        check_contexts(load(path), path)
    assert str(caught.value) == f"{wrong} does not exist: {fix}"
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "web").touch()
    with pytest.raises(ConfigurationError) as caught:
        check_contexts(load(path), path)
    assert str(caught.value) == f"{wrong} is no directory: {fix}"


def test_a_missing_dockerfile_is_an_error_before_any_call(tmp_path: Path) -> None:
    path, web = tmp_path / "stack.toml", tmp_path / "web"
    path.write_text('[services.web]\nport = 80\nbuild = "web"\n')
    web.mkdir()
    with pytest.raises(ConfigurationError) as caught:
        check_contexts(load(path), path)
    fix = "write the file, or correct the path, which is relative to this file"
    assert unplaced(str(caught.value)) == f"{path}: services.web.build: {web} has no Dockerfile: {fix}"


def test_whoever_declares_without_its_directory_is_told(tmp_path: Path) -> None:
    path = configured(tmp_path, "web.Dockerfile")
    assert "there is no directory" in check_builds(load(path), replace(LOCAL, engine=True), tmp_path)["web"]


@pytest.mark.parametrize("local", [False, True])
def test_with_an_engine_it_is_built(context: Path, tmp_path: Path, local: bool) -> None:
    assert check_builds(CONFIG, replace(LOCAL, local=local, engine=True), tmp_path) == {}


@pytest.mark.parametrize("local", [False, True])
def test_what_ecr_holds_needs_no_engine(context: Path, tmp_path: Path, local: bool) -> None:
    assert check_builds(CONFIG, replace(LOCAL, local=local, pushed=frozenset({"web"})), tmp_path) == {}


def test_on_aws_it_is_an_error_that_says_what_to_write(context: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"services\.web\.build is .* services\.web\.image"):
        check_builds(CONFIG, replace(LOCAL, local=False), tmp_path)


def test_on_aws_a_missing_directory_and_dockerfile_are_named(context: Path, tmp_path: Path) -> None:
    aws = replace(LOCAL, local=False, engine=True)
    with pytest.raises(ConfigurationError, match="there is no directory"):
        check_builds(CONFIG, aws, tmp_path / "elsewhere")
    (context / "Dockerfile").unlink()
    with pytest.raises(ConfigurationError, match="has no Dockerfile"):
        check_builds(CONFIG, aws, tmp_path)


def test_the_image_is_named_after_stack_service_and_content(context: Path, tmp_path: Path) -> None:
    assert image_of(CONFIG, "web", tmp_path) == ("ecs-sample-dev/web", content_tag(context))


FAILED = """
#5 [packages 2/3] RUN python3 -m pip install nothing
#5 0.512 \x1b[31mlooking\x1b[0m
#5 1.2 10%\r#5 1.3 100%
#5 ERROR: process did not complete successfully: exit code: 3
"""


@dataclass
class Builder:
    """Stands in the PATH for the docker command."""

    directory: Path

    def says(self, text: str, code: int) -> None:
        (self.directory / "output").write_text(text)
        self._runs(f"/bin/cat {self.directory}/output\nexit {code}\n")

    def throttles(self, times: int, words: str) -> None:
        """Fail so many times with these words, and then succeed."""
        tries = self.directory / "tries"
        self._runs(
            f"echo x >> {tries}\ncount=0\nwhile read line; do count=$((count + 1)); done < {tries}\n"
            f'[ $count -gt {times} ] && exit 0\necho "{words}"\nexit 1\n'
        )

    def _runs(self, script: str) -> None:
        program = self.directory / "docker"
        program.write_text(f"#!/bin/sh\n[ $2 = version ] && exit 0\n{script}")
        program.chmod(0o755)


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return Builder(directory)


def built(context: Path, said: list[str]) -> None:
    build(None, Recipe(context, "web:1", {}, "linux/amd64"), said.append, threading.Event())


def test_a_build_says_its_steps_and_a_failed_one_its_last_lines(context: Path, builder: Builder) -> None:
    said: list[str] = []
    builder.says("#1 [internal] load build definition\n" * 30 + FAILED, 3)
    with pytest.raises(BuildError, match="failed: fix the error below") as caught:
        built(context, said)
    assert said == ["building", "building 2/3 RUN python3 -m pip install nothing"]
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert "  #5 0.512 looking" in lines
    assert "  #5 1.3 100%" in lines
    assert lines[-1] == "  docker buildx ended with exit code 3"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#7 ERROR: write /x: no space left on device", "the Docker engine's disk is full"),
        ("ERROR: failed to resolve source metadata for docker.io/library/nothing", "build_args"),
        ("toomanyrequests: You have reached your pull rate limit.", "docker login"),
        ("unexpected status from HEAD request to https://public.ecr.aws/v2/docker/x: 403 Forbidden", "docker logout"),
        ("pull access denied for public.ecr.aws/x: Your authorization token has expired.", "docker logout"),
        ("#5 0.2 exec /bin/sh: exec format error", "tonistiigi/binfmt --install amd64`"),
    ],
)
def test_known_reasons_say_what_to_do(context: Path, builder: Builder, text: str, words: str) -> None:
    builder.says(f"{text}\n", 1)
    with pytest.raises(BuildError, match=words):
        built(context, [])


def test_a_registry_that_throttles_is_asked_again_a_few_times(context: Path, builder: Builder) -> None:
    said: list[str] = []
    builder.throttles(2, "toomanyrequests: Rate exceeded")
    build(None, Recipe(context, "web:1", {}, "linux/amd64"), said.append, threading.Event(), pause=0)
    assert said == ["building"] + 2 * ["building again: throttled by a registry"]
    builder.throttles(100, "toomanyrequests: Rate exceeded")
    with pytest.raises(BuildError, match="toomanyrequests"):
        build(None, Recipe(context, "web:1", {}, "linux/amd64"), said.append, threading.Event(), pause=0)
    assert (builder.directory / "tries").read_text().count("x") == 3 + TRIES


def test_a_build_needs_a_dockerfile(context: Path) -> None:
    (context / "Dockerfile").unlink()
    with pytest.raises(BuildError, match=f"there is no Dockerfile {context}/Dockerfile: write it"):
        built(context, [])


# docker's SDK leaves the socket open by which it reached nobody
leaking = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@leaking
def test_an_engine_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(engine.EngineError, match=r"no Docker engine responds at .*none\.sock.*DOCKER_HOST"):
        engine.connect()
    gc.collect()


@leaking
def test_an_engine_is_looked_for_where_the_docker_command_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SOCKET", tmp_path / "docker.sock")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "PROVISION_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert not engine.named()
    (tmp_path / "config.json").write_text('{"currentContext": "default"}')
    assert not engine.named()
    (tmp_path / "config.json").write_text('{"currentContext": "colima"}')
    assert engine.named()
    with pytest.raises(engine.EngineError, match="no Docker engine responds at docker's context colima"):
        engine.connect()
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"colima").hexdigest()
    meta.mkdir(parents=True)
    where = {"docker": {"Host": f"unix://{tmp_path}/colima.sock", "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "colima", "Metadata": {}, "Endpoints": where}))
    with pytest.raises(engine.EngineError, match=r"no Docker engine responds at unix://.*/colima\.sock"):
        engine.connect()
    gc.collect()
