"""The code of docs/developers/adding.md, as it stands there: a queue of SQS as a type, its sample, and its step."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from provisioner.aws.api import apis, keep_only
from provisioner.engine.declaration import STEPS
from provisioner.engine.resource import RESOURCE_TYPES, Changes, Observed
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rig import Rig
from tests.cloud.samples.judge import breaches, strays
from tests.cloud.samples.life import live
from tests.cloud.samples.sample import Sample, mistakes

DOCUMENT = Path(__file__).parents[3] / "docs" / "developers" / "adding.md"
BLOCK = re.compile(r"^```python\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A block of code: the file that it belongs to, and the file's text."""
MODULES = ("provisioner/resources/plain_queues.py", "tests/cloud/samples/plain_queues.py", "steps/plain_queues.py")


@dataclass(frozen=True)
class Added:
    """The document's additions: the resource type, its sample, and the step."""

    queue: type[Any]
    sample: Sample
    step: Any


@pytest.fixture(scope="module")
def added() -> Iterator[Added]:
    blocks = dict(BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")))
    assert set(blocks) == {*MODULES}
    resource_types, steps, known = dict(RESOURCE_TYPES), dict(STEPS), dict(apis())
    with pytest.MonkeyPatch.context() as patch:
        resource_type, samples, step = (_module(patch, file, blocks[file]) for file in MODULES)
        yield Added(resource_type.PlainQueue, samples.QUEUES[resource_type.PlainQueue], step.plain_queues)
    for table, before in ((RESOURCE_TYPES, resource_types), (STEPS, steps)):
        for name in table.keys() - before.keys():
            del table[name]
    # the document has its own API of SQS
    keep_only(known)


def _module(patch: pytest.MonkeyPatch, file: str, text: str) -> Any:
    """The module that a file of this text would be."""
    module = ModuleType(file.removesuffix(".py").replace("/", "."))
    patch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, DOCUMENT, "exec"), vars(module))  # noqa: S102
    return module


def deaf(queue: Any) -> type[Any]:
    """A queue that is never changed, never goes, and is known by its name alone."""

    class DeafQueue(queue):  # type: ignore[misc]
        type_name = "deaf_queue"
        interval = delete_timeout = 60

        @classmethod
        def list(cls, aws: Any, known: Any) -> Iterator[Observed]:
            return (replace(live, address=None) for live in super().list(aws, known))

        def update(self, aws: Any, live: Observed, changes: Changes) -> None:
            pass

        @classmethod
        def delete(cls, aws: Any, live: Observed) -> None:
            pass

    return DeafQueue


def test_what_the_document_adds_keeps_the_contract(cloud: EmbeddedCloud, tmp_path: Path, added: Added) -> None:
    assert mistakes(added.queue, added.sample) == []
    samples = {added.queue: added.sample}
    life = live(cloud, tmp_path, samples, samples)
    assert breaches(life, added.queue) == strays(life) == []
    assert "QueueUrls" not in cloud.client("sqs").list_queues()


def test_a_resource_type_that_breaks_the_contract_reads_how(
    cloud: EmbeddedCloud, tmp_path: Path, added: Added, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource_type = deaf(added.queue)
    # so that it is gone afterwards
    monkeypatch.setitem(RESOURCE_TYPES, "deaf_queue", RESOURCE_TYPES.pop("deaf_queue"))
    samples = {
        resource_type: replace(added.sample, declare=lambda here: here.ensure(resource_type("sample", "sample")))
    }
    told = "\n".join(breaches(live(cloud, tmp_path, samples, samples), resource_type))
    for words in (
        "`up` after a change of visibility_timeout ended with deaf_queue/sample failed: ",
        "deaf_queue/sample was left alone since it was mended, and the plan is to change visibility_timeout",
        "deaf_queue/sample carries tags, and is found by name without a state",
        "`down` ended with deaf_queue/sample failed: ",
    ):
        assert words in told


def nothing(_: object) -> Any:
    """Declare, or change by hand, nothing at all."""


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (None, "plain_queue has no sample: add `PlainQueue: Sample(...)` to one of the tables in tests/cloud/samples"),
        (
            Sample(nothing),
            "visibility_timeout of plain_queue can change, and its sample does not say how: add it to `drift`",
        ),
        (
            Sample(nothing, {"visibility_tmieout": nothing}),
            "visibility_tmieout is no field of plain_queue: take it out of its sample",
        ),
        (Sample(nothing, {"queue_name": nothing}), "queue_name of plain_queue cannot change by a drift: it is fixed"),
    ],
    ids=["none", "a field too few", "a field too many", "a fixed field"],
)
def test_a_sample_that_lacks_something_reads_what(added: Added, sample: Sample | None, words: str) -> None:
    assert any(words in told for told in mistakes(added.queue, sample))


def test_its_step_declares_it(rig: Rig, added: Added) -> None:
    assert STEPS["plain_queues"] is added.step
    assert rig.up(added.step).ok().writes == ["CreateQueue"]
    (url,) = rig.cloud.client("sqs").list_queues()["QueueUrls"]
    assert url == rig.state().records["plain_queue/work"].id
    assert rig.down().ok().writes == ["DeleteQueue"]
