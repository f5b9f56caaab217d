"""Where the state is kept, whether it can be read, and whether its bucket is as it has to be."""

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
    """Say whether the state's bucket is there, where, and what it lacks; nothing if the state is on this machine."""
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
    """Say whether the state can be read, and is this stack's, account's and Region's."""
    try:
        records = count(len(context.records), "record")
    except StateError as error:
        return [_told("state", error)]
    where = f"in the bucket {context.config.state.bucket}" if context.config.state.bucket else "on this machine"
    holds, notes = sizes.in_effect(context.config, context.records)
    # what is deleted meanwhile still counts below: it is to be made again
    asleep = f"; {notes[0]}" if holds.asleep else ""
    return [ok("state", f"{where}: {records}{asleep}")]


def _told(name: str, error: StateError) -> Checked:
    if forbidden(error):
        return unknown(name, "the caller may not read the bucket", "attach `provision policy --doctor` to the caller")
    return failed(name, *parted(str(error)))
