"""A state that claims others' resources, one of every resource type: none of them is changed or announced.

The other ways to claim them are in test_twins_whole.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.engine.planning.losses import losses
from provisioner.engine.resource import RESOURCE_TYPES
from provisioner.operations.impact import data_loss
from provisioner.operations.state_admin import recovery
from provisioner.state.model import Phase
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import Inventory, difference, inventory
from tests.cloud.resources.test_resources_contract import declarable
from tests.cloud.rig import Rig
from tests.cloud.twins import Claims, Twins, claims, own, parts, passed_over, said_deleted, settle, trespasses

pytestmark = [pytest.mark.slow, pytest.mark.random_order(disabled=True)]


@pytest.fixture(scope="module")
def twins(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """The resources of another stack, in the same account and Region."""
    running_cloud.reset()
    return settle(running_cloud, tmp_path_factory.mktemp("theirs"))


@pytest.fixture(scope="module")
def before(twins: Twins) -> Inventory:
    return inventory(twins.cloud.client)


@pytest.fixture
def rig(twins: Twins, tmp_path: Path) -> Rig:
    return Rig(twins.cloud, tmp_path / "state", stand_ins=True)


def test_others_have_a_thing_of_every_resource_type(twins: Twins) -> None:
    assert {record.type for record in twins.records.values()} == {it.type_name for it in declarable()}


@pytest.mark.parametrize(("where", "phase"), [("own", "deleting"), ("foreign", "ready")])
def test_down_changes_nothing_of_it(rig: Rig, twins: Twins, before: Inventory, where: str, phase: Phase) -> None:
    claimed = claims(twins, where, phase)
    outcome = Claims(rig, twins).run("down", claimed)
    assert trespasses(outcome) == []
    assert passed_over(outcome, claimed) == []
    assert difference(before, inventory(twins.cloud.client)) == {}


def test_up_changes_nothing_of_it(rig: Rig, twins: Twins, before: Inventory) -> None:
    for some in parts(claims(twins, "foreign")):
        outcome = Claims(rig, twins).run("up", some)
        assert trespasses(outcome) == []
        assert passed_over(outcome, some) == []
        assert said_deleted(outcome) == []
    assert difference(before, inventory(twins.cloud.client), "log_groups") == {}


def test_none_of_its_data_is_announced_as_lost(rig: Rig, twins: Twins) -> None:
    records = {record.address: record for record in claims(twins, "own")}
    held = {"bucket", "db_cluster", "file_system", "log_group", "repository", "secure_parameter"}
    assert {one.partition("/")[0] for loss in losses(records.values()) for one in loss.addresses} >= held
    assert data_loss.lost_of(rig.aws(), records.values(), records) == []


def test_recover_finds_nothing_of_it(rig: Rig, twins: Twins) -> None:
    found = recovery.search(rig.aws(), {}, rig.declare(own).declared, lambda text: None).found
    theirs = {record.id for record in twins.records.values() if not RESOURCE_TYPES[record.type].retained}
    assert [item.record.address for item in found if item.record.id in theirs] == []
