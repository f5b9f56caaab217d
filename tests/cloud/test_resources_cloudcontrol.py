"""AWS's types by Cloud Control: the contract of all types, and what only these do."""

from __future__ import annotations

import pytest

from provisioner.engine.resource import Resource
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.samples import ALL
from tests.cloud.samples.cloudcontrol import CLOUD_CONTROL
from tests.cloud.samples.judge import breaches, strays
from tests.cloud.samples.life import Life, live
from tests.cloud.samples.sample import mistakes


@pytest.fixture(scope="module")
def lived(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Life:
    running_cloud.reset()
    return live(running_cloud, tmp_path_factory.mktemp("life"), CLOUD_CONTROL, {**ALL, **CLOUD_CONTROL})


@pytest.mark.parametrize("resource_type", CLOUD_CONTROL, ids=lambda it: it.type_name)
def test_type_keeps_the_contract(lived: Life, resource_type: type[Resource]) -> None:
    assert mistakes(resource_type, CLOUD_CONTROL[resource_type]) == []
    assert breaches(lived, resource_type) == []


def test_nothing_is_done_that_nothing_calls_for(lived: Life) -> None:
    assert strays(lived) == []
