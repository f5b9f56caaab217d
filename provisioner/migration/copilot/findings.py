"""What is gathered of one environment of Copilot's while its manifests are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from provisioner.migration.draft import Draft, Imported, Left
from provisioner.migration.yaml_tree import Value

JOB = "Scheduled Job"
SIDECAR = "Sidecar"
"""Stands in the place of a type for a sidecar."""
SHELL = re.compile(r"\$\{[^}]*\}")
"""What Copilot fills in from the shell that it runs in."""


@dataclass
class Gathered:
    """One environment's services and jobs.

    Attributes:
        table: all of the environment.
        found: the whole draft.
        placements: where Copilot puts the tasks of each service and job: `public` or `private`.
        hosts: the aliases of public services, and where they stand.
        public: what each public service's manifest says of how it is reached.
        variables: each variable with its service or job.
    """

    table: dict[str, Any]
    found: Draft
    placements: dict[str, str] = field(default_factory=dict)
    hosts: list[tuple[str, Value]] = field(default_factory=list)
    public: dict[str, Value] = field(default_factory=dict)
    variables: list[tuple[str, str, Value]] = field(default_factory=list)


@dataclass
class Workload:
    """One service or job of one environment, or a sidecar of it.

    Attributes:
        sort: its type in Copilot's words.
        table: its own.
        aliases: its host names, and where they stand.
        prefix: what its keys begin with in the manifest: empty but for a sidecar.
    """

    name: str
    sort: str
    gathered: Gathered
    table: dict[str, Any] = field(default_factory=dict)
    aliases: list[tuple[str, Value]] = field(default_factory=list)
    prefix: str = ""

    def leave(self, value: Value, key: str, why: str) -> None:
        """Note a value that is not carried over."""
        self.gathered.found.leave(value, f"{self.prefix}{key}", why)

    def imports(self, value: Value, key: str, why: str, into: str, name: str = "") -> None:
        """Note a value that another stack of CloudFormation has, which the account can tell.

        Args:
            into: the key here that its value belongs to; `name` is that of a secret or a variable.
        """
        self.leave(value, key, why)
        export = value.at("from_cfn")
        if export and export.text and self.sort != SIDECAR:
            left = Left(value.file, value.line, key, why)
            kind = "jobs" if self.sort == JOB else "services"
            self.gathered.found.imported.append(
                Imported(self.gathered.table, (kind, self.name), into, name, export.text, left)
            )
