"""What each step is handed: the configuration, the facts that were read beforehand, and a place to declare in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Declarations
from provisioner.engine.kept import Removal

if TYPE_CHECKING:
    from provisioner.config.facts import Facts
    from provisioner.config.models import Config


@dataclass
class Stack(Declarations):
    """All that is declared of one stack.

    Attributes:
        config: the whole configuration.
        facts: what had to be read from AWS before anything could be declared.
        removal: what the user lets go of that is no longer declared.
    """

    config: Config
    facts: Facts
    removal: Removal = field(default_factory=Removal, kw_only=True)

    @property
    def name(self) -> str:
        """The prefix of every name: `<project>-<env>`."""
        return self.config.name
