"""Every resource type that the steps can declare keeps one contract, shown on a sample (docs/developers/adding.md)."""

from __future__ import annotations

import pytest

from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import AWS_NAME, all_types
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.samples import ALL, GROUND
from tests.cloud.samples.judge import breaches, strays
from tests.cloud.samples.life import Life, live
from tests.cloud.samples.sample import mistakes


@pytest.fixture(scope="module")
def life(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Life:
    running_cloud.reset()
    return live(running_cloud, tmp_path_factory.mktemp("ground"), GROUND, ALL)


def declarable() -> list[type[Resource]]:
    """Return all resource types of the tool's own, without the types that are made out of a schema."""
    return [
        resource_type
        for name, resource_type in all_types().items()
        if resource_type.__module__.startswith("provisioner.resources.") and not AWS_NAME.fullmatch(name)
    ]


@pytest.mark.parametrize("resource_type", declarable(), ids=lambda resource_type: resource_type.type_name)
def test_a_resource_type_has_a_sample_of_all_that_can_change(resource_type: type[Resource]) -> None:
    told = mistakes(resource_type, ALL.get(resource_type))
    assert not told, "\n".join(told)


@pytest.mark.parametrize("resource_type", GROUND, ids=lambda resource_type: resource_type.type_name)
def test_a_resource_keeps_the_contract(life: Life, resource_type: type[Resource]) -> None:
    told = breaches(life, resource_type)
    assert not told, "\n".join(told)


def test_nothing_else_was_touched_and_nothing_is_left(life: Life) -> None:
    told = strays(life)
    assert not told, "\n".join(told)
