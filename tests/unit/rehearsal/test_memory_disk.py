"""The disk of a rehearsal's state: a store on it reads its own writes, and the machine's disk is unchanged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioner.operations.rehearsal.memory_disk import MemoryDisk
from provisioner.state.local import LocalStore
from provisioner.state.model import Record

PLACE = Path("/rehearsal")


def test_a_store_keeps_its_records_on_it() -> None:
    disk = MemoryDisk()
    record = Record("vpc/main", "vpc", "ready", "token", id="vpc-1", step="network")
    with LocalStore(PLACE, "p-e", "up", "0", disk=disk) as store:
        store.put(record)
    with LocalStore(PLACE, "p-e", "up", "0", disk=disk) as store:
        assert store.records["vpc/main"].id == "vpc-1"
    with LocalStore(PLACE, "p-e", "up", "0", disk=MemoryDisk()) as store:
        assert store.records == {}
    assert not PLACE.exists()


def test_what_is_not_there_is_said_as_by_the_machine() -> None:
    with pytest.raises(FileNotFoundError):
        MemoryDisk().open(PLACE, os.O_RDONLY)
    with pytest.raises(FileNotFoundError):
        MemoryDisk().identity(PLACE)
