"""The dashboard without a terminal: on the embedded cloud, with keys that a test presses, and the screen as text."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

from textual.pilot import Pilot

from provisioner.operations.context import configuration
from provisioner.operations.context.options import Options
from provisioner.operations.inspection.stack_watch import Watch
from provisioner.operations.pictures import dashboard
from provisioner.render.dash.app import Dash
from tests.cloud.project import Project

HANGS = 60.0
"""Real seconds after which a wait counts as hanging."""
MASKS = (
    (r"\d\d:\d\d:\d\d", "HH:MM:SS"),
    (r"\d{4}-\d\d-\d\d", "YYYY-MM-DD"),
    (r"\b[A-Z0-9]{14,}\b|\b[0-9a-f]{8,}\b", "ID"),
    (r"\d+ min( \d\d s)?|\d+(\.\d)? s\b|seconds ago", "TIME"),
)


@dataclass
class Shown:
    """The dashboard, as a user sees it."""

    app: Dash
    pilot: Pilot[None]

    @property
    def lines(self) -> list[str]:
        """The lines on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    @property
    def masked(self) -> str:
        """The text with changing parts masked, and with blanks before borders and lines of borders shortened."""
        text = self.text
        for pattern, mask in MASKS:
            text = re.sub(pattern, mask, text)
        # scroll bars, and what fills a line behind a text of another length
        text = re.sub(r" +[▁▂▃▄▅▆▇█▌▍▎▏▊▉]? *│", " │", text)
        return re.sub(r"─{2,}", "──", text) + "\n"

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + HANGS
        while not condition():
            assert time.monotonic() < deadline, self.text
            await self.pilot.pause(0.05)

    async def sees(self, *words: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(word in self.text for word in words))

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until their effect is drawn."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*(KEYS.get(letter, letter) for letter in text))


KEYS = {":": "colon", "/": "slash", ".": "full_stop", "-": "minus", "_": "underscore", " ": "space"}


@asynccontextmanager
async def shown(project: Project, columns: int, lines: int, every: float = 5.0) -> AsyncIterator[Shown]:
    """The dashboard of a project's stack on a terminal of this size."""
    options = Options(config=project.config)
    config = configuration.load(options)
    wishes, watch = dashboard.Wishes(), Watch(options, config)
    project.cloud.away()
    follow = partial(dashboard.follow, watch, every, wishes)
    app = Dash(config.name, follow, wishes, options.command_line)
    with options.ends:
        try:
            async with app.run_test(size=(columns, lines)) as pilot:
                yield Shown(app, pilot)
        finally:
            wishes.end()
            await asyncio.to_thread(_over)


def _over() -> None:
    """Wait until nobody looks any more: a look under way would meet the next test."""
    import threading

    for thread in threading.enumerate():
        if thread.name == "dashboard":
            thread.join(HANGS)


@contextmanager
def unwritten(project: Project) -> Iterator[None]:
    """Check that nothing in the block writes to AWS."""
    since = project.last_call()
    yield
    assert project.writes(since) == []
