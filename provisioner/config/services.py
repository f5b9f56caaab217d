"""The models of `[services.NAME]` in `stack.toml`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from provisioner.config import capabilities
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Problem
from provisioner.config.health import Deployment, Health, short
from provisioner.docker.context import DOCKERFILE

LONGEST_STOP_ON_FARGATE = 120
"""Seconds (ECS API, ContainerDefinition, stopTimeout)."""
LONGEST_STOP = 600
"""Seconds on instances, where ECS names no limit: a longer one would outlast what `up` and `down` wait for."""


Capability = Annotated[
    str,
    values.one_of(
        capabilities.DEFAULT, "is not one of the capabilities that Docker gives to a container, and there are no others"
    ),
]


class Scaling(Model):
    """`[services.NAME.scaling]`: how many tasks, and the average CPU in percent that their number is steered by."""

    min: Annotated[
        int, values.at_least(1, "a service without tasks has no CPU to measure and could not scale out again")
    ] = 1
    max: Annotated[int, values.at_least(1, "a service needs at least one task")] = 10
    cpu: Annotated[int, values.between(1, 100, "a valid percentage")] = 70

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min > self.max:
            yield "min", f"{self.min} is more than scaling.max, which is {self.max}: change one of them"


class OnDemand(Model):
    """`[services.NAME.on_demand]`: how many tasks on Fargate AWS does not take back; the rest is Spot.

    Attributes:
        base: tasks that come first, all on-demand.
        percent: of all further tasks.
    """

    base: Annotated[int, values.between(0, 100_000, "a valid base of ECS")] = 0
    percent: Annotated[int, values.between(0, 100, "a percentage")] = 0

    def problems(self) -> Iterator[Problem]:
        """Yield a base without a share in what comes after it."""
        if self.base and not self.percent:
            # ECS API, CapacityProviderStrategyItem, weight
            why = "ECS places no task on a capacity provider without a weight"
            yield "base", f"{self.base} needs a percent of 1 or more, because {why}: add percent = 1"


class CircuitBreaker(Model):
    """`[services.NAME.circuit_breaker]`: when ECS gives a deployment up and rolls it back.

    Attributes:
        threshold: after so many tasks that failed: a number, or a percentage of the desired count, of which ECS makes 3
            to 200 (ECS API, ThresholdConfiguration: COUNT, BOUNDED_PERCENT).
    """

    threshold: Annotated[int | str, BeforeValidator(values.threshold)] = "50%"


class Service(Model):
    """`[services.NAME]`: one ECS service. CPU in units (1024 are one vCPU), memory in MiB."""

    image: Annotated[str, AfterValidator(values.image)] | None = None
    build: Annotated[str, AfterValidator(values.inside)] | None = None
    # Its path begins at `build`, as in Docker Compose.
    dockerfile: Annotated[str, AfterValidator(values.dockerfile)] = DOCKERFILE
    # The image's history shows them to whoever can pull it: no secrets.
    build_args: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    port: Annotated[int, values.between(1, 65535, "a port")]
    launch: Literal["ec2", "fargate"] = "fargate"
    on_demand: OnDemand = OnDemand()
    public: bool = False
    path: Annotated[
        str,
        values.matching(
            r"/[\w.$/~\"'@:+&*?-]{0,127}",
            "is not a load balancer's path pattern: begin with /, and use at most 128 of A-Z a-z 0-9 _-.$/~\"'@:+&*?",
        ),
        AfterValidator(values.path_pattern),
    ] = "/*"
    calls: Annotated[tuple[str, ...], LIST, values.unique("service")] = ()
    database: bool = False
    # One that connects only when it has to, and tolerates its absence, may start before there is a database.
    wait_for_database: bool = True
    cpu: int = 256
    memory: int = 512
    scaling: Scaling = Scaling()
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    # As many as the scaling begins with, unless said otherwise.
    count: int = Field(default_factory=lambda earlier: earlier["scaling"].min)
    health: Annotated[Health, BeforeValidator(short)] = Health()
    deployment: Deployment = Deployment()
    # Seconds that a container has to end by itself once it is told to: ECS's 30 unless said.
    stop_timeout: Annotated[int, values.between(2, LONGEST_STOP, "a stop timeout in seconds")] | None = None
    # Seconds in which requests that a task already has may end, before it is told to stop.
    deregistration_delay: Annotated[int, values.between(0, 3600, "a deregistration delay in seconds")] = 30
    environment: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    # A ready image brings its own user, and places that it writes to, which nobody here knows.
    user: (
        Annotated[
            str,
            values.matching(
                r"[\w.-]+(:[\w.-]+)?", 'is not a container user: use a name or a number, "user" or "user:group"'
            ),
        ]
        | None
    ) = Field(default_factory=lambda earlier: "10001:10001" if earlier.get("build") else None)
    read_only: bool = Field(default_factory=lambda earlier: bool(earlier.get("build")))
    # What stays of Docker's default capabilities: for a user other than root none, but for a port below 1024.
    capabilities: Annotated[tuple[Capability, ...], LIST, values.unique("capability")] = Field(
        default_factory=capabilities.kept
    )
    # Whether ECS Exec may open a shell in its tasks: unless said, not in a protected stack.
    exec: bool | None = None

    @property
    def waits_for_database(self) -> bool:
        """Whether its first tasks start only when the database is ready."""
        return self.database and self.wait_for_database

    def variables(self) -> tuple[str, ...]:
        """Return the names of the environment variables and secrets that the stack itself gives the container."""
        urls = tuple(f"{callee.upper().replace('-', '_')}_URL" for callee in self.calls)
        return urls + (("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD") if self.database else ())

    def during_deployment(self, tasks: int) -> int:
        """Return how many tasks there are at the most while a deployment replaces so many of them at once."""
        return tasks * self.deployment.max_percent // 100

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together within one service."""
        if (self.image is None) == (self.build is None):
            wrong = "has neither image nor build" if self.image is None else "has both image and build"
            yield (
                "",
                f'{wrong}: write image = "…" for a prebuilt image, or build = "…" for a directory with a Dockerfile',
            )
        for key in ("dockerfile", "build_args"):
            if self.image and self.build is None and key in self.model_fields_set and getattr(self, key):
                yield key, "has no effect on a prebuilt image: remove it, or build the image from a directory"
        if self.build and posixpath.normpath(f"{self.build}/{self.dockerfile}").split("/")[0] == "..":
            out = f'"{self.dockerfile}" relative to "{self.build}" is outside the directory of this file'
            yield "dockerfile", f"{out}: keep the Dockerfile inside it"
        yield from self._without_effect()
        yield from self.health.misplaced(public=self.public)
        yield from self.deployment.blocked(self.scaling.min)
        if not self.scaling.min <= self.count <= self.scaling.max:
            limits = f"{self.scaling.min} to {self.scaling.max}"
            yield "count", f"{self.count} is outside scaling, which is {limits}: change one of them"
        for key in sorted(self.environment.keys() & set(self.variables())):
            yield f"environment.{key}", "is set by the stack, because of calls or database: use another name"
        yield from self._size()

    def _without_effect(self) -> Iterator[Problem]:
        if "wait_for_database" in self.model_fields_set and not self.database:
            yield "wait_for_database", "has no effect on a service without database = true: remove it"
        if "on_demand" in self.model_fields_set and self.launch == "ec2":
            yield "on_demand", 'has no effect with launch = "ec2": set capacity.spot instead, or remove on_demand'
        for key in ("path", "deregistration_delay"):
            if key in self.model_fields_set and not self.public:
                yield key, f"has no effect on a service that is not public: add public = true, or remove {key}"

    def _size(self) -> Iterator[Problem]:
        if self.launch == "ec2":
            if not 128 <= self.cpu <= 196608:
                yield "cpu", f"{self.cpu} is not allowed on EC2: use 128 to 196608 units (1024 are one vCPU)"
            if self.memory < 6:
                yield "memory", f"{self.memory} MiB is too small for a container: use 6 or more"
        else:
            yield from values.fargate_size(self.cpu, self.memory)
            if self.stop_timeout is not None and self.stop_timeout > LONGEST_STOP_ON_FARGATE:
                yield "stop_timeout", f"{self.stop_timeout} is too long: Fargate allows 2 to {LONGEST_STOP_ON_FARGATE}"
