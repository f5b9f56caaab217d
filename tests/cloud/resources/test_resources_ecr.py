"""ECR's type, beyond the contract: policies, scanning by the registry, somebody else's repository, its images."""

from __future__ import annotations

import json
from typing import Any

from provisioner.resources.ecr.repository import Repository
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

NAME = "ecs-sample-dev/web"


def policy() -> dict[str, Any]:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 10}
    return {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}


def declared(stack: Stack, *, keep_all: bool = False) -> None:
    rules = None if keep_all else policy()
    stack.ensure(Repository("web", NAME, "IMMUTABLE", {"scanOnPush": True}, rules))


def test_a_policy_that_is_no_longer_wanted_is_deleted(rig: Rig) -> None:
    rig.up(declared).ok()

    def all_of_them(stack: Stack) -> None:
        declared(stack, keep_all=True)

    assert rig.up(all_of_them).ok().writes == ["DeleteLifecyclePolicy"]
    assert rig.plan(all_of_them) == []


def test_a_repositorys_setting_yields_to_the_registrys_scan(rig: Rig) -> None:
    ecr = rig.cloud.client("ecr")
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    rig.up(declared).ok()
    (made,) = ecr.describe_repositories()["repositories"]
    assert made["imageScanningConfiguration"] == {"scanOnPush": False}
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    ecr.put_image_scanning_configuration(repositoryName=NAME, imageScanningConfiguration={"scanOnPush": False})
    assert [list(item.changes) for item in rig.plan(declared)] == [["image_scanning_configuration"]]


def test_a_policy_that_is_only_written_differently_is_equal(rig: Rig) -> None:
    rig.up(declared).ok()
    text = json.dumps(policy(), indent=4, sort_keys=True)
    rig.cloud.client("ecr").put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=text)
    assert rig.plan(declared) == []


def test_somebody_elses_repository_is_refused_and_left_as_it_is(rig: Rig) -> None:
    ecr = rig.cloud.client("ecr")
    before = ecr.create_repository(repositoryName=NAME, tags=[{"Key": "Project", "Value": "other"}])["repository"]
    assert "not the tags of this stack" in rig.plan(declared)[0].why
    assert rig.up(declared).summary.exit_code == 1
    assert rig.down().ok().summary.leftovers == []
    assert ecr.describe_repositories()["repositories"] == [before]


def test_removed_with_its_images_without_a_trace(rig: Rig) -> None:
    rig.up(declared).ok()
    ecr = rig.cloud.client("ecr")
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": "sha256:1"},
        "layers": [],
    }
    ecr.put_image(repositoryName=NAME, imageManifest=json.dumps(manifest), imageTag="1")
    assert rig.down().ok().summary.leftovers == []
    assert ecr.describe_repositories()["repositories"] == []
    assert rig.down().ok().writes == []
