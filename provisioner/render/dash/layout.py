"""The panes of the dashboard. Their places and looks are in `dash.tcss`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from provisioner.render.dash import texts
from provisioner.render.dash.panes import Lines, Log, Resources, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

PANES = ("services", "resources", "cost", "timeline", "logs", "alarms")
"""Their first letters are their keys."""
HEAD = 3
"""The most lines above the panes."""
ROOMY = 90
"""The least columns with which each key has a word."""
WIDE, TALL = 110, 32
"""The least columns and lines with which all panes are shown at once."""
NO_LOG = "logs: go to a service, then press l"


def widgets() -> Iterator[Widget]:
    """Yield the widgets of the application."""
    yield Static(id="head")
    yield Static(id="trouble")
    with Vertical(id="panes"):
        with Vertical(id="services", classes="pane"):
            yield Rows(texts.SERVICES, "service-rows")
            yield Static(id="problem")
        with Horizontal(id="below"):
            with Vertical(id="left", classes="column"), Vertical(id="resources", classes="pane"):
                yield Resources("tree")
            with Vertical(id="right", classes="column"):
                for name in ("cost", "timeline"):
                    with Vertical(id=name, classes="pane"):
                        yield Lines(f"{name}-lines")
                with Vertical(id="alarms", classes="pane"):
                    yield Rows(texts.ALARMS, "alarm-rows")
                with Vertical(id="logs", classes="pane"):
                    yield Log("log")
    yield Input(id="ask", select_on_focus=False)
    yield Static(id="keys")
