"""Wait until AWS has finished the work after a call, and report the unfinished resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from provisioner.engine.errors import TimedOut
from provisioner.engine.events import Emit, ResourceWaiting

if TYPE_CHECKING:
    from provisioner.aws.client import Aws


def wait(
    aws: Aws, emit: Emit, step: str, left: Callable[[], Mapping[str, str]], *, timeout: float, look_seconds: float
) -> None:
    """Wait until nothing is left to wait for.

    Args:
        step: the step of the resources in the events.
        left: reads the unfinished resources, and returns the reason for each by address.
        timeout: the seconds that the wait may take.
        look_seconds: the seconds between two reads.

    Raises:
        TimedOut: the wait takes longer.
    """
    began, told = aws.pace.now(), dict[str, str]()
    while found := left():
        seconds = aws.pace.now() - began
        if seconds > timeout:
            why = "; ".join(f"{address}: {why}" for address, why in found.items())
            raise TimedOut(f"timed out after {seconds:.0f} s: {why}. See `provision status`")
        for address, why in found.items() - told.items():
            emit(ResourceWaiting(address, step, why, round(seconds, 1)))
        told = dict(found)
        aws.pace.sleep(look_seconds)
