"""Screens over the panes until a key is pressed: all details of one thing, and the help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from provisioner.render.dash.panes import Lines
from provisioner.render.text import visible

if TYPE_CHECKING:
    from textual.app import ComposeResult

HELP = """
s          services: tasks, health, state, revision, deployment, image
r          resources by service, job and step
c          cost: an hour, a month, the dearest first
t          timeline of the last run, with its critical path
l          logs of the service or job under the cursor
a          alarms

Tab        the next pane; with Shift the one before
↑ ↓ j k    up and down; g G: to the top and to the bottom
Enter, d   all about the line under the cursor
z          one pane alone, and back
/          filter the pane: lines with this text; Esc clears it
:          go to a pane, a service, or an address: `logs web`, `vpc/main`
R          look now
Esc        back
q, Ctrl-C  leave

The dashboard only reads. Nothing can be changed here.
"""


class Details(ModalScreen[None]):
    """Lines over all panes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,d,question_mark", "dismiss", "back", show=False),
    ]

    def __init__(self, title: str, make: Callable[[int], Sequence[str]]) -> None:
        super().__init__()
        self._title, self._make = title, make

    def compose(self) -> ComposeResult:
        """Make the box with the lines."""
        yield Lines("details")

    def on_mount(self) -> None:
        """Show them."""
        box = self.query_one(Lines)
        box.border_title, box.border_subtitle = Text(visible(self._title)), "Esc: back"
        box.show(self._make)
        box.focus()


def help_screen() -> Details:
    """Return the help."""
    return Details("keys", lambda _: HELP.strip().splitlines())
