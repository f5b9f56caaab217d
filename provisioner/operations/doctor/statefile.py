"""Check that the state can be read, and that its bucket is set up correctly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.words import count
from provisioner.operations.context import state_bucket
from provisioner.operations.context.stacks import forbidden
from provisioner.operations.doctor.verdicts import failed, ok, parted, unknown, warning
from provisioner.operations.overrides import sizes
from provisioner.state.model import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

INIT = "run `provision state init`"


def bucket(context: Context) -> Sequence[Checked]:
    """Check the state's bucket: its existence, Region and settings. A state on this machine needs no check."""
    name, config, aws = "state bucket", context.config, context.aws
    if not (called := config.state.bucket):
        return []
    client = aws.client("s3")
    try:
        repairs = state_bucket.bucket(config, aws, client).to_repair()
        if (first := next(repairs, None)) and first.makes:
            return [failed(name, f"there is no bucket {called}", INIT)]
        place = client.head_bucket(Bucket=called, ExpectedBucketOwner=aws.account).get("BucketRegion", aws.region)
        if first:
            what = ", ".join(one.what for one in (first, *repairs))
            return [warning(name, f"{called} needs a repair: {what}", INIT)]
    except StateError as error:
        return [_told(name, error)]
    if place != aws.region:
        text = f"{called} is in {place}, but the stack is in {aws.region}"
        return [warning(name, text, "use a bucket there, or accept that the stack depends on both Regions")]
    return [ok(name, f"{called} is set up as it should be")]


def state(context: Context) -> Sequence[Checked]:
    """Check that the state can be read, and belongs to this stack, account and Region."""
    try:
        records = count(len(context.records), "record")
    except StateError as error:
        return [_told("state", error)]
    where = f"in the bucket {context.config.state.bucket}" if context.config.state.bucket else "on this machine"
    holds, notes = sizes.in_effect(context.config, context.records)
    # resources deleted by `sleep` still count: `wake` creates them again
    asleep = f"; {notes[0]}" if holds.asleep else ""
    return [ok("state", f"{where}: {records}{asleep}")]


def _told(name: str, error: StateError) -> Checked:
    if forbidden(error):
        return unknown(name, "the caller may not read the bucket", "attach `provision policy --doctor` to the caller")
    return failed(name, *parted(str(error)))
