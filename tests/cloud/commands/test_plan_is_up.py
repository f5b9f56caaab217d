"""`up` makes exactly the changes that `plan` shows, after changes by hand and in the configuration."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.drifts import DRIFTS, EDITS, by_hand, edited
from tests.cloud.lookups import NAME
from tests.cloud.project import SAMPLE, Project

pytestmark = pytest.mark.slow

BECOMES = {"create": "created", "change": "changed", "delete": "deleted", "adopt": "adopted", "none": "unchanged"}
AFTER = "(known after up)"
seen = Counter[str]()


@pytest.fixture(scope="module")
def project(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A standing stack, which the tests drift away from and bring back."""
    running_cloud.reset()
    here = Project(running_cloud, tmp_path_factory.mktemp("plan"))
    here.up()
    yield here
    print(f"plan and up: {seen.total()} resources changed in {seen['lives']} rounds, all as planned: {dict(seen)}")
    here.close()


def ids(project: Project) -> dict[str, str]:
    document = json.loads((project.state / "local" / NAME / "state.json").read_text())
    return {address: record["id"] for address, record in document["records"].items()}


def compare(project: Project) -> None:
    """Plan, then up: each resource's result is the planned one, and afterwards there is nothing to do."""
    planned = project.end(project.begin("plan", "--json")).document["resources"]
    results = project.up().results
    said = {item["address"]: BECOMES[item["action"]] for item in planned}
    for item in planned:
        if AFTER in str(item["changes"]) and results[item["address"]] in {"unchanged", "adopted"}:
            # AWS's answer turned out to be what was there before
            said[item["address"]] = results[item["address"]]
    assert results == said
    seen.update(result for result in results.values() if result != "unchanged")
    seen["lives"] += 1
    assert project.planned() == {}


def round_trip(project: Project, drifts: list[str], edits: list[str]) -> None:
    text = SAMPLE
    for edit in edits:
        text = edited(text, edit)
    project.write(text)
    there = ids(project)
    for drift in drifts:
        by_hand(drift, project.cloud.client, there)
    compare(project)


def few(names: object, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(names)), max_size=most, unique=True)  # type: ignore[call-overload]


@settings(
    max_examples=1,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(few(DRIFTS, 6), few(EDITS, 4))
@example(sorted(DRIFTS), [])
@example(sorted(DRIFTS), sorted(EDITS))
def test_up_does_what_the_plan_says(project: Project, drifts: list[str], edits: list[str]) -> None:
    round_trip(project, drifts, edits)


@pytest.mark.enumeration
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(few(DRIFTS, 8), few(EDITS, 6))
def test_up_does_what_the_plan_says_of_many(project: Project, drifts: list[str], edits: list[str]) -> None:
    round_trip(project, drifts, edits)
