"""A writer of a state in S3 as a process of its own: it obeys lines on standard input, and answers each."""

from __future__ import annotations

import sys

import boto3

from provisioner.state.model import Record, StateError, StateLocked
from provisioner.state.objects import Objects
from provisioner.state.s3 import S3Store

ACCOUNT, REGION = "123456789012", "ap-northeast-1"


def main(endpoint: str, key: str, bucket: str, name: str) -> None:
    """Obey lines: `open PREFIX LEASE`, `wait PREFIX LEASE`, `put ADDRESS`, `close`; answer each with one line."""
    client = boto3.client(
        "s3", region_name=REGION, endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key="testing"
    )
    client.list_buckets()
    store: S3Store | None = None

    def say(*words: str) -> None:
        print(*words, flush=True)

    say("here")
    for line in sys.stdin:
        match line.split():
            case ["open" | "wait" as how, prefix, lease]:
                report = (lambda text: say("waiting", text)) if how == "wait" else None
                objects = Objects(client, bucket, f"{prefix}/", ACCOUNT)
                store = S3Store(objects, prefix, name, "test", float(lease), lambda: None, report)
                try:
                    store.__enter__()
                    say("opened", str(store.state.serial))
                except StateLocked as error:
                    say("locked", error.holder)
                except StateError as error:
                    say("lost", str(error))
            case ["put", address]:
                try:
                    assert store
                    store.put(Record(address, "vpc", "creating", name))
                    say("done", address)
                except StateError as error:
                    say("lost", str(error))
            case ["close"]:
                try:
                    assert store
                    store.__exit__()
                    say("closed")
                except StateError as error:
                    say("lost", str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
