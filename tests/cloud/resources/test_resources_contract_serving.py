"""The contract of resource types that serve requests: a life of its own, in a file of its own."""

from __future__ import annotations

import pytest

from provisioner.engine.resource import Resource
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.samples import ALL, SERVING
from tests.cloud.samples.judge import breaches, strays
from tests.cloud.samples.life import Life, live

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def life(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Life:
    running_cloud.reset()
    return live(running_cloud, tmp_path_factory.mktemp("serving"), SERVING, ALL)


@pytest.mark.parametrize("resource_type", SERVING, ids=lambda resource_type: resource_type.type_name)
def test_a_resource_keeps_the_contract(life: Life, resource_type: type[Resource]) -> None:
    told = breaches(life, resource_type)
    assert not told, "\n".join(told)


def test_nothing_else_was_touched_and_nothing_is_left(life: Life) -> None:
    told = strays(life)
    assert not told, "\n".join(told)
