"""The embedded cloud's answers over a whole life have the shapes of AWS's answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Project
from tests.contract import calls
from tests.contract.known import EXPLAINED, LACKING, OPEN, UNMODELLED
from tests.contract.life import Life, live
from tests.contract.recorded import operation_model
from tests.contract.shapes import Difference, differences, format_of, lacking

# a whole life of a stack
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def life(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    running_cloud.reset()
    directory = tmp_path_factory.mktemp("life")
    project = Project(running_cloud, directory)
    yield live(project, directory / "calls.log")
    project.close()


@pytest.fixture(scope="module")
def found(life: Life) -> list[Difference]:
    """Return the differences between the life's answers and the recorded ones."""
    ours, theirs = calls.logged(life.log), calls.recorded()
    assert len(ours) > 110
    assert len(ours.keys() & theirs.keys()) > 70
    return [one for name in sorted(ours.keys() & theirs.keys()) for one in differences(name, ours[name], theirs[name])]


def test_every_answer_has_the_members_and_formats_of_aws(found: list[Difference]) -> None:
    assert [str(one) for one in found if not any(known.covers(one) for known in (*EXPLAINED, *OPEN))] == []


def test_what_is_listed_as_not_mended_is_not_mended(found: list[Difference]) -> None:
    assert [known for known in OPEN if not any(map(known.covers, found))] == []


def test_no_answer_has_members_that_no_model_knows(life: Life) -> None:
    assert [name for name in sorted(life.unmodelled) if not any(re.fullmatch(one, name) for one in UNMODELLED)] == []
    assert all(any(re.fullmatch(one, name) for name in life.unmodelled) for one in UNMODELLED)


def test_no_answer_lacks_what_its_model_requires(life: Life) -> None:
    lacks = {
        f"{calls.name_of(call)} {path}"
        for call in calls.calls(life.log)
        if "code" not in call
        for path in lacking(call.get("answer", {}), operation_model(call["service"], call["operation"]).output_shape)
    }
    assert lacks - LACKING == set()
    assert LACKING - lacks == set()


@pytest.mark.parametrize(
    ("value", "format"),
    [
        ("RSA_2048", "UPPER_CASE"),
        ("RSA-2048", "UPPER-CASE"),
        ("available", "lower-case"),
        ("i-0a3e363a5366795dd", "i-…"),
        ("vpc-f1516b97", "vpc-…"),
        ("example.com.", "name with final dot"),
        ("example.com", "host name"),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/ecs/web:*", "ARN of logs log-group with :*"),
        ("arn:aws:iam::123456789012:role/a/b", "ARN of iam role"),
        ("01:9f:ff", "hexadecimal pairs"),
        ("Nobody knows", "text"),
    ],
)
def test_formats(value: str, format: str) -> None:
    assert format_of(value) == format
