"""The outcomes of a service's deployments, by ECS's words for them."""

from __future__ import annotations

import pytest

from provisioner.operations.inspection.revisions import outcomes
from provisioner.resources.ecs.history import Past


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        (["SUCCESSFUL", "SUCCESSFUL"], ["serves", "succeeded"]),
        (["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"], ["rolled back", "serves"]),
        (["IN_PROGRESS", "SUCCESSFUL"], ["in progress", "serves"]),
        # the serving revision is older than all deployments that ECS still knows
        (["ROLLBACK_SUCCESSFUL"], ["rolled back"]),
        (["SOMETHING_NEW"], ["something_new"]),
        ([], []),
    ],
)
def test_one_serves_at_the_most(statuses: list[str], told: list[str]) -> None:
    assert outcomes([Past("", status, None, None) for status in statuses]) == told
