"""The code of docs/adding.md, as it stands there: a topic of SNS as a type, its sample, and its step."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from provisioner.engine.declaration import STEPS
from provisioner.engine.resource import RESOURCE_TYPES, Changes, Observed
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rig import Rig
from tests.cloud.samples.judge import breaches, strays
from tests.cloud.samples.life import live
from tests.cloud.samples.sample import Sample, mistakes

DOCUMENT = Path(__file__).parents[2] / "docs" / "adding.md"
BLOCK = re.compile(r"^```python\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A block of code: the file that it belongs to, and what is to stand there."""
MODULES = ("provisioner/resources/sns.py", "tests/cloud/samples/alarms.py", "steps/alarms.py")


@dataclass(frozen=True)
class Added:
    """What the document adds: the resource type, its sample, and the step."""

    topic: type[Any]
    sample: Sample
    step: Any


@pytest.fixture(scope="module")
def added() -> Iterator[Added]:
    blocks = dict(BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")))
    assert set(blocks) == {*MODULES}
    resource_types, steps = dict(RESOURCE_TYPES), dict(STEPS)
    with pytest.MonkeyPatch.context() as patch:
        resource_type, samples, step = (_module(patch, file, blocks[file]) for file in MODULES)
        yield Added(resource_type.Topic, samples.ALARMS[resource_type.Topic], step.alarms)
    for table, before in ((RESOURCE_TYPES, resource_types), (STEPS, steps)):
        for name in table.keys() - before.keys():
            del table[name]


def _module(patch: pytest.MonkeyPatch, file: str, text: str) -> Any:
    """The module that a file of this text would be."""
    module = ModuleType(file.removesuffix(".py").replace("/", "."))
    patch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, DOCUMENT, "exec"), vars(module))  # noqa: S102
    return module


def deaf(topic: Any) -> type[Any]:
    """A topic that is never changed, never goes, and is known by its name alone."""

    class DeafTopic(topic):  # type: ignore[misc]
        type_name = "deaf_topic"
        interval = delete_timeout = 60

        @classmethod
        def list(cls, aws: Any, known: Any) -> Iterator[Observed]:
            return (replace(live, address=None) for live in super().list(aws, known))

        def update(self, aws: Any, live: Observed, changes: Changes) -> None:
            pass

        @classmethod
        def delete(cls, aws: Any, live: Observed) -> None:
            pass

    return DeafTopic


def test_what_the_document_adds_keeps_the_contract(cloud: EmbeddedCloud, tmp_path: Path, added: Added) -> None:
    assert mistakes(added.topic, added.sample) == []
    samples = {added.topic: added.sample}
    life = live(cloud, tmp_path, samples, samples)
    assert breaches(life, added.topic) == strays(life) == []
    assert cloud.client("sns").list_topics()["Topics"] == []


def test_a_resource_type_that_breaks_the_contract_reads_how(
    cloud: EmbeddedCloud, tmp_path: Path, added: Added, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource_type = deaf(added.topic)
    # so that it is gone afterwards
    monkeypatch.setitem(RESOURCE_TYPES, "deaf_topic", RESOURCE_TYPES.pop("deaf_topic"))
    samples = {
        resource_type: replace(
            added.sample, declare=lambda here: here.ensure(resource_type("sample", "sample", "Sample"))
        )
    }
    told = "\n".join(breaches(live(cloud, tmp_path, samples, samples), resource_type))
    for words in (
        "`up` after a change of display_name ended with deaf_topic/sample failed: ",
        "deaf_topic/sample was left alone since it was mended, and the plan is to change display_name",
        "deaf_topic/sample carries tags, and is found by name without a state",
        "`down` ended with deaf_topic/sample failed: ",
    ):
        assert words in told


def nothing(_: object) -> Any:
    """Declare, or change by hand, nothing at all."""


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (None, "topic has no sample: add `Topic: Sample(...)` to one of the tables in tests/cloud/samples"),
        (Sample(nothing), "display_name of topic can change, and its sample does not say how: add it to `drift`"),
        (Sample(nothing, {"display_nmae": nothing}), "display_nmae is no field of topic: take it out of its sample"),
        (Sample(nothing, {"topic_name": nothing}), "topic_name of topic cannot change by a drift: it is fixed"),
    ],
    ids=["none", "a field too few", "a field too many", "a fixed field"],
)
def test_a_sample_that_lacks_something_reads_what(added: Added, sample: Sample | None, words: str) -> None:
    assert any(words in told for told in mistakes(added.topic, sample))


def test_its_step_declares_it(rig: Rig, added: Added) -> None:
    assert STEPS["alarms"] is added.step
    assert rig.up(added.step).ok().writes == ["CreateTopic"]
    (topic,) = rig.cloud.client("sns").list_topics()["Topics"]
    assert topic["TopicArn"] == rig.state().records["topic/alarms"].id
    assert rig.down().ok().writes == ["DeleteTopic"]
