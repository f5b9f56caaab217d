"""All the ways in which a state can claim others' resources, one of every resource type: they stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.engine.errors import ProvisionError
from provisioner.engine.resource import RESOURCE_TYPES
from provisioner.operations.state_admin import imports
from provisioner.state.model import Phase
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import Inventory, difference, inventory
from tests.cloud.rig import CONFIG, Rig
from tests.cloud.twins import (
    ELSEWHERE,
    Claims,
    Twins,
    claims,
    parts,
    passed_over,
    said_deleted,
    settle,
    trespasses,
    untag,
)

pytestmark = [pytest.mark.random_order(disabled=True), pytest.mark.slow]

WHOSE = ("another stack's", "nobody's", "a namesake's in another Region", "another account's")


@pytest.fixture(scope="module", params=WHOSE)
def twins(
    request: pytest.FixtureRequest, running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory
) -> Twins:
    running_cloud.reset()
    directory = tmp_path_factory.mktemp("theirs")
    if request.param == "a namesake's in another Region":
        return settle(running_cloud, directory, project=CONFIG.project, region=ELSEWHERE)
    theirs = settle(running_cloud, directory)
    if request.param == "nobody's":
        return untag(theirs, Rig(running_cloud, directory))
    return theirs.of_another_account() if request.param == "another account's" else theirs


@pytest.fixture(scope="module")
def before(twins: Twins) -> Inventory:
    twins.cloud.advance(60)  # until all lists show what the tags are
    return inventory(twins.cloud.client)


@pytest.fixture
def rig(running_cloud: EmbeddedCloud, twins: Twins, tmp_path: Path) -> Rig:
    return Rig(running_cloud, tmp_path / "state", stand_ins=True)


CLAIMED: list[tuple[str, Phase]] = [
    ("own", "creating"),
    ("own", "ready"),
    ("own", "deleting"),
    ("foreign", "ready"),
    ("foreign", "deleting"),
]
"""The addresses under which a state claims them, and their phase in it."""


@pytest.mark.parametrize(("where", "phase"), CLAIMED)
@pytest.mark.parametrize("command", ["up", "down"])
def test_nothing_of_it_is_changed(
    rig: Rig, twins: Twins, before: Inventory, command: str, where: str, phase: Phase
) -> None:
    claimed = claims(twins, where, phase)
    for some in parts(claimed) if command == "up" else [claimed]:
        outcome = Claims(rig, twins).run(command, some)
        assert trespasses(outcome) == []
        assert passed_over(outcome, some) == []
        assert phase == "deleting" or said_deleted(outcome) in ([], ["log_group/own"])
    assert difference(before, inventory(twins.cloud.client), "log_groups") == {}


def test_what_has_its_names_is_refused_and_nothing_is_written(rig: Rig, twins: Twins, before: Inventory) -> None:
    for claimed in ([], claims(twins, "own"), claims(twins, "foreign")):
        outcome = Claims(rig, twins).run("up", claimed, twins.declare)
        assert trespasses(outcome) == []
        assert outcome.refused()
    assert difference(before, inventory(twins.cloud.client), "log_groups") == {}


def test_none_of_it_can_be_imported(rig: Rig, twins: Twins, request: pytest.FixtureRequest) -> None:
    if "nobody" in request.node.name:
        pytest.skip("what is nobody's is there to be imported")
    declared = rig.declare(twins.declare).declared
    for record in twins.records.values():
        resource_type = RESOURCE_TYPES[record.type]
        if record.id and not (resource_type.retained or resource_type.created_by_aws):
            with pytest.raises(ProvisionError):
                imports.candidate(rig.aws(), {}, declared, record.address, record.id)
