"""Time of the state by its number of resources: a write, loading, opening, closing; and its size.

The records are the sample's after `up` on the embedded cloud, repeated. Beside each store's write stands its lower
bound: an append to a file and its fsync, or one PutObject, of the same bytes.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import boto3

from benchmarks.project import project
from provisioner.cli.main import GARBAGE
from provisioner.state import local, s3_read
from provisioner.state.journal import encoded
from provisioner.state.lease import LEASE
from provisioner.state.local import LocalStore
from provisioner.state.model import Record, State
from provisioner.state.objects import Objects
from provisioner.state.s3 import S3Store
from provisioner.state.store import Store, document

STACK, ACCOUNT, REGION, BUCKET = "ecs-sample-dev", "123456789012", "ap-northeast-1", "bench-states"
RESOURCES = (10, 100, 1000, 10_000)
PUTS, LOADS = 200, 5


@dataclass(frozen=True)
class Place:
    """A place of a state: functions that open it, read it, and write so many bytes there directly."""

    name: str
    store: Callable[[], Store]
    read: Callable[[], State]
    bare: Callable[[bytes], object]


def main() -> None:
    """Measure both stores with few resources and many, and print one row each."""
    gc.set_threshold(GARBAGE)  # as the program does
    print(f"{'':22}{'put ms':>15}{'bare write ms':>16}{'load':>8}{'open':>8}{'close s':>17}{'bytes a record':>19}")
    print(
        f"{'store':12}{'records':>10}{'median':>8}{'95 %':>7}{'median':>9}{'95 %':>7}{'s':>8}{'s':>8}"
        f"{'changed':>9}{'same':>8}{'document':>11}{'line':>8}"
    )
    with project() as sample:
        sample.start_cloud()
        assert sample.cloud
        sample.run("up", "--yes")
        records = list(local.read(sample.directory / ".provision" / "local" / STACK, STACK).records.values())
        client = boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=sample.cloud.endpoint,
            aws_access_key_id=sample.cloud.key,
            aws_secret_access_key="cloud",  # noqa: S106 (of the embedded cloud)
        )
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for resources in RESOURCES:
            _row(on_disk(sample.directory / str(resources)), records, resources)
        for resources in RESOURCES:
            _row(in_bucket(client, str(resources)), records, resources)


def on_disk(directory: Path) -> Place:
    """Return a place in a directory."""

    def append(line: bytes) -> None:
        file = os.open(directory / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, line)
        os.fsync(file)
        os.close(file)

    return Place(
        "local", lambda: LocalStore(directory, STACK, "up", "bench"), lambda: local.read(directory, STACK), append
    )


def in_bucket(client: Any, prefix: str) -> Place:
    """Return a place in the embedded cloud's S3."""
    objects = Objects(client, BUCKET, f"{prefix}/", ACCOUNT)
    return Place(
        "S3, embedded",
        lambda: S3Store(objects, STACK, "up", "bench", LEASE, lambda: None),
        lambda: s3_read.read(objects, STACK),
        lambda line: client.put_object(Bucket=BUCKET, Key=f"{prefix}/{uuid.uuid4()}", Body=line),
    )


def _row(place: Place, records: list[Record], resources: int) -> None:
    state = State(STACK, ACCOUNT, REGION)
    for number, record in enumerate(islice(cycle(records), resources)):
        address = f"{record.address}-{number}"
        state.records[address] = replace(record, address=address)
    lines = [encoded({"put": vars(record)}) for record in state.records.values()]
    with place.store() as store:
        store.swap(state, "filled")
    loads = [_timed(place.read) for _ in range(LOADS)]
    store = place.store()
    opened = _timed(store.__enter__)
    puts, bare = [], []
    for record, line in islice(cycle(zip(list(state.records.values()), lines, strict=True)), PUTS):
        puts.append(1000 * _timed(partial(store.put, record)))
        bare.append(1000 * _timed(partial(place.bare, line)))
    changed = _timed(store.__exit__)
    same = place.store().__enter__()
    unchanged = _timed(same.__exit__)
    print(
        f"{place.name:12}{resources:10}{_spread(puts, 8, 7)}{_spread(bare, 9, 7)}{statistics.median(loads):8.3f}"
        f"{opened:8.3f}{changed:9.3f}{unchanged:8.3f}{len(document(state)) / resources:11.0f}"
        f"{statistics.mean(map(len, lines)):8.0f}",
        flush=True,
    )


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _spread(values: list[float], *widths: int) -> str:
    """Return the median and the 95th percentile."""
    found = statistics.median(values), statistics.quantiles(values, n=20)[-1]
    return "".join(f"{value:{width}.2f}" for value, width in zip(found, widths, strict=True))
