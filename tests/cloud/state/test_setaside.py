"""A broken state in a bucket is copied aside with its journal, and the document taken away; a sound one stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.operations.context import stacks
from provisioner.operations.state_admin.set_aside import in_bucket
from provisioner.state.model import Record, StateError, StateTooNew
from provisioner.state.objects import REREAD_TIMEOUT, Objects
from provisioner.state.runtime import Machine
from provisioner.state.s3 import S3Store
from provisioner.state.s3_read import DOCUMENT, JOURNAL, read
from tests.cloud.conftest import REGION, EmbeddedCloud

ACCOUNT = "123456789012"
LEASE = 600.0


@pytest.fixture
def objects(cloud: EmbeddedCloud) -> Objects:
    """A state of one record, whose last session did not end well: its journal is still there."""
    client = cloud.client("s3")
    client.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": REGION})
    place = Objects(client, "states", "p-e/", ACCOUNT)
    with S3Store(place, "p-e", "up", "1.0", LEASE, lambda: None) as store:
        store.guard("p-e", ACCOUNT, REGION)
        store.put(Record("cluster/c", "cluster", "ready", "", "c", {"cluster_name": "c", "settings": []}))
        entry, document = place.get(place.names(JOURNAL)[0]), place.get(DOCUMENT)
    assert entry
    assert document
    now = place.get(DOCUMENT)
    assert now
    place.put(DOCUMENT, document.body, over=now.etag, metadata=document.metadata)
    place.put(f"{JOURNAL}{read(place, 'p-e').serial:08d}/000001", entry.body, over=None)
    assert read(place, "p-e").records.keys() == {"cluster/c"}
    return place


def test_a_sound_state_stays(objects: Objects) -> None:
    before = objects.etag(DOCUMENT)
    assert in_bucket(objects, "p-e", LEASE) == []
    assert objects.etag(DOCUMENT) == before


@pytest.mark.parametrize("name", [DOCUMENT, JOURNAL])
def test_a_broken_one_is_copied_aside_and_a_new_one_can_begin(objects: Objects, name: str) -> None:
    broken = next(there for there in objects.names("") if there.startswith(name))
    found = objects.get(broken)
    assert found
    objects.put(broken, b'{"torn', over=found.etag)
    copies = in_bucket(objects, "p-e", LEASE)
    kept = list(objects.names("broken-"))
    assert sorted(copies) == [objects.url_of(there) for there in kept]
    bodies = {there.partition("/")[2]: copy.body for there in kept if (copy := objects.get(there))}
    assert bodies.keys() == {DOCUMENT, *(there for there in bodies if there.startswith(JOURNAL))}
    assert bodies[broken] == b'{"torn'
    with S3Store(objects, "p-e", "recover", "1.0", LEASE, lambda: None) as store:
        assert store.records == {}
    assert in_bucket(objects, "p-e", LEASE) == []


def test_what_is_newer_or_cannot_be_asked_is_left_alone(objects: Objects) -> None:
    found = objects.get(DOCUMENT)
    assert found
    objects.put(DOCUMENT, b'{"schema": 99}', over=found.etag)
    with pytest.raises(StateTooNew):
        in_bucket(objects, "p-e", LEASE)
    assert objects.names("broken-") == []
    with pytest.raises(StateError, match="there is no bucket"):
        in_bucket(Objects(objects._client, "no-such-bucket", "p-e/", ACCOUNT), "p-e", LEASE)


class Hurried(Machine):
    """A runtime of its own clock, as a rehearsal's is: waiting takes no time."""

    waited = 0.0

    def now(self) -> float:
        return super().now() + self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


def listed(objects: Objects, runtime: Machine) -> list[stacks.RecordedStack]:
    config: Any = SimpleNamespace(state=SimpleNamespace(bucket="states"), target="aws")
    pace = SimpleNamespace(runtime=runtime)
    aws: Any = SimpleNamespace(client=lambda _: objects._client, account=ACCOUNT, pace=pace)
    return list(stacks.in_bucket(config, aws))


def test_what_was_moved_aside_is_no_stack(objects: Objects) -> None:
    """Nor are the entries of anybody's journal listed to find the stacks."""
    runtime, asked = Hurried(), list[dict[str, str]]()
    client: Any = objects._client
    for name in ("p-e/notes.txt", "elsewhere/file", "state.json"):
        client.put_object(Bucket="states", Key=name, Body=b"{}")
    assert [(one.name, one.resources, one.problem) for one in listed(objects, runtime)] == [("p-e", 1, "")]
    found = objects.get(DOCUMENT)
    assert found
    objects.put(DOCUMENT, b"{torn", over=found.etag)
    assert len(in_bucket(objects, "p-e", LEASE)) == 2
    client.meta.events.register("before-parameter-build.s3.ListObjectsV2", lambda params, **_: asked.append(params))
    assert listed(objects, runtime) == []
    assert [params.get("Delimiter") for params in asked if params["Prefix"] in {"", "p-e/"}] == ["/"]


def test_the_list_waits_by_the_clock_of_the_run(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Hurried()
    monkeypatch.setattr(Objects, "get", lambda *_: None)
    (one,) = listed(objects, runtime)
    assert "S3 reports it as missing" in one.problem
    assert REREAD_TIMEOUT - 2 < runtime.waited < REREAD_TIMEOUT + 2
