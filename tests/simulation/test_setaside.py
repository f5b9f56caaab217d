"""`recover` at a bucket: it moves only the broken state that it has read, even after sleep or late requests."""

from __future__ import annotations

import pytest

from provisioner.operations.state_admin.set_aside import in_bucket
from provisioner.state.model import StateError, StateUnavailable
from provisioner.state.objects import Objects
from provisioner.state.s3_read import DOCUMENT, JOURNAL, read
from tests.simulation.hub import Process
from tests.simulation.place import Place, record, store

BROKEN, LEASE, PLACES = b"{broken", 60.0, 36
"""PLACES: more places than the command has where it can fall asleep."""


@pytest.mark.parametrize("sleeps_at", range(1, PLACES + 1))
def test_a_sleeper_past_its_lease_moves_no_new_state_away(sleeps_at: int) -> None:
    """Another command has moved the broken state aside meanwhile, and has written a new one."""
    there = Place((sleeps_at, 200.0))
    there.bucket.write(f"shop/{DOCUMENT}", BROKEN, {})

    def work(process: Process, objects: Objects) -> None:
        try:
            in_bucket(objects, "shop", LEASE, process)
        except StateError as error:
            assert "lost the state lock" in str(error) or "another command" in str(error)  # noqa: PT017 (or it succeeds)

    def another(process: Process) -> None:
        process.sleep(100.0)
        objects = there.objects(process)
        in_bucket(objects, "shop", LEASE, process)
        with store(objects, process) as opened:
            opened.guard("shop", "123456789012", "ap-northeast-1")
            opened.put(record("vpc/new"))

    def reader(process: Process, objects: Objects) -> None:
        assert read(objects, "shop", process).records.keys() == {"vpc/new"}

    there.run(work, another)
    there.run(reader)
    kept = [found.body for key, found in there.bucket.objects.items() if key.startswith("shop/broken-")]
    assert BROKEN in kept


def test_two_within_one_second_keep_two_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "20270115T080000Z")
    there = Place()

    def work(process: Process, objects: Objects) -> None:
        for body in (BROKEN, b"{broken again"):
            there.bucket.write(f"shop/{DOCUMENT}", body, {})
            assert len(in_bucket(objects, "shop", LEASE, process)) == 1
        assert len(objects.names("broken-")) == 2

    there.run(work)


def test_what_s3_does_not_show_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of the journal is listed, but reads keep reporting it as missing."""
    there, get = Place(), Objects.get

    def work(process: Process, objects: Objects) -> None:
        opened = store(objects, process)
        opened.__enter__()
        opened.put(record("vpc/main"))
        opened._lease.release()
        monkeypatch.setattr(Objects, "get", lambda self, name: None if name.startswith(JOURNAL) else get(self, name))
        with pytest.raises(StateUnavailable, match="S3 reports it as missing"):
            in_bucket(objects, "shop", LEASE, process)
        assert objects.etag(DOCUMENT)
        assert objects.names("broken-") == []

    there.run(work)
