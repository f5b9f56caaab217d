"""The names in the stack's certificate: the public name alone, or the names of a standing certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = world.EMPTY

STEP = ("--target-step", "certificate")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Project:
    ready_image(cloud, "frontend")
    found = Project(cloud, tmp_path)
    found.write(SMALL)
    return found


def test_a_new_certificate_has_the_public_name_alone(project: Project) -> None:
    planned = project.planned(*STEP)
    assert {*planned} >= {"certificate/app.example.com", "validation_record/app.example.com"}
    assert "validation_record/example.com" not in planned


@pytest.mark.parametrize("recorded", [True, False])
def test_a_standing_certificate_keeps_its_names(project: Project, *, recorded: bool) -> None:
    """Earlier versions asked for the domain's wildcard: names do not change, and ACM renews by all of the records."""
    names = ["app.example.com", "*.example.com"]
    tags = {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner"}
    tags["provisioner:address"] = "certificate/app.example.com"
    project.cloud.client("acm").request_certificate(
        DomainName=names[0],
        SubjectAlternativeNames=names,
        ValidationMethod="DNS",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    # AWS shows the names some seconds after the request
    project.cloud.advance(60)
    if recorded:
        project.run("recover", "--yes")
    planned = project.planned(*STEP)
    assert [address for address, item in planned.items() if item["action"] == "refused"] == []
    assert {"validation_record/app.example.com", "validation_record/example.com"} <= {*planned}
