"""`provision prices refresh`: AWS's price list is read by exact names, and counts from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecs_emulator.services.pricing import operations
from provisioner.aws.permissions import Part
from provisioner.config.models import load
from provisioner.cost import table
from provisioner.permissions.printed import printed
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.permissions import enforce
from tests.cloud.project import SAMPLE, Project


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A configuration, of which nothing stands."""
    here = Project(cloud, tmp_path)
    here.write(SAMPLE)
    yield here
    here.close()


def test_the_embedded_clouds_prices_are_the_shipped_ones() -> None:
    assert operations.TABLE.read_bytes() == table.SHIPPED.read_bytes()


def test_prices_are_read_and_count_from_then_on(project: Project) -> None:
    before = project.run("cost", "--json").document
    enforce(project.cloud, *printed(load(project.config), account=None, parts=[Part.PRICES]).values())
    found = project.run("prices", "refresh", "--json").document
    enforce(project.cloud)
    assert found["region"] == "ap-northeast-1"
    # others that end the same way cost more: trust stores, I/O-Optimized
    assert found["read"]["alb.hour"] == [0.0243, 0.0243]
    assert found["read"]["aurora.acu"] == [0.15, 0.15]
    assert found["read"]["aurora.io"] == [0.24, 0.24]
    assert found["read"]["ec2.c5.large"] == [0.107, 0.107]
    assert found["kept"].keys() == {"aurora.backup", "logs.store", "ec2.c5a.large"}
    place = project.state / table.OWN
    written = json.loads(place.read_text())
    told = written["regions"]["ap-northeast-1"]["alb.hour"]
    assert told["source"] == "AWS Price List API, APN1-LoadBalancerUsage"
    assert project.run("cost", "--json").document["usual"] == pytest.approx(before["usual"])

    # another Region comes beside it, and an amount that differs is counted and told
    project.run("prices", "refresh", "--region", "us-east-1")
    told["amount"] = 1.0243
    written["regions"]["ap-northeast-1"]["alb.hour"] = told
    place.write_text(json.dumps(json.loads(place.read_text()) | {"regions": written["regions"]}))
    dearer = project.run("cost", "--json").document
    assert dearer["usual"] - before["usual"] == pytest.approx(730)
    assert "alb.hour  1.0243 ->  0.0243" in project.run("prices", "refresh").out


def test_no_policy_but_its_own_reads_prices(project: Project) -> None:
    config = load(project.config)
    assert "pricing:" not in json.dumps(printed(config, account=None))
    assert "pricing:" not in json.dumps(printed(config, account=None, read_only=True))


def test_a_region_that_aws_does_not_have_changes_nothing(project: Project) -> None:
    ended = project.run("prices", "refresh", "--region", "xx-east-1", code=1)
    assert "AWS's price list has none of xx-east-1" in ended.err
    assert not (project.state / table.OWN).exists()
    assert "is not an AWS Region" in project.run("prices", "refresh", "--region", "east", code=4).err
