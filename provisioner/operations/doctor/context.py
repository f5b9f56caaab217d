"""What all checks look at: configuration, way to AWS, records; and what several of them need, asked for once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.aws.shared_reads import SharedRead
from provisioner.config.facts import ExistingVpc, Facts
from provisioner.engine.errors import Interrupted
from provisioner.engine.resource import Observed, Resource
from provisioner.operations.planning import dry_run, step_run
from provisioner.operations.prerequisites import ami, image_builds, preflight, vpc_subnets
from provisioner.operations.prerequisites import public_zone as prerequisites_public_zone
from provisioner.operations.prerequisites.zones import Zones, choose
from provisioner.steps.stack import Stack

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

T = TypeVar("T")
K = TypeVar("K", bound=Resource)

NOT_KNOWN = "not-known"
"""Stands for an id that could not be read, so that all the same everything can be declared and counted."""


@dataclass
class Context:
    """What the checks are handed.

    Attributes:
        aws: the way to AWS, on which only reads are allowed.
        config: the configuration.
        file: the configuration's, which build contexts are relative to.
        recorded: returns what is recorded, read by this way.
        stack: everything declared, if that was done before.
    """

    aws: Aws
    config: Config
    file: Path
    recorded: Callable[[Aws], Mapping[str, Record]]
    stack: Stack | None = None
    _asked: dict[str, SharedRead] = field(default_factory=dict)
    _asking: Lock = field(default_factory=Lock)

    def once(self, name: str, read: Callable[[], T]) -> T:
        """Return what a read said when it was made for the first time, by whichever check."""
        with self._asking:
            answer = self._asked.setdefault(name, SharedRead(self.aws.pace.runtime.lock()))
        value, error = answer.of(lambda: _tried(read))
        if error:
            raise error
        found: T = value
        return found

    # -- each of these raises what its read raised, to whoever asks ---------------------------------------------------

    @property
    def identity(self) -> Mapping[str, Any]:
        """What GetCallerIdentity says of who asks."""
        return self.once("identity", lambda: self.aws.client("sts").get_caller_identity())

    @property
    def account(self) -> str:
        """The account's number; empty if AWS does not tell."""
        return _known(lambda: str(self.identity["Account"]), "")

    @property
    def records(self) -> Mapping[str, Record]:
        """What is recorded."""
        return self.once("records", lambda: self.recorded(self.aws))

    @property
    def zones(self) -> Zones:
        """The zones that the stack is to be in."""
        if vpc := self.vpc:
            return Zones(vpc.zones, ())
        return self.once("zones", lambda: choose(self.aws, self.config))

    @property
    def vpc(self) -> ExistingVpc | None:
        """What is used of the VPC that `network.vpc` names."""
        return self.once("vpc", lambda: vpc_subnets.read(self.aws, self.config))

    @property
    def public_zone(self) -> str | None:
        """The id of the public zone that was there before."""
        return self.once("public_zone", lambda: prerequisites_public_zone.public_zone(self.aws, self.config))

    @property
    def allow(self) -> tuple[str, ...]:
        """Who may reach the load balancer."""
        return self.once("allow", lambda: preflight.allowed(self.config))

    @property
    def build_obstacle(self) -> tuple[str, frozenset[str]]:
        """Why no image can be built here (empty if they can), and which are in ECR already."""
        return self.once("build_obstacle", lambda: image_builds.build_obstacle(self.aws, self.config, self.file.parent))

    @property
    def declared(self) -> Stack:
        """Everything declared, with stand-ins for what could not be read."""
        return self.once("declared", self._declare)

    def wanted(self, resource_type: type[K]) -> list[K]:
        """Return what is declared of a type."""
        return [item.resource for item in self.declared.declared.values() if isinstance(item.resource, resource_type)]

    def missing(self, resource_type: type[K]) -> list[K]:
        """Return what `up` would have to create of a type, as far as the plan or, without one, the state tells."""
        addresses = self.once("missing", self._missing)
        return [desired for desired in self.wanted(resource_type) if desired.address in addresses]

    def live(self, resource_type: type[Resource]) -> list[Observed]:
        """Return all resources of a type as they are: as the plan read them, which knows their names."""
        self.once("missing", self._missing)
        return self.aws.live(resource_type)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _records(self) -> Mapping[str, Record]:
        return _known(lambda: self.records, {})

    def _declare(self) -> Stack:
        """Declare everything: on facts as they are, and where one could not be read, on one that counts the same."""
        if self.stack:
            return self.stack
        config, aws = self.config, self.aws
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
            local=True,  # what cannot be built is a check of its own, and no reason to declare nothing
            root=self.file.parent,
            no_engine=why,
            pushed=pushed,
            vpc=_known(lambda: self.vpc, None),
        )
        return step_run.declare(config, facts)

    def _missing(self) -> set[str]:
        records, stack = self._records(), self.declared
        unrecorded = {address for address in stack.declared if not (address in records and records[address].id)}
        plan = _known(lambda: dry_run.show_plan(self.aws, records, stack), None)
        return unrecorded if plan is None else {item.address for item in plan if item.action == "create"}


def _known(read: Callable[[], T], otherwise: T) -> T:
    """Return what a read says; a check of its own tells why it could not be read."""
    try:
        return read()
    except Exception as error:
        if isinstance(error, Interrupted):
            raise
        return otherwise


def _tried(read: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """Return what a read said, or what it raised: whoever asks for it gets it."""
    try:
        return read(), None
    except Exception as error:  # noqa: BLE001 (it is raised to each who asks)
        return None, error
