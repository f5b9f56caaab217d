"""Programs of simulated tasks: the name of their image tells how they answer health checks, and how they end."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

NEVER = "never-healthy"
"""A part of image names: such a program runs, but never answers."""
BARE = "distroless"
"""A part of image names: such an image contains only its program, neither a shell nor Python."""
_AFTER = re.compile(r"answers-after-(\d+)s")
_AT = re.compile(r"answers-at-([a-z0-9]+)")
GOES_ON = "runs-on"
"""A part of image names: such a program never ends by itself, even in a task without a service."""
_ENDS = re.compile(r"ends-after-(\d+)s")
_EXIT = re.compile(r"exits-with-(\d{1,3})(?!\d)")
_CODE = re.compile(r"answers-([1-5]\d\d)(?!\d)")


@dataclass(frozen=True)
class Program:
    """A program of a simulated container.

    Attributes:
        after: seconds from its start until it answers.
        at: the only path at which it answers with `code`, with 404 at all others; empty: it answers at every path.
        code: the HTTP status code of its answers; None: a code that passes the check.
        bare: whether its image has no other program that a check could run.
        ends_after: seconds after which its work in a task without a service is done; None: the usual time.
        exit_code: its exit code then.
    """

    after: float = 0.0
    at: str = ""
    code: int | None = None
    bare: bool = False
    ends_after: float | None = None
    exit_code: int = 0

    def answers(self, seconds: float, path: str, expected: int) -> int | None:
        """Return the status code of an answer so many seconds after the start; None if nothing answers.

        Args:
            expected: a code that passes the check.
        """
        if seconds < self.after:
            return None
        return (self.code or expected) if self.at in ("", path.partition("?")[0]) else 404

    def passes(self, seconds: float, command: Sequence[str]) -> bool:
        """Return whether a container's health check succeeds so many seconds after the start.

        An absolute path counts as the image's own program; any other command has to be in the image.
        """
        own = len(command) > 1 and command[0] == "CMD" and command[1].startswith("/")
        return seconds >= self.after and (own or not self.bare)


@functools.lru_cache(maxsize=1024)
def program(image: str) -> Program:
    """Return the program of an image.

    >>> program("web-answers-after-90s:1").after
    90.0
    >>> program("web-answers-at-up:1").at
    '/up'
    >>> program("web-answers-404:1").code
    404
    >>> program("job-exits-with-3:1").exit_code
    3
    """
    after, at, code = _AFTER.search(image), _AT.search(image), _CODE.search(image)
    ends, exit_code = _ENDS.search(image), _EXIT.search(image)
    return Program(
        inf if NEVER in image else float(after[1]) if after else 0.0,
        f"/{at[1]}" if at and not after else "",
        int(code[1]) if code else None,
        BARE in image,
        inf if GOES_ON in image else float(ends[1]) if ends else None,
        int(exit_code[1]) if exit_code else 0,
    )
