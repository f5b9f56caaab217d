"""The models of `[services.NAME]` in `stack.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from provisioner.config import validators as values
from provisioner.config.base import Model, Problem
from provisioner.config.capabilities import kept
from provisioner.config.health import Deployment, Health, short
from provisioner.config.workload import Capabilities, Workload


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


class Service(Workload):
    """`[services.NAME]`: one ECS service; without a port it is a worker, which nobody connects to."""

    port: Annotated[int, values.between(1, 65535, "a port")] | None = None
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
    # What stays of Docker's default capabilities: for a user other than root none, but for a port below 1024.
    capabilities: Capabilities = Field(default_factory=kept)
    # One that connects only when it has to, and tolerates its absence, may start before there is a database.
    wait_for_database: bool = True
    scaling: Scaling = Scaling()
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    # As many as the scaling begins with, unless said otherwise.
    count: int = Field(default_factory=lambda earlier: earlier["scaling"].min)
    health: Annotated[Health, BeforeValidator(short)] = Health()
    deployment: Deployment = Deployment()
    # Seconds in which requests that a task already has may end, before it is told to stop.
    deregistration_delay: Annotated[int, values.between(0, 3600, "a deregistration delay in seconds")] = 30
    # Whether ECS Exec may open a shell in its tasks: unless said, not in a protected stack.
    exec: bool | None = None

    @property
    def waits_for_database(self) -> bool:
        """Whether its first tasks start only when the database is ready."""
        return self.database and self.wait_for_database

    def during_deployment(self, tasks: int) -> int:
        """Return how many tasks there are at the most while a deployment replaces so many of them at once."""
        return tasks * self.deployment.max_percent // 100

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together within one service."""
        yield from super().problems()
        yield from self._without_effect()
        yield from self.health.misplaced(public=self.public)
        yield from self.deployment.blocked(self.scaling.min)
        if not self.scaling.min <= self.count <= self.scaling.max:
            limits = f"{self.scaling.min} to {self.scaling.max}"
            yield "count", f"{self.count} is outside scaling, which is {limits}: change one of them"
        if self.public and self.port is None:
            yield (
                "port",
                "is missing, and a public service needs one: add the port that it listens on, or remove public",
            )
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
            if self.architecture != "x86_64":
                yield "architecture", f'is "{self.architecture}", but instances are x86_64: use launch = "fargate"'
        else:
            yield from self.fargate_problems()
