"""Ready images from elsewhere: their descriptions, their copies, and the README's example with them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import manage
from provisioner.config.facts import Copy
from provisioner.config.models import Config
from provisioner.docker.credentials import Login
from provisioner.docker.manifests import Manifest
from provisioner.docker.reference import Reference, parse
from provisioner.docker.registry import Registries
from provisioner.docker.transport import Transport
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.events import Event, ResourceProgress
from provisioner.operations.prerequisites import image_copies
from provisioner.resources.ecr.copied_images import CopiedImage, is_own
from provisioner.resources.ecr.images import IN_USE, ImageInUse, login
from provisioner.resources.ecr.repository import Repository
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.outside import OCI, OCI_INDEX, Outside, Problem, digest_of, outside
from tests.cloud.project import Project, project  # noqa: F401  (a fixture)
from tests.cloud.rig import Rig
from tests.cloud.warm import ROOT

NAME = "ecs-sample-dev/web"
SILENT = "127.0.0.1:9"
"""A registry that nobody runs: the port of RFC 863 is closed."""
LAYER = bytes(range(256)) * 2000
AMD = "linux/amd64"


@pytest.fixture
def there() -> Iterator[Outside]:
    with outside() as here:
        yield here


def configured(there: Outside, name: str = "web:1", target: str = "local", **services: str) -> Config:
    images = {"web": f"{there.host}/{name}", **services}
    return Config.model_validate(
        {"target": target, "services": {key: {"image": image, "port": 80} for key, image in images.items()}}
    )


def found(rig: Rig, config: Config) -> dict[str, Copy]:
    aws = rig.aws().reading()
    # the pauses between tries are the machine's seconds
    aws.pace.scale = 0.01
    return image_copies.find(aws, config, "stack.toml")


@pytest.mark.parametrize("command", ["plan", "doctor"])
def test_a_registry_is_named_before_it_is_asked(project: Project, there: Outside, command: str) -> None:  # noqa: F811
    """The user of a cloned stack.toml has confirmed nothing yet, and sees each registry first, even on this machine."""
    project.write(f'[services.web]\nimage = "{there.host}/web:1"\nport = 80\n')
    ended = project.done(command)
    assert ended.err.startswith(f"asking {there.host} (this machine, by plain HTTP) for services.web.image\n")


def test_which_registries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    images = {
        "own": "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/a:1",
        "awss": "public.ecr.aws/nginx/nginx:1",
        "hub": "nginx:1",
        "again": "redis:7",
        "other": "registry.example.com:5000/a:1",
        "here": "localhost:22/a:1",
    }
    services = {name: {"image": image, "port": 80} for name, image in images.items()}
    config = Config.model_validate({"services": services})
    monkeypatch.delenv("PROVISION_REGISTRIES", raising=False)
    here = "asking localhost:22 (this machine, by plain HTTP) for services.here.image"
    assert image_copies.hosts(config) == [
        "asking docker.io for services.hub.image, services.again.image",
        "asking registry.example.com:5000 for services.other.image",
        here,
    ]
    monkeypatch.setenv("PROVISION_REGISTRIES", "0")
    assert image_copies.hosts(config) == [here], "only these are asked"


def repository(stack: Stack) -> Any:
    return stack.ensure(Repository("web", NAME, "IMMUTABLE", {"scanOnPush": True}, None))


def declare(rig: Rig, copy: Copy) -> Any:
    def declared(stack: Stack) -> None:
        uri = repository(stack).repository_uri
        image = stack.ensure(CopiedImage("web", NAME, uri, copy.tag, copy.source, AMD))
        second = f"{IN_USE}{copy.tag}"
        stack.ensure(ImageInUse(ImageInUse.called(NAME, second), NAME, second, image.reference))

    return declared


def held(rig: Rig) -> dict[str, list[str]]:
    """The tags in ECR, by digest."""
    images = rig.cloud.client("ecr").describe_images(repositoryName=NAME)["imageDetails"]
    return {image["imageDigest"]: sorted(image.get("imageTags", ())) for image in images}


# -- what is known beforehand ------------------------------------------------------------------------------------------


def test_a_moved_tag_is_copied_again_and_a_digest_not_asked_for(rig: Rig, there: Outside) -> None:
    first = there.image("1", LAYER)
    copy = found(rig, configured(there))["web"]
    assert copy == Copy(f"{there.host}/web:1@{first}", image_copies.copy_tag(parse(f"{there.host}/web:1"), first))
    assert rig.up(declare(rig, copy)).ok().writes == ["CreateRepository", "PutImage"]
    assert held(rig) == {first: sorted([copy.tag, f"{IN_USE}{copy.tag}"])}

    there.asked.clear()
    assert found(rig, configured(there))["web"] == copy
    assert [method for method, *_ in there.asked] == ["HEAD"], "of what ECR has a copy of only the digest is asked for"
    assert rig.up(declare(rig, copy)).ok().writes == []
    there.asked.clear()
    assert found(rig, configured(there, f"web:1@{first}"))["web"] == copy
    assert there.asked == []

    second = there.image("1", LAYER, b"new")
    moved = found(rig, configured(there))["web"]
    assert moved.tag != copy.tag
    assert [(item.address, item.action) for item in rig.plan(declare(rig, moved))] == [
        ("copied_image/web", "create"),
        (f"image_in_use/web.{moved.tag}", "create"),
        (f"image_in_use/web.{copy.tag}", "delete"),
    ]
    there.asked.clear()
    rig.up(declare(rig, moved)).ok()
    assert held(rig) == {first: [copy.tag], second: sorted([moved.tag, f"{IN_USE}{moved.tag}"])}
    assert there.said(f"GET .*{digest_of(LAYER)}") == [], "what the repository has is not fetched again"


def test_each_registry_is_asked_once_for_each_name(rig: Rig, there: Outside) -> None:
    there.image("1", LAYER)
    same = dict.fromkeys((f"other-{number}" for number in range(5)), f"{there.host}/web:1")
    own = {"own": "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1", "here": f"{rig.cloud.endpoint[7:]}/web:1"}
    copy = found(rig, configured(there, **same, **own))
    assert copy.keys() == {"web", *same}
    assert len(there.said("HEAD .*manifests")) == 1


def test_a_copy_stays_in_use_while_its_registry_is_silent(rig: Rig, there: Outside) -> None:
    copy = found(rig, configured(there)) if there.image("1", LAYER) else {}
    rig.up(declare(rig, copy["web"])).ok()
    for target in ("local", "aws"):
        there.troubles.append(Problem("HEAD", 4, 503))
        instead = found(rig, configured(there, target=target))["web"]
        assert (instead.tag, instead.possible) == (copy["web"].tag, True)
        assert "does not respond (HTTP 503)" in instead.notice
        assert instead.notice.endswith("the existing copy in ECR is used")
        assert rig.plan(declare(rig, instead)) == []


def test_a_service_with_a_copy_asks_for_no_other_services_image(rig: Rig, there: Outside) -> None:
    there.image("1", LAYER)
    copy = found(rig, configured(there))["web"]
    rig.up(declare(rig, copy)).ok()
    there.troubles.append(Problem("GET .*manifests", 4, 503))
    with pytest.raises(ConfigurationError) as refused:
        found(rig, configured(there, target="aws", other=f"{there.host}/web:1"))
    (line,) = str(refused.value).splitlines()
    assert line.startswith("stack.toml: services.other.image is ")
    there.troubles[:] = [Problem("GET .*manifests", 4, 503)]
    here = found(rig, configured(there, other=f"{there.host}/web:1"))
    assert (here["web"], here["other"].possible) == (copy, False)
    there.troubles.clear()
    assert found(rig, configured(there, other=f"{there.host}/web:1"))["web"] == copy


def test_of_several_copies_the_one_in_use_is_used(rig: Rig, there: Outside) -> None:
    tags = []
    for content in (b"one", b"two"):
        there.image("1", content)
        copy = found(rig, configured(there))["web"]
        tags.append(copy.tag)
        rig.up(declare(rig, copy)).ok()
    there.image("1", b"one")
    rig.up(declare(rig, found(rig, configured(there))["web"])).ok()
    there.troubles.append(Problem("HEAD", 4, 503))
    assert found(rig, configured(there))["web"].tag == tags[0]


def test_without_an_answer_and_a_copy_it_is_an_error_on_aws(rig: Rig, there: Outside) -> None:
    there.troubles.append(Problem("HEAD", 4, 503))
    with pytest.raises(ConfigurationError) as refused:
        found(rig, configured(there, target="aws"))
    assert str(refused.value).startswith(f'stack.toml: services.web.image is "{there.host}/web:1": {there.host} does')
    assert str(refused.value).endswith("if there is a proxy, then run the same command again")


def test_on_the_embedded_cloud_it_is_one_note_for_all_images(rig: Rig, there: Outside) -> None:
    there.troubles.append(Problem("HEAD", 4, 503))
    alone = found(rig, configured(there))["web"]
    assert (alone.possible, alone.source) == (False, f"{there.host}/web:1")
    assert alone.notice == (
        f'services.web.image is "{there.host}/web:1": {there.host} does not respond (HTTP 503): the image is not copied'
    )
    there.troubles += [Problem("HEAD", 4, 503), Problem("HEAD", 4, 503)]
    others = {"api": f"{there.host}/api:1", "worker": f"{SILENT}/worker:1"}
    several = found(rig, configured(there, **others))
    [notice] = {copy.notice for copy in several.values()}
    assert notice.startswith(f"services.web.image, services.api.image, services.worker.image: {there.host} does not")
    assert f"; {SILENT} does not respond (Connection refused): these images are not copied" in notice.replace(
        "[Errno 111] ", ""
    )


def test_a_registry_that_answers_with_no_is_an_error_beside_it(rig: Rig, there: Outside) -> None:
    with pytest.raises(ConfigurationError) as refused:
        found(rig, configured(there, "missing:1", silent=f"{SILENT}/web:1"))
    assert str(refused.value).count("\n") == 0
    assert "services.web.image" in str(refused.value)
    assert "check the name and the tag" in str(refused.value)


def test_without_the_internet_plan_up_and_rehearse_go_on(project: Project) -> None:  # noqa: F811
    services = "".join(f'[services.{name}]\nimage = "{SILENT}/{name}:1"\nport = 80\n' for name in ("web", "api"))
    project.write(services)
    note = f"services.web.image, services.api.image: {SILENT} does not respond"
    for words in (["plan"], ["rehearse"], ["up", "--yes"], ["plan"], ["rehearse"]):
        ended = project.done(*words)
        assert ended.code in (0, 2), ended.err
        said = ended.out + ended.err
        assert [said.count(note), said.count("these images are not copied")] == [1, 1], said
    assert "No changes" in project.run("plan").out


def test_who_says_so_goes_without_it_on_the_embedded_cloud_only(rig: Rig, there: Outside) -> None:
    image = "public.ecr.aws/nginx/nginx:1.29"
    offline = found(rig, configured(there, web=image))["web"]
    assert (offline.possible, offline.source) == (False, image)
    assert "public.ecr.aws is not used, because PROVISION_REGISTRIES=0" in offline.notice
    assert offline.notice.endswith("the image is not copied")
    with pytest.raises(ConfigurationError, match="because PROVISION_REGISTRIES=0"):
        found(rig, configured(there, target="aws", web=image))


@pytest.mark.parametrize("target", ["local", "aws"])
def test_what_has_nothing_to_run_is_an_error(rig: Rig, there: Outside, target: str) -> None:
    there.image("1", LAYER, runs={"Env": ["A=b"]})
    with pytest.raises(ConfigurationError, match="has neither an ENTRYPOINT nor a CMD"):
        found(rig, configured(there, target=target))
    there.image("1", LAYER, runs={"Entrypoint": ["/web"], "Cmd": None})
    assert found(rig, configured(there, target=target))["web"].possible


@pytest.mark.parametrize("target", ["local", "aws"])
def test_what_cannot_run_is_one_line_each_with_key_and_fix(rig: Rig, there: Outside, target: str) -> None:
    there.image("arm", LAYER, platform="linux/arm64")
    there.image("kept", LAYER, urls=["https://example.com/layer"])
    others = {"arm": f"{there.host}/web:arm", "kept": f"{there.host}/web:kept"}
    with pytest.raises(ConfigurationError) as refused:
        found(rig, configured(there, "web:none", target, **others))
    none, arm, kept = str(refused.value).splitlines()
    assert none.startswith(f'stack.toml: services.web.image is "{there.host}/web:none": {there.host} has no ')
    assert none.endswith("check the name and the tag")
    assert "services.arm.image" in arm
    assert "is an image for linux/arm64, but its tasks run on linux/amd64: choose an image for linux/amd64" in arm
    assert "non-distributable layers" in kept


@pytest.mark.parametrize("target", ["local", "aws"])
def test_what_is_not_shown_is_an_error(rig: Rig, there: Outside, target: str) -> None:
    there.token, there.users = "t", {"me": "word"}
    with pytest.raises(ConfigurationError, match=f"or log in with `docker login {there.host}`"):
        found(rig, configured(there, target=target))


@pytest.mark.parametrize(
    ("image", "own"),
    [
        ("123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1", True),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1", False),
        ("999999999999.dkr.ecr.ap-northeast-1.amazonaws.com/web:1", False),
        ("123456789012.dkr.ecr.ap-northeast-1.amazonaws.com.example.org/web:1", False),
        ("public.ecr.aws/nginx/nginx:1.29", False),
        ("nginx", False),
        ("127.0.0.1:1/web", False),
    ],
)
def test_which_images_private_subnets_reach(rig: Rig, image: str, own: bool) -> None:
    assert is_own(rig.aws(), parse(image)) is own


# -- the copy ----------------------------------------------------------------------------------------------------------


def test_a_copy_whose_answer_was_lost_is_found(rig: Rig, there: Outside) -> None:
    """ECR takes no image twice under one tag."""
    digest = there.image("1", LAYER)
    copy = found(rig, configured(there))["web"]
    rig.up(repository).ok()
    image = CopiedImage("web", NAME, f"{rig.cloud.endpoint[7:]}/{NAME}", copy.tag, copy.source, AMD)
    aws = rig.aws()
    assert (
        image.create(aws, "").outputs
        == image.create(aws, "").outputs
        == {"reference": f"{rig.cloud.endpoint[7:]}/{NAME}@{digest}"}
    )


def test_a_copy_says_how_far_it_is(rig: Rig, there: Outside) -> None:
    there.image("1", LAYER, large := bytes(20_000_000))
    copy, said, rest = found(rig, configured(there))["web"], list[str](), threading.Event()

    def heard(event: Event) -> None:
        if isinstance(event, ResourceProgress):
            said.append(event.text)
            if "parts" in event.text:
                rest.set()

    there.troubles.append(Problem(f"GET .*{digest_of(large)}", until=rest))
    replace(rig, heard=heard).up(declare(rig, copy)).ok()
    assert any(re.fullmatch(r"copying \d/3 parts, \d+ of 20 MB", text) for text in said), said


# -- the README's example ----------------------------------------------------------------------------------------------


@dataclass
class Second:
    """Another embedded cloud, whose registry is the source: it lets in only clients with its token."""

    cloud: EmbeddedCloud
    directory: Path
    password: str

    @property
    def host(self) -> str:
        return self.cloud.endpoint.removeprefix("http://")

    def push(self, name: str, *platforms: str) -> dict[str, str]:
        """Have an image for several platforms there, and return its manifests' digests by platform."""
        self.cloud.client("ecr").create_repository(repositoryName=name.partition(":")[0])
        place, digests = parse(f"{self.host}/{name}"), {}
        for platform in platforms:
            system, _, architecture = platform.partition("/")
            shown = {"os": system, "architecture": architecture, "config": {"Cmd": ["nginx"]}, "for": name}
            config = json.dumps(shown).encode()
            manifest = {"config": self._blob(place, config), "layers": [self._blob(place, LAYER + name.encode())]}
            digests[platform] = self._manifest(place, manifest, OCI)
        parts = []
        for platform, digest in digests.items():
            system, _, architecture = platform.partition("/")
            shown = {"os": system, "architecture": architecture}
            parts.append({"digest": digest, "mediaType": OCI, "size": 1, "platform": shown})
        self._manifest(place, {"manifests": parts}, OCI_INDEX, place.tag)
        return digests

    def _blob(self, place: Reference, content: bytes) -> dict[str, Any]:
        self._client().upload(place, digest_of(content), len(content), iter([content]))
        return {"digest": digest_of(content), "size": len(content), "mediaType": "x"}

    def _manifest(self, place: Reference, content: dict[str, Any], media_type: str, tag: str = "") -> str:
        manifest = Manifest(json.dumps({"mediaType": media_type, **content}).encode(), media_type)
        assert self._client().put(replace(place, tag=tag or manifest.digest), manifest) == ""
        return manifest.digest

    def _client(self) -> Registries:
        return Registries(Transport(threading.Event()), lambda _: Login("AWS", self.password))


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Second]:
    cloud = EmbeddedCloud(manage.start(tmp_path / "second", "example.com"))
    access = login(Rig(cloud, tmp_path / "none").aws())
    here = Second(cloud, tmp_path / "second", access["password"])
    entry = {"username": access["username"], "password": access["password"]}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {here.host: entry}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    yield here
    manage.stop(here.directory)


def example(path: Path) -> str:
    """The first configuration that a README shows."""
    text = re.search(r"```toml\n(project.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    assert text
    return text[1]


def test_both_readmes_show_the_same_example() -> None:
    english, japanese = (
        re.sub(r"\s*#.*", "", example(ROOT / name), flags=re.MULTILINE) for name in ("README.md", "README.ja.md")
    )
    assert english == japanese


@pytest.mark.slow
def test_the_readmes_example_comes_up_with_copies_alone(project: Project, second: Second) -> None:  # noqa: F811
    """With the images of a second registry instead of public.ecr.aws, which no test asks."""
    text = example(ROOT / "README.md")
    names = dict(re.findall(r'\[services\.(\w+)\]\nimage = "public\.ecr\.aws/([^"]+)"', text))
    assert len(names) == 2
    pushed = {service: second.push(name, "linux/arm64", AMD) for service, name in names.items()}
    project.write(text.replace("public.ecr.aws/", f"{second.host}/"))
    ended = project.up()
    here = project.cloud.endpoint.removeprefix("http://")
    for service, digests in pushed.items():
        assert ended.results[f"copied_image/{service}"] == "created"
        (image,) = project.cloud.client("ecr").describe_images(repositoryName=f"shop-dev/{service}")["imageDetails"]
        assert image["imageDigest"] == digests[AMD]
        assert sorted(image["imageTags"]) == sorted(
            [tag := image["imageTags"][0].removeprefix(IN_USE), f"{IN_USE}{tag}"]
        )
        definition = project.cloud.client("ecs").describe_task_definition(taskDefinition=f"shop-dev-{service}")
        (container,) = definition["taskDefinition"]["containerDefinitions"]
        assert container["image"] == f"{here}/shop-dev/{service}@{digests[AMD]}"
    # the example leaves the user to the images
    assert not [event for event in ended.said("notice") if "image" in event["text"] and "set user" not in event["text"]]
    (target,) = project.cloud.client("elbv2").describe_target_groups()["TargetGroups"]
    assert target["HealthCheckPath"] == "/"
    assert project.planned() == {}
    manage.stop(second.directory)
    since = project.last_call()
    again = project.up()
    assert set(again.results.values()) == {"unchanged"}
    assert project.writes(since) == []
    assert [event["text"].rpartition(": ")[2] for event in again.said("notice") if "image" in event["text"]] == [
        "the existing copies in ECR are used"
    ]
