"""Say on standard error that times are by the embedded cloud's clock, which runs ahead of this machine's."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options


def say_two_clocks(options: Options) -> None:
    """Say by how much both clocks differ, if the embedded cloud of the state directory runs and is ahead."""
    from provisioner.operations.context import embedded_cloud
    from provisioner.render.text import say, two_clocks

    say(two_clocks(embedded_cloud.ahead(options), time.time()), sys.stderr)
