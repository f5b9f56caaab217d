"""Where the state is kept, whether it can be read, and whether its bucket is as it has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner import moving
from provisioner.doctor.verdicts import DENIED, failed, ok, parted, unknown, warning
from provisioner.engine.retry import code_of
from provisioner.render.text import count
from state.model import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.doctor.context import Context
    from provisioner.engine.events import Checked

INIT = "run `provision state init`"


def bucket(context: Context) -> Sequence[Checked]:
    """Say where the state is, and what its bucket lacks."""
    config, aws, found = context.config, context.aws, list["Checked"]()
    try:
        if config.state.bucket:
            lacking = moving.bucket(config, aws, aws.client("s3")).lacking()
            if (first := next(lacking, None)) and first.makes:
                return [failed("state", f"there is no bucket {config.state.bucket}", INIT)]
            if first:
                what = ", ".join(one.what for one in (first, *lacking))
                found.append(warning("state", f"the bucket {config.state.bucket} is to be mended: {what}", INIT))
        records = count(len(context.records), "record")
    except StateError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and code_of(cause) in DENIED | {"403"}:
            return [*found, unknown("state", f"the bucket {config.state.bucket} lets this caller not look", "allow it")]
        return [*found, failed("state", *parted(str(error)))]
    where = f"in the bucket {config.state.bucket}" if config.state.bucket else "on this machine"
    return [*found, ok("state", f"{where}: {records}")]
