"""Data of one Copilot environment, gathered while its manifests are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.migration.draft import Cost, Draft, Imported, Left
from provisioner.migration.yaml_tree import Value

JOB = "Scheduled Job"
SIDECAR = "Sidecar"
"""The type of a sidecar here; Copilot has no type for it."""
SHELL = re.compile(r"\$\{[^}]*\}")
"""A variable that Copilot fills in from its shell."""


@dataclass
class Gathered:
    """One environment's services and jobs.

    Attributes:
        table: the whole table of the environment.
        found: the whole draft.
        placements: the subnets of each service's and job's tasks: `public` or `private`.
        hosts: the aliases of public services, each behind its service and before its place in a manifest.
        public: `http` of each public service's manifest.
        variables: the place of each variable, by its service or job and its name.
        commands: the command lines of services and jobs, each with its place.
        connected: the services with Service Connect. aliases: the services by other names that it gives them.
        retention: the days that each service's or job's logs are kept, with its place.
        in_clear: `redirect_to_https: false` of services, by name.
        on_app_runner: the services that App Runner runs there.
        insights, certificates, tls_policy: `container_insights`, `certificates` and `ssl_policy` of the environment's
            manifest, if they are there.
        env: the name of the environment; empty if no file has it.
        directory: the directory that holds `copilot/`, to which paths in manifests are relative.
    """

    table: dict[str, Any]
    found: Draft
    env: str = ""
    directory: Path = Path()
    placements: dict[str, str] = field(default_factory=dict)
    hosts: list[tuple[str, str, Value]] = field(default_factory=list)
    public: dict[str, Value] = field(default_factory=dict)
    variables: dict[tuple[str, str], Value] = field(default_factory=dict)
    commands: list[tuple[Workload, str, Value]] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    retention: list[tuple[Workload, int, Value]] = field(default_factory=list)
    in_clear: dict[str, Value] = field(default_factory=dict)
    on_app_runner: set[str] = field(default_factory=set)
    insights: Value | None = None
    certificates: Value | None = None
    tls_policy: Value | None = None


@dataclass
class Workload:
    """One service or job of one environment, or a sidecar of it.

    Attributes:
        sort: its type as Copilot names it.
        table: its table in `stack.toml`.
        aliases: its host names, each with its place in the manifest.
        prefix: the prefix of its keys in the manifest; empty unless it is a sidecar.
        owner: the service or job of a sidecar.
    """

    name: str
    sort: str
    gathered: Gathered
    table: dict[str, Any] = field(default_factory=dict)
    aliases: list[tuple[str, Value]] = field(default_factory=list)
    prefix: str = ""
    owner: str = ""

    @property
    def of(self) -> str:
        """Its dotted key in `stack.toml`; of a sidecar that of its service."""
        return f"{'jobs' if self.sort == JOB else 'services'}.{self.owner or self.name}"

    def leave(self, value: Value, key: str, why: str, cost: Cost = "part") -> Left:
        """Note a value that is not carried over."""
        return self.gathered.found.leave(value, f"{self.prefix}{key}", why, self.of, cost)

    def tell(self, value: Value, key: str, why: str) -> None:
        """Note a value that is different here, without a loss."""
        self.leave(value, key, why, "nothing")

    def imports(self, value: Value, key: str, why: str, into: str, name: str = "") -> None:
        """Note a value from another CloudFormation stack, which only the account has.

        Args:
            into: the key of `stack.toml` for the value. name: the name of the secret or the variable.
        """
        left = self.leave(value, key, why, "stays")
        export = value.at("from_cfn")
        if export and export.text and self.sort != SIDECAR:
            kind = "jobs" if self.sort == JOB else "services"
            self.gathered.found.imported.append(
                Imported(self.gathered.table, (kind, self.name), into, name, export.text, left)
            )
