"""One deliberate fault in the tool, and the lives that have to find it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.simulation.mutation import Mutation


@dataclass(frozen=True)
class Mutant:
    """One deliberate fault.

    Attributes:
        kind: the sort of mistake.
        old, new: lines to replace in the file, as of `tests.simulation.mutation`.
        having: features of the lives that can meet it, as of `make crash-stacks ARGS=--seen`.
    """

    name: str
    kind: str
    path: str
    old: str
    new: str
    having: str = ""

    def apply(self, root: Path) -> None:
        """Make the fault in a copy of the project; raise `ValueError` unless its place occurs exactly once."""
        Mutation(self.name, "stacks", self.path, self.old, self.new).apply(root)
