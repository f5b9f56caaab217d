"""The resolution of a service's metrics: as requested, as shown, and as a part of a revision."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.resources.ecs import monitoring
from provisioner.resources.ecs.deployments import as_asked, revision_fields

CPU, MEMORY = monitoring.METRICS


def shown(*groups: tuple[int, list[str]]) -> dict[str, Any]:
    found = [{"metricNames": names, "resolutionSeconds": seconds} for seconds, names in groups]
    return {monitoring.MEMBER: {"metricConfigurations": found}}


@pytest.mark.parametrize(
    ("declared", "groups"),
    [
        ([], [(60, [CPU, MEMORY])]),
        ([CPU], [(20, [CPU]), (60, [MEMORY])]),
        ([MEMORY, CPU], [(20, [CPU, MEMORY])]),
    ],
)
def test_a_request_names_each_metric_once(declared: list[str], groups: list[tuple[int, list[str]]]) -> None:
    asked = {monitoring.MEMBER: monitoring.asked(declared)}
    assert asked == shown(*groups)
    assert monitoring.shown(asked) == sorted(declared)


@pytest.mark.parametrize("revision", [{}, {monitoring.MEMBER: {}}, shown((60, [CPU]))])
def test_each_minute_unless_said(revision: dict[str, Any]) -> None:
    assert monitoring.shown(revision) == []


def test_a_service_alone_does_not_tell() -> None:
    service, revision = {"taskDefinition": "web:1"}, {"taskDefinition": "web:1", "serviceRevisionArn": "arn/1"}
    fast = {"task_definition": "web:1", monitoring.FIELD: [CPU]}
    assert as_asked(service, [fast])
    assert not as_asked(revision, [fast])
    assert as_asked(revision | shown((20, [CPU])), [fast])
    assert monitoring.FIELD not in revision_fields(service)
