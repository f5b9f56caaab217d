"""One deliberate fault, made in a copy of the project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent


@dataclass(frozen=True)
class Mutation:
    """One deliberate fault: the simulation that has to find it, and the lines to replace in a file.

    The lines are compared without their indentation; the new lines get the indentation of the first old one.
    """

    name: str
    simulation: str
    path: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Make the fault in a copy of the project; raise `ValueError` unless its place occurs exactly once."""
        file = root / self.path
        lines, wanted = file.read_text(encoding="utf-8").split("\n"), _lines(self.old)
        stripped = [line.strip() for line in lines]
        size = len(wanted)
        places = [n for n in range(len(lines)) if stripped[n : n + size] == [line.strip() for line in wanted]]
        if len(places) != 1:
            raise ValueError(f"{self.name}: {self.path} has its place {len(places)} times")
        at = places[0]
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines[at : at + size] = [indent + line for line in _lines(self.new)]
        file.write_text("\n".join(lines), encoding="utf-8")


def _lines(text: str) -> list[str]:
    return dedent(text).strip("\n").split("\n") if text else []
