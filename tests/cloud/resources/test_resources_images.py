"""The type of images where nothing has to be built: found in ECR, left alone, removed; and without an engine."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.docker.engine import EngineError
from provisioner.resources.ecr.images import Image
from provisioner.resources.ecr.repository import Repository
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

NAME = "ecs-sample-dev/web"
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}


def repository(stack: Stack) -> Any:
    return stack.ensure(Repository("web", NAME, "IMMUTABLE", {"scanOnPush": True}, None))


def declared(stack: Stack, tag: str = "1") -> None:
    uri = repository(stack).repository_uri
    stack.ensure(Image("web", NAME, uri, tag, "web", {}, "linux/amd64"))


def put(rig: Rig, tag: str) -> str:
    """Have an image in ECR as others would push it, and return its digest."""
    manifest = json.dumps({**MANIFEST, "config": {"digest": f"sha256:{tag}"}})
    image = rig.cloud.client("ecr").put_image(repositoryName=NAME, imageManifest=manifest, imageTag=tag)["image"]
    return str(image["imageId"]["imageDigest"])


def held(rig: Rig) -> list[str]:
    """The tags in ECR."""
    images = rig.cloud.client("ecr").describe_images(repositoryName=NAME)["imageDetails"]
    return sorted(tag for image in images for tag in image.get("imageTags", ()))


def test_what_ecr_holds_is_taken_and_named_by_its_digest(rig: Rig) -> None:
    rig.up(repository).ok()
    digest = put(rig, "1")
    assert [(item.address, item.action) for item in rig.plan(declared)] == [("image/web", "adopt")]
    assert rig.up(declared).ok().writes == []
    uri = f"{rig.cloud.endpoint.removeprefix('http://')}/{NAME}"
    assert rig.state().records["image/web"].outputs == {"reference": f"{uri}@{digest}"}
    assert (rig.up(declared).ok().writes, rig.plan(declared)) == ([], [])
    # other content
    digest = put(rig, "2")
    assert rig.up(lambda stack: declared(stack, "2")).ok().writes == []
    assert rig.state().records["image/web"].outputs == {"reference": f"{uri}@{digest}"}
    assert held(rig) == ["1", "2"]


def test_an_image_no_longer_declared_goes_and_former_ones_stay(rig: Rig) -> None:
    rig.up(repository).ok()
    for tag in ("1", "2"):
        put(rig, tag)
    rig.up(declared).ok()
    assert rig.up(repository).ok().writes == ["BatchDeleteImage"]
    assert held(rig) == ["2"]
    put(rig, "1")
    rig.up(declared).ok()
    rig.cloud.client("ecr").batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": "1"}])
    assert rig.up(repository).ok().writes == [], "it is gone already"
    put(rig, "1")
    rig.up(declared).ok()
    rig.cloud.client("ecr").delete_repository(repositoryName=NAME, force=True)
    assert rig.down().ok().summary.leftovers == []
    assert rig.state().records == {}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a socket that docker's SDK leaves open
def test_what_cannot_be_built_is_not_recorded(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    run = rig.up(declared)
    error = run.failures()["image/web"]
    assert isinstance(error, EngineError)
    assert "none.sock" in str(error)
    assert list(rig.state().records) == ["repository/web"]
    gc.collect()
