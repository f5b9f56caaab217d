"""Every kind of resource that the steps can declare keeps one contract, shown on a sample of it; see docs/adding.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import steps  # noqa: F401  (importing the package makes all kinds known)
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.samples import ALL, GROUND
from tests.cloud.samples.judge import breaches, strays
from tests.cloud.samples.life import Life, live
from tests.cloud.samples.sample import mistakes


@pytest.fixture(scope="module")
def life(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    running_cloud.reset()
    return live(running_cloud, tmp_path_factory.mktemp("ground"), GROUND, ALL)


def declarable() -> list[type[Resource]]:
    """All kinds of the tool's own."""
    return [kind for kind in RESOURCE_TYPES.values() if kind.__module__.startswith("provisioner.resources.")]


@pytest.mark.parametrize("kind", declarable(), ids=lambda kind: kind.kind)
def test_a_kind_has_a_sample_of_all_that_can_change(kind: type[Resource]) -> None:
    told = mistakes(kind, ALL.get(kind))
    assert not told, "\n".join(told)


@pytest.mark.parametrize("kind", GROUND, ids=lambda kind: kind.kind)
def test_a_resource_keeps_the_contract(life: Life, kind: type[Resource]) -> None:
    told = breaches(life, kind)
    assert not told, "\n".join(told)


def test_nothing_else_was_touched_and_nothing_is_left(life: Life) -> None:
    told = strays(life)
    assert not told, "\n".join(told)
