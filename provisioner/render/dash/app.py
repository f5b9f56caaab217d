"""The dashboard as a Textual application: panes, keys, and the layout for terminals of any size."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable, Input, Static, Tree

from provisioner.operations.context import signals
from provisioner.operations.pictures.dashboard import Dashboard, Told, Trouble, Wishes, Written, log_groups
from provisioner.render.dash import texts
from provisioner.render.dash.layout import HEAD, NO_LOG, PANES, ROOMY, TALL, WIDE, widgets
from provisioner.render.dash.panes import Lines, Log, Resources, Rows
from provisioner.render.dash.screens import Details, help_screen
from provisioner.render.text import visible

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import DescendantFocus, Resize
    from textual.widget import Widget

GRACE_SECONDS = 1.0
"""Seconds that reads under way may still take after the user has left."""
SILENCE_SECONDS = 15.0
"""Seconds of one look after which the dashboard says that AWS has not answered."""
Follow = Callable[[Callable[[Told], None]], None]
"""Looks at the stack until the wishes end, and reports each result."""


class Seen(Message):
    """A new result of a look at the stack."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self.told = told


class Broken(Message):
    """The looking thread has ended with an error that is not AWS's."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Dash(App[None]):
    """The dashboard of one stack.

    Args:
        follow: looks at the stack in a thread of its own; `wishes` tells it the subjects.
        command_line: from a command's name to the command line that runs it on the same stack.
    """

    CSS_PATH = "dash.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(pane[0], f"pane('{pane}')", pane) for pane in PANES if pane != "logs"),
        Binding("l", "logs", "logs"),
        Binding("d", "describe", "all of it"),
        Binding("z", "zoom", "one pane"),
        Binding("R", "refresh", "look now"),
        Binding("slash", "ask('/')", "filter"),
        Binding("colon", "ask(':')", "jump"),
        Binding("question_mark", "help", "help"),
        Binding("escape", "clear", "back"),
        Binding("q", "quit", "leave"),
        Binding("ctrl+c", "interrupt", "leave", priority=True),
    ]

    def __init__(self, stack: str, follow: Follow, wishes: Wishes, command_line: texts.CommandLine) -> None:
        # the terminal's own colours, none of them where NO_COLOR is set
        super().__init__(ansi_color=True)
        self.theme, self.animation_level = "ansi-dark", "none"
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]
        self._stack, self._follow, self._wishes, self._command_line = stack, follow, wishes, command_line
        self._seen: Dashboard | None = None
        self._live_seen: Dashboard | None = None
        self._sought = dict.fromkeys(PANES, "")
        self._pane, self._asked = PANES[0], "/"
        self._broken: Exception | None = None
        self._interrupted = False
        self._looking = threading.Thread(target=self._look_on, name="dashboard", daemon=True)

    # -- from the beginning to the end -----------------------------------------------------------------------------

    def run_until_left(self) -> int:
        """Show the dashboard until the user leaves, and return the exit code.

        Raises:
            Exception: the error that ended the looking thread.
        """
        try:
            self.run(mouse=False)
        finally:
            self._wishes.end()
        if self._broken:
            raise self._broken
        return self.return_code or 0

    def end(self) -> None:
        """End the process if a read is still not answered: Python would wait for it up to a minute.

        Nothing is lost: reads are all that can be under way, and the terminal is as it was.
        """
        if self._looking.is_alive():
            self._looking.join(GRACE_SECONDS)
        if self._looking.is_alive() and self.return_code is not None:
            os._exit(self.return_code)

    def interrupt(self) -> None:
        """Leave as by Ctrl-C; any thread may call this."""
        self._interrupted = True
        # before it runs there is nothing to leave yet, and when it has ended nothing any more
        with suppress(RuntimeError):
            self.call_from_thread(self.action_interrupt)

    def compose(self) -> ComposeResult:
        """Make the widgets."""
        yield from widgets()

    def on_mount(self) -> None:
        """Begin to look."""
        self.title = self._stack
        self.screen.add_class("-all")
        self.query_one("#head", Static).update(f"{self._stack}: reading the state and asking AWS …")
        self.query_one("#ask").display = False
        self.action_pane(PANES[0])
        self._head("logs", NO_LOG)
        self.set_interval(1.0, self._show_silence)
        self._looking.start()
        if self._interrupted:
            self.action_interrupt()

    def _look_on(self) -> None:
        try:
            self._follow(self._tell)
        except Exception as error:  # noqa: BLE001 (it is raised where the command ends)
            self.post_message(Broken(error))

    def _tell(self, told: Told) -> None:
        self.post_message(Seen(told))

    def on_broken(self, message: Broken) -> None:
        """End with the error."""
        self._broken = message.error
        self.exit(return_code=1)

    # -- the results -----------------------------------------------------------------------------------------------

    def on_seen(self, message: Seen) -> None:
        """Show a new result: log lines, an error, or the state of the stack."""
        told = message.told
        if isinstance(told, Written):
            self._written(told)
        elif isinstance(told, Trouble):
            self._trouble(texts.stale(told.text, self._live_seen.at if self._live_seen else None))
        else:
            self._seen = told
            self._live_seen = told if told.status["live"] is not None or not told.view.nodes else self._live_seen
            self._trouble(texts.trouble(told, self._live_seen.at if self._live_seen else None))
            self._show()

    def _trouble(self, text: str) -> None:
        line = self.query_one("#trouble", Static)
        line.display = bool(text)
        line.update(Text(visible(text)))

    def _show_silence(self) -> None:
        """Report that AWS does not answer, once a look takes long: its end may be minutes away."""
        if time.monotonic() > self._wishes.due + SILENCE_SECONDS:
            self._trouble(texts.stale("AWS has not answered yet", self._live_seen.at if self._live_seen else None))

    def _written(self, told: Written) -> None:
        log = self.query_one(Log)
        if told.name == log.name_of:
            log.more(told.lines)
            said = told.trouble or ("nothing in the last ten minutes" if log.empty else "")
            self._head("logs", f"logs of {told.name}" + (f": {said}" if said else ""))

    def _show(self) -> None:
        """Show the latest results, filtered as the user wants."""
        seen = self._seen
        if seen is None:
            return
        running = self._live_seen or seen
        self._show_head()
        wanted = self._sought
        rows = {key: row for key, row in texts.services(running).items() if texts.matches(wanted["services"], *row)}
        self.query_one("#service-rows", Rows).show(rows)
        self._head("services", f"services ({len(rows)}), seen at {texts.moment(running.at)}")
        found = texts.groups(seen, wanted["resources"])
        self.query_one(Resources).show(found)
        self._head("resources", f"resources ({sum(map(len, found.values()))})")
        alarms = {one.name: texts.alarm(one, self._stack) for one in running.alarms}
        alarms = {key: row for key, row in alarms.items() if texts.matches(wanted["alarms"], *row)}
        self.query_one("#alarm-rows", Rows).show(alarms)
        self._head("alarms", f"alarms ({len(alarms)})" if alarms else "alarms: none")
        for name, make in (("cost", lambda _: texts.cost(seen)), ("timeline", partial(texts.last_run, seen))):
            self.query_one(f"#{name}-lines", Lines).show(partial(_having, make, wanted[name]))
            self._head(name, {"cost": "cost on AWS", "timeline": "last run"}[name])
        self._show_problem()

    def _show_head(self) -> None:
        if self._seen:
            width = max(self.size.width - 2, 1)
            lines = [texts.short(line, width) for line in texts.head(self._seen, self._command_line)[:HEAD]]
            self.query_one("#head", Static).update(Text("\n".join(lines), no_wrap=True))

    def on_resize(self, _: Resize) -> None:
        """Cut the lines above and below for the new width."""
        self._show_head()
        self._show_keys()

    def _head(self, pane: str, text: str) -> None:
        wanted = self._sought[pane]
        self.query_one(f"#{pane}").border_title = Text(visible(f"{text}  /{wanted}" if wanted else text))

    def _show_problem(self) -> None:
        told = texts.problem(self._live_seen, self._service) if self._live_seen else ""
        line = self.query_one("#problem", Static)
        line.display = bool(told)
        line.update(Text(visible(told)))

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Show the problem of the service under the cursor."""
        self._show_problem()

    # -- keys ------------------------------------------------------------------------------------------------------

    @property
    def _service(self) -> str:
        return self.query_one("#service-rows", Rows).chosen

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        self._mark(name)
        self._focusable(name).focus()

    def _focusable(self, name: str) -> Widget:
        return next(one for one in self.query_one(f"#{name}").query("*") if one.can_focus)

    def _mark(self, name: str) -> None:
        """Note the pane that has the keys: a small terminal shows only this one."""
        self._pane = name
        for pane in self.query(".pane"):
            pane.set_class(pane.id == name, "-current")
        for column in self.query("#below, .column"):
            column.set_class(bool(column.query(f"#{name}")), "-current")
        self._show_keys()

    def _show_keys(self) -> None:
        text = Text(no_wrap=True)
        for pane in PANES:
            text.append(f" {pane[0]}", "bold").append(f" {pane}", "reverse" if pane == self._pane else "")
        words = ("filter", "jump", "keys", "leave") if self.size.width >= ROOMY else ("", "", "keys", "quit")
        for key, what in zip("/:?q", words, strict=True):
            text.append(f" {key}", "bold").append(f" {what}".rstrip())
        self.query_one("#keys", Static).update(text)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Note that the user has gone to another pane."""
        pane = next((one.id for one in event.widget.ancestors if one.has_class("pane")), None)
        if pane and pane != self._pane:
            self._mark(pane)

    def action_logs(self) -> None:
        """Follow the log of the service under the cursor, or of the service or job of the resource there."""
        log, wanted = self.query_one(Log), self._service
        if self._pane == "resources" and self._seen:
            chosen = self.query_one(Resources).chosen
            node = next((one for one in self._seen.view.nodes if one.address == chosen), None)
            wanted = (node.workload if node else "") or wanted
        if self._pane != "logs" or not log.name_of:
            self._follow_log(wanted)
        self.action_pane("logs")

    def _follow_log(self, name: str) -> None:
        log = self.query_one(Log)
        if name and name != log.name_of:
            log.follow(name)
            self._wishes.follow(name)
        self._head("logs", f"logs of {log.name_of}: reading" if log.name_of else NO_LOG)

    def action_describe(self) -> None:
        """Show all details of the service, resource or alarm under the cursor."""
        seen = self._seen
        if seen is None:
            return
        if self._pane == "services" and (name := self._service):
            self.push_screen(Details(name, partial(texts.service, self._live_seen or seen, name)))
        elif self._pane == "resources" and (address := self.query_one(Resources).chosen) and address[-1] != "/":
            self.push_screen(Details(address, partial(texts.described, seen, address)))
        elif self._pane == "alarms" and (name := self.query_one("#alarm-rows", Rows).chosen):
            found = next((node.address for node in seen.view.nodes if node.type == "alarm" and node.id == name), name)
            self.push_screen(Details(name, partial(texts.described, seen, found)))

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Show all details of the row chosen with Enter."""
        self.action_describe()

    def on_tree_node_selected(self, _: Tree.NodeSelected[str]) -> None:
        """Show all details of the resource chosen with Enter; a group opens or closes."""
        self.action_describe()

    def action_zoom(self) -> None:
        """Show one pane alone, or all again."""
        self.screen.toggle_class("-all")

    def action_refresh(self) -> None:
        """Look now."""
        self._wishes.refresh()

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(help_screen())

    def action_interrupt(self) -> None:
        """Leave with the exit code of an interruption."""
        self.exit(return_code=signals.INTERRUPTED)

    # -- filter and jump -------------------------------------------------------------------------------------------

    def action_ask(self, sign: str) -> None:
        """Ask for the text of a filter, or for the place to go to."""
        self._asked = sign
        line = self.query_one("#ask", Input)
        line.border_title = "go to a pane, a service, or an address" if sign == ":" else f"filter of {self._pane}"
        line.value = "" if sign == ":" else self._sought[self._pane]
        line.display = True
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        if self._asked == "/" and event.input.display:
            self._seek(event.value)

    def _seek(self, text: str) -> None:
        self._sought[self._pane] = text
        if self._pane == "logs":
            log = self.query_one(Log)
            log.filter(text)
            self._head("logs", f"logs of {log.name_of}")
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, or go there."""
        event.input.display = False
        self.action_pane(self._place(event.value.strip()) if self._asked == ":" else self._pane)

    def action_clear(self) -> None:
        """Close the question for a place, or clear the filter of the pane."""
        line = self.query_one("#ask")
        if not (line.display and self._asked == ":"):
            self._seek("")
        line.display = False
        self.action_pane(self._pane)

    def _place(self, text: str) -> str:
        """Return the pane that the text names by pane, service or resource, and put its cursor there."""
        first, _, rest = text.partition(" ")
        pane = next((one for one in PANES if first and one.startswith(first)), "")
        view, rest = self._seen.view if self._seen else None, rest.strip()
        if pane and (not rest or (pane == "logs" and view and rest in log_groups(view))):
            if rest:
                self._follow_log(rest)
            return pane
        if view and self._seen and text in texts.services(self._live_seen or self._seen):
            self._sought["services"] = ""
            self._show()
            self.query_one("#service-rows", Rows).choose(text)
            return "services"
        addresses = [node.address for node in view.nodes if not node.bookkeeping] if view else []
        if found := next((one for one in addresses if text and one.startswith(text)), ""):
            self._sought["resources"] = ""
            self._show()
            self.query_one(Resources).choose(found)
            return "resources"
        if text:
            self._trouble(f"there is no pane, service or resource {text}: `:services`, `:logs web`, `:vpc/main`")
        return self._pane


def _having(make: Callable[[int], Any], wanted: str, width: int) -> list[str]:
    """Return the lines that contain a text."""
    return [line for line in make(width) if texts.matches(wanted, line)]
