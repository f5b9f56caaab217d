"""The panes of the dashboard: tables, the tree of resources, texts and the log, all of them for the keyboard."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import DataTable, RichLog, Static, Tree

from provisioner.render.dash import texts
from provisioner.render.text import cells, visible

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize
    from textual.widgets.tree import TreeNode

    from provisioner.operations.inspection.log_reader import Line
    from provisioner.operations.pictures.view import Node

KEPT = 2000
"""The most events of a log that are kept."""
COLOURS = {
    "serving": "green", "ready": "green", "OK": "green", "completed": "green",
    "deploying": "yellow", "INSUFFICIENT_DATA": "yellow", "creating": "yellow", "created": "yellow",
    "degraded": "bold red", "down": "bold red", "missing": "bold red", "ALARM": "bold red", "MISSING": "bold red",
    "deleting": "red", "absent": "red", "off": "dim",
}  # fmt: skip
"""The colour of a state. The state always stands there as a word as well."""
VI: list[BindingType] = [
    Binding("j", "cursor_down", show=False),
    Binding("k", "cursor_up", show=False),
    Binding("g", "scroll_home", show=False),
    Binding("G", "scroll_end", show=False),
]
SCROLLED: list[BindingType] = [
    Binding("j", "scroll_down", show=False),
    Binding("k", "scroll_up", show=False),
    Binding("g", "scroll_home", show=False),
    Binding("G", "scroll_end", show=False),
]


def coloured(word: str) -> Text:
    """Return a word in the colour of its state; nothing in it is markup."""
    return Text(visible(word), COLOURS.get(word, ""), no_wrap=True)


class Rows(DataTable[Text]):
    """A table of rows by key, whose cursor stays on its row."""

    BINDINGS: ClassVar[list[BindingType]] = VI

    def __init__(self, head: Sequence[str], id: str) -> None:
        super().__init__(id=id, cursor_type="row", cursor_foreground_priority="renderable")
        self._head, self._shown = head, dict[str, tuple[str, ...]]()

    def on_mount(self) -> None:
        """Make the columns."""
        self._draw()

    def show(self, rows: Mapping[str, tuple[str, ...]]) -> None:
        """Show other rows; nothing is drawn again if they are the same."""
        if rows == self._shown:
            return
        kept, self._shown = self.chosen, dict(rows)
        self._draw()
        if kept in rows:
            self.move_cursor(row=[*rows].index(kept), animate=False)

    def _draw(self) -> None:
        self.clear(columns=True)
        for name, *column in zip(self._head, *self._shown.values(), strict=True):
            # left to itself the table may keep the widths of the head
            self.add_column(name, width=max(map(cells, (name, *map(visible, column)))))
        for key, row in self._shown.items():
            self.add_row(*(coloured(cell) for cell in row), key=key)

    @property
    def chosen(self) -> str:
        """The key of the row under the cursor; empty if there is none."""
        return [*self._shown][self.cursor_row] if 0 <= self.cursor_row < len(self._shown) else ""

    def choose(self, key: str) -> None:
        """Put the cursor on a row."""
        self.move_cursor(row=[*self._shown].index(key), animate=False)


class Resources(Tree[str]):
    """The resources below their service, job or step; the data of a tree node is the resource's address."""

    BINDINGS: ClassVar[list[BindingType]] = VI

    def __init__(self, id: str) -> None:
        super().__init__("resources", id=id)
        self.show_root, self.guide_depth = False, 2
        self._shown: dict[str, list[tuple[str, str]]] = {}

    def show(self, groups: Mapping[str, Sequence[Node]]) -> None:
        """Show other resources; closed groups stay closed."""
        shown = {title: [(node.address, node.state) for node in nodes] for title, nodes in groups.items()}
        if shown == self._shown:
            return
        closed = {str(one.data) for one in self.root.children if not one.is_expanded}
        kept, self._shown = self.chosen, shown
        self.clear()
        width = max((len(address) for nodes in shown.values() for address, _ in nodes), default=0)
        for title, nodes in shown.items():
            title_data = f"{title}/"
            group = self.root.add(Text(visible(title), "bold"), title_data, expand=title_data not in closed)
            for address, state in nodes:
                label = Text(visible(address).ljust(width + 2), no_wrap=True)
                group.add_leaf(label.append_text(coloured(state)), address)
        self.choose(kept)

    @property
    def chosen(self) -> str:
        """The address under the cursor; for a group its title and a slash."""
        return str(self.cursor_node.data or "") if self.cursor_node else ""

    def choose(self, address: str) -> None:
        """Put the cursor on a resource, and on the first line if it is not shown."""
        for group in self.root.children:
            for node in (group, *group.children):
                if node.data == address:
                    group.expand()
                    self._after_layout(node)
                    return
        self.cursor_line = 0

    def _after_layout(self, node: TreeNode[str]) -> None:
        # the lines of a tree are numbered when it is drawn next
        self.call_after_refresh(self.move_cursor, node)


class Lines(VerticalScroll):
    """Lines that are made again for another width."""

    BINDINGS: ClassVar[list[BindingType]] = SCROLLED

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._make: Callable[[int], Sequence[str]] = lambda _: ()

    def compose(self) -> ComposeResult:
        """Make the widget that has the lines."""
        yield Static(expand=True)

    def show(self, make: Callable[[int], Sequence[str]]) -> None:
        """Show the lines that a function returns for so many columns."""
        self._make = make
        lines = make(max(self.scrollable_content_region.width, 20))
        self.query_one(Static).update(Text("\n".join(map(visible, lines)), no_wrap=True))

    def on_resize(self, _: Resize) -> None:
        """Make the lines anew."""
        self.show(self._make)


class Log(RichLog):
    """The log of one service or job, the newest lines below; `wanted` is the text that a line must contain."""

    BINDINGS: ClassVar[list[BindingType]] = SCROLLED

    def __init__(self, id: str) -> None:
        super().__init__(id=id, max_lines=KEPT, wrap=True, highlight=False, markup=False, min_width=20)
        self.name_of, self.wanted = "", ""
        self._events: deque[Line] = deque(maxlen=KEPT)

    def follow(self, name: str) -> None:
        """Start with the log of another service or job."""
        self.name_of = name
        self._events.clear()
        self.clear()

    def more(self, lines: Iterable[Line]) -> None:
        """Add lines."""
        for line in lines:
            self._events.append(line)
            self._put(line)

    @property
    def empty(self) -> bool:
        """True if the log has no lines."""
        return not self._events

    def filter(self, wanted: str) -> None:
        """Show only the lines that contain a text."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.clear()
            for line in self._events:
                self._put(line)

    def _put(self, line: Line) -> None:
        if texts.matches(self.wanted, line.text):
            for one in texts.log(line, [self.name_of]):
                self.write(Text(one))
