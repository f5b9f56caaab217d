"""JSON lines: each event as one object on a line of its own, for programs."""

from __future__ import annotations

import json
from typing import TextIO

from provisioner.engine.events import Emit, Event, RunCost, RunEstimate
from provisioner.render.text import visible


def view(stream: TextIO) -> Emit:
    """Return a view that writes each event to the stream at once."""

    def write(event: Event) -> None:
        if isinstance(event, (RunCost, RunEstimate)):
            return
        stream.write(visible(json.dumps(event.to_dict(), ensure_ascii=False)) + "\n")
        stream.flush()

    return write
