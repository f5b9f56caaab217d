"""Data shared by all checks: configuration, connection to AWS, records, and reads that are made only once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.aws.shared_reads import SharedRead
from provisioner.config.facts import ExistingDatabase, ExistingListener, ExistingVpc, Facts
from provisioner.engine.errors import Interrupted
from provisioner.engine.resource import Observed, Resource
from provisioner.operations.network import existing_listener, existing_vpc
from provisioner.operations.network import public_zone as prerequisites_public_zone
from provisioner.operations.network.zones import Zones, choose
from provisioner.operations.overrides import private_names
from provisioner.operations.planning import dry_run, step_run
from provisioner.operations.prerequisites import ami, existing_database, image_builds, preflight
from provisioner.steps import offline
from provisioner.steps.stack import Stack

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

T = TypeVar("T")
K = TypeVar("K", bound=Resource)

NOT_KNOWN = "not-known"
"""A stand-in for an id that could not be read, so that all resources can still be declared and counted."""


@dataclass
class Context:
    """The input of every check.

    Attributes:
        aws: the connection to AWS, which allows only reads.
        config: the configuration.
        file: the configuration file; build contexts are relative to it.
        recorded: reads the records over a connection.
        stack: the declared stack, if it was declared before.
    """

    aws: Aws
    config: Config
    file: Path
    recorded: Callable[[Aws], Mapping[str, Record]]
    stack: Stack | None = None
    _asked: dict[str, SharedRead] = field(default_factory=dict)
    _asking: Lock = field(default_factory=Lock)

    def once(self, name: str, read: Callable[[], T]) -> T:
        """Return the result of a read. The first check that needs it makes the read; the others share the result."""
        with self._asking:
            answer = self._asked.setdefault(name, SharedRead(self.aws.pace.runtime.lock()))
        value, error = answer.of(lambda: _tried(read))
        if error:
            raise error
        found: T = value
        return found

    # -- each of these raises the error of its read in every check that uses it ---------------------------------------

    @property
    def identity(self) -> Mapping[str, Any]:
        """The answer of GetCallerIdentity about the caller."""
        return self.once("identity", lambda: self.aws.client("sts").get_caller_identity())

    @property
    def account(self) -> str:
        """The account's number; empty if it cannot be read."""
        return _known(lambda: str(self.identity["Account"]), "")

    @property
    def records(self) -> Mapping[str, Record]:
        """The stack's records by address."""
        return self.once("records", lambda: self.recorded(self.aws))

    @property
    def zones(self) -> Zones:
        """The availability zones of the stack."""
        if vpc := self.vpc:
            return Zones(vpc.zones, ())
        return self.once("zones", lambda: choose(self.aws, self.config))

    @property
    def vpc(self) -> ExistingVpc | None:
        """The used parts of the existing VPC that `network.vpc` names; None if it names none."""
        return self.once("vpc", lambda: existing_vpc.read(self.aws, self.config, self._records().values()))

    @property
    def listener(self) -> ExistingListener | None:
        """The listener that `load_balancer.listener` names; None if it names none."""
        return self.once("listener", lambda: existing_listener.read(self.aws, self.config, self._records().values()))

    @property
    def database(self) -> ExistingDatabase | None:
        """The database of somebody else that `[database]` names; None if it names none."""
        return self.once("database", lambda: existing_database.read(self.aws, self.config, self._records().values()))

    @property
    def public_zone(self) -> str | None:
        """The id of the existing public zone; None if `up` creates it."""
        return self.once("public_zone", lambda: prerequisites_public_zone.public_zone(self.aws, self.config))

    @property
    def allow(self) -> tuple[str, ...]:
        """The networks that may reach the load balancer."""
        return self.once("allow", lambda: preflight.allowed(self.config))

    @property
    def build_obstacle(self) -> tuple[str, frozenset[str]]:
        """The reason why no image can be built here (empty if none), and the names of images already in ECR."""
        return self.once("build_obstacle", lambda: image_builds.build_obstacle(self.aws, self.config, self.file.parent))

    @property
    def declared(self) -> Stack:
        """The declared stack, with stand-ins for facts that could not be read."""
        return self.once("declared", self._declare)

    def wanted(self, resource_type: type[K]) -> list[K]:
        """Return the declared resources of a type."""
        return [item.resource for item in self.declared.declared.values() if isinstance(item.resource, resource_type)]

    def missing(self, resource_type: type[K]) -> list[K]:
        """Return the resources of a type that `up` would create, according to the plan or, without one, the state."""
        addresses = self.once("missing", self._missing)
        return [desired for desired in self.wanted(resource_type) if desired.address in addresses]

    def live(self, resource_type: type[Resource]) -> list[Observed]:
        """Return all resources of a type on AWS. The plan is made first, because it knows their names."""
        self.once("missing", self._missing)
        return self.aws.live(resource_type)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _records(self) -> Mapping[str, Record]:
        return _known(lambda: self.records, {})

    def _declare(self) -> Stack:
        """Declare the stack. A stand-in that leads to the same number of resources replaces each unreadable fact."""
        if self.stack:
            return self.stack
        (config, _), aws = private_names.kept(self.config, self._records()), self.aws
        not_known: str | None = NOT_KNOWN
        names = tuple(f"{aws.region}{letter}" for letter in "abcd"[: config.network.zones])
        zones = _known(lambda: self.zones, Zones(names, tuple(range(len(names)))))
        unbuilt: tuple[str, frozenset[str]] = (NOT_KNOWN, frozenset())
        why, pushed = _known(lambda: self.build_obstacle, unbuilt)
        facts = Facts(
            account=aws.account,
            partition=aws.partition,
            region=aws.region,
            zones=zones.names,
            blocks=zones.blocks,
            image_id=_known(lambda: ami.chosen(aws, self._records().values(), self.config.architecture), NOT_KNOWN)
            if config.on_instances
            else "",
            public_zone_id=_known(lambda: self.public_zone, not_known),
            allow=_known(lambda: self.allow, tuple("192.0.2.1/32" for _ in config.network.allow)),
            engine=not why,
            local=True,  # another check reports images that cannot be built; here they must not prevent the declaration
            root=self.file.parent,
            no_engine=why,
            pushed=pushed,
            vpc=_known(lambda: self.vpc, offline.existing_vpc(config)),
            listener=_known(lambda: self.listener, offline.existing_listener(config)),
            database=_known(lambda: self.database, offline.existing_database(config)),
        )
        return step_run.declare(config, facts)

    def _missing(self) -> set[str]:
        records, stack = self._records(), self.declared
        unrecorded = {address for address in stack.declared if not (address in records and records[address].id)}
        plan = _known(lambda: dry_run.show_plan(self.aws, records, stack), None)
        return unrecorded if plan is None else {item.address for item in plan if item.action == "create"}


def _known(read: Callable[[], T], otherwise: T) -> T:
    """Return the result of a read, or `otherwise` on an error: another check reports the error."""
    try:
        return read()
    except Exception as error:
        if isinstance(error, Interrupted):
            raise
        return otherwise


def _tried(read: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """Return the result or the error of a read, so that all callers can share either."""
    try:
        return read(), None
    except Exception as error:  # noqa: BLE001 (`once` raises it in every caller)
        return None, error
