"""The second tag of images that services run: put on, moved, never expired, taken away; as the steps declare it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.builds import content_tag
from provisioner.config.models import Config
from provisioner.engine.errors import NotCreated
from provisioner.engine.records.references import KnownResources
from provisioner.engine.scheduling.progress import prefetch
from provisioner.operations.state_admin import recovery
from provisioner.resources.ecr.images import IN_USE, Image, ImageInUse
from provisioner.steps.images import images
from provisioner.steps.repositories import repositories
from provisioner.steps.stack import Stack
from tests.cloud.faults.life import set_faults
from tests.cloud.rig import CONFIG, FACTS, Rig
from tests.ways import calls

pytestmark = pytest.mark.slow

NAME = f"{CONFIG.name}/web"
KIND = "application/vnd.docker.distribution.manifest.v2+json"


def declared(stack: Stack) -> None:
    images(stack, repositories(stack))


@dataclass
class Web:
    """A service that is built from a directory, whose images somebody else pushes."""

    rig: Rig
    directory: Path

    def content(self, text: str) -> str:
        """Have this in the directory, and return the tag of its image."""
        self.directory.mkdir(exist_ok=True)
        (self.directory / "Dockerfile").write_text(text)
        return content_tag(self.directory)

    def push(self, tag: str, build: int = 1) -> str:
        """Have an image in ECR; another build of the same content is another image."""
        config = {"digest": f"sha256:{tag}-{build}"}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": KIND, "layers": [], "config": config})
        image = self.ecr.put_image(repositoryName=NAME, imageManifest=manifest, imageTag=tag)["image"]
        return str(image["imageId"]["imageDigest"])

    def deploy(self, text: str) -> str:
        """Push an image of this content and run `up`; return its tag."""
        tag = self.content(text)
        self.push(tag)
        self.rig.up(declared).ok()
        return tag

    def tags(self) -> list[list[str]]:
        """The tags of each image in ECR."""
        found = self.ecr.describe_images(repositoryName=NAME)["imageDetails"]
        return sorted(sorted(image.get("imageTags", ())) for image in found)

    def recovered(self) -> list[tuple[str, bool]]:
        """Return the addresses found without a state, and whether each is declared."""
        stack = self.rig.declare(declared)
        found = recovery.search(self.rig.aws(), {}, stack.declared, lambda text: None).found
        return [(item.record.address, item.declared) for item in found]

    @property
    def ecr(self) -> Any:
        """Somebody else's client of ECR."""
        return self.rig.cloud.client("ecr")


@pytest.fixture
def web(rig: Rig, tmp_path: Path) -> Web:
    rig.up(repositories).ok()
    rig.config = Config.model_validate({"services": {"web": {"build": "web", "port": 80}}})
    rig.facts = replace(FACTS, root=tmp_path, pushed=frozenset({"web"}))
    return Web(rig, tmp_path / "web")


def both(tag: str) -> list[str]:
    return sorted([tag, f"{IN_USE}{tag}"])


def test_the_tag_goes_where_the_service_goes(web: Web) -> None:
    one = web.deploy("one")
    assert web.tags() == [both(one)]
    assert web.rig.plan(declared) == []
    assert web.rig.up(declared).ok().writes == []
    two = web.content("two")
    web.push(two)
    assert [(item.address, item.action) for item in web.rig.plan(declared)] == [
        (f"image_in_use/web.{two}", "create"),
        (f"image_in_use/web.{one}", "delete"),
    ]
    assert web.rig.up(declared).ok().writes == ["PutImage", "BatchDeleteImage"], "the former one only afterwards"
    assert web.tags() == sorted([[one], both(two)])
    web.content("one")
    web.rig.up(declared).ok()
    assert web.tags() == sorted([both(one), [two]])
    assert web.rig.plan(declared) == []


def test_all_of_a_repository_is_read_by_one_call(web: Web) -> None:
    web.deploy("one")
    aws = web.rig.aws().knowing(KnownResources(web.rig.state().records))
    prefetch(aws, [Image, ImageInUse])
    assert [len(aws.live(resource_type)) for resource_type in (Image, ImageInUse)] == [1, 1]
    assert [call.operation for call in calls(aws)].count("DescribeImages") == 1


def test_an_image_gone_back_to_does_not_expire(web: Web) -> None:
    one, two = web.deploy("one"), web.deploy("two")
    web.content("one")
    web.rig.up(declared).ok()
    for number in range(25):
        web.push(f"other-{number}")
    kept = [both(one), *([f"other-{number}"] for number in range(5, 25))]
    gone = {two, *(f"other-{number}" for number in range(5))}
    # the one in use is as old as any: where it is not kept it goes before the last of these does
    web.rig.cloud.wait(lambda: not gone & {tag for tags in web.tags() for tag in tags}, "the lifecycle policy")
    assert web.tags() == sorted(kept)
    assert web.rig.up(declared).ok().writes == []


def test_a_tag_that_was_taken_away_is_put_back(web: Web) -> None:
    one = web.deploy("one")
    web.ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": f"{IN_USE}{one}"}])
    assert web.rig.up(declared).ok().writes == ["PutImage"]
    assert web.tags() == [both(one)]


def test_the_tag_follows_to_an_image_that_was_built_anew(web: Web) -> None:
    one = web.deploy("one")
    web.ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": one}])
    digest = web.push(one, build=2)
    assert web.rig.up(declared).ok().writes == ["BatchDeleteImage", "PutImage"]
    assert web.tags() == [both(one)]
    assert web.rig.state().records[f"image_in_use/web.{one}"].arguments["image"].endswith(f"@{digest}")


@pytest.mark.parametrize("scenario", ["lost", "reset", "server-error", "throttle"])
def test_an_answer_that_does_not_come_changes_nothing(web: Web, scenario: str) -> None:
    one, two = web.deploy("one"), web.content("two")
    web.push(two)
    set_faults(web.rig.cloud, scenario, only="PutImage|BatchDeleteImage")
    web.rig.up(declared).ok()
    set_faults(web.rig.cloud, "")
    assert web.tags() == sorted([[one], both(two)])
    assert (web.rig.up(declared).ok().writes, web.rig.plan(declared)) == ([], [])


def test_an_image_that_is_gone_or_has_its_tag_by_now(web: Web) -> None:
    one = web.deploy("one")
    reference = web.rig.state().records["image/web"].outputs["reference"]
    wanted = ImageInUse("web", NAME, f"{IN_USE}{one}", reference)
    assert wanted.create(web.rig.aws(), "").id == f"{NAME}:{IN_USE}{one}", "it has the tag"
    web.ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": tag} for tag in both(one)])
    with pytest.raises(NotCreated, match=f"ECR has no {reference} any more: run the same command again"):
        wanted.create(web.rig.aws(), "")


def test_a_tag_of_which_nothing_is_recorded_is_found_again(web: Web) -> None:
    one, two = web.deploy("one"), web.content("two")
    web.push(two)
    recorded = [("repository/web", True), ("image/web", True), (f"image_in_use/web.{one}", False)]
    assert web.recovered() == recorded
    web.rig.config = CONFIG
    assert web.recovered() == [recorded[0], recorded[-1]], "of a service that is not built any more"


def test_down_leaves_nothing(web: Web) -> None:
    web.deploy("one")
    web.deploy("two")
    assert web.rig.down().ok().summary.leftovers == []
    assert web.rig.state().records == {}
    assert web.ecr.describe_repositories()["repositories"] == []


def test_a_service_that_is_not_built_any_more_leaves_no_tag(web: Web) -> None:
    one = web.deploy("one")
    web.deploy("two")
    web.rig.config = CONFIG
    web.rig.up(declared).ok()
    assert web.tags() == [[one]]
