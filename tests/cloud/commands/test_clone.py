"""A state that came with a clone: its writer knows names and ids of resources that are not this stack's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.events import ResourceDone
from provisioner.state.local import LocalStore
from tests.cloud.inventory import difference, inventory
from tests.cloud.resources.test_resources_network import declared
from tests.cloud.rig import Rig
from tests.cloud.twins import Claims, settle, trespasses


@pytest.mark.parametrize("phase", ["ready", "deleting"])
def test_a_state_that_nobody_here_wrote_removes_nothing_foreign(rig: Rig, tmp_path: Path, phase: Any) -> None:
    config = Config.model_validate({"project": "theirs", "services": {"web": {"image": "nginx:1", "port": 80}}})
    theirs = dataclasses.replace(rig, directory=tmp_path / "theirs", config=config)
    theirs.up(declared).ok()
    clone = dataclasses.replace(rig, directory=tmp_path / "clone")
    with LocalStore(clone.directory, clone.config.name, "test", "0") as store:
        for record in theirs.state().records.values():
            store.put(dataclasses.replace(record, phase=phase))
    for path in clone.directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)  # as git leaves them
    down = clone.down()
    assert down.writes == []
    results = {event.result for event in down.events if isinstance(event, ResourceDone)}
    assert results <= {"not_found", "retained"}
    assert theirs.plan(declared) == []
    theirs.down().ok()


@pytest.mark.slow
def test_resources_known_by_their_tags_alone_are_left_alone(rig: Rig, tmp_path: Path) -> None:
    """A thing of every resource type, which another directory's state has, or none any more: `down` names it."""
    twins = settle(rig.cloud, tmp_path / "another", project=rig.config.project)
    before = inventory(rig.cloud.client)
    up, down = (Claims(rig, twins).run(command, []) for command in ("up", "down"))
    assert trespasses(up) == trespasses(down) == []
    assert difference(before, inventory(rig.cloud.client)) == {}
    left = {one.id for one in down.summary.leftovers}
    assert {
        twins.records[address].id for address in ("vpc/sample", "load_balancer/sample", "db_cluster/sample")
    } <= left
