"""The models of `[services.NAME]` in `stack.toml`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from provisioner.config import open_paths, path_patterns, protocols
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Name, Problem
from provisioner.config.call_variables import HTTP
from provisioner.config.capabilities import kept
from provisioner.config.container import Capabilities
from provisioner.config.deployment import ERRORS_ALARM, Deployment, Recreate, Way, named
from provisioner.config.health import Health, short
from provisioner.config.host_names import Host
from provisioner.config.loader import shown, suggestion
from provisioner.config.scaling import Bounds, Scaling
from provisioner.config.workload import Workload

SMALLEST_CONTAINER = 6
"""The least MiB of a container (ECS API, ContainerDefinition, memory)."""

Pattern = Annotated[
    str,
    values.matching(
        r"/[\w.$/~\"'@:+&*?-]{0,127}",
        "is not a load balancer's path pattern: begin with /, and use at most 128 of A-Z a-z 0-9 _-.$/~\"'@:+&*?",
    ),
    AfterValidator(values.path_pattern),
]
"""A path pattern of a listener rule (ELBv2 API, PathPatternConditionConfig)."""


class OnDemand(Model):
    """`[services.NAME.on_demand]`: the tasks on Fargate that are on-demand, which AWS keeps; the rest is Spot."""

    base: Annotated[int, values.between(0, 100_000, "a valid base of ECS")] = 0
    """The number of first tasks that are all on-demand."""
    percent: Annotated[int, values.between(0, 100, "a percentage")] = 0
    """The percentage of all further tasks that is on-demand."""

    def problems(self) -> Iterator[Problem]:
        """Yield a base without a percentage of the further tasks."""
        if self.base and not self.percent:
            # ECS API, CapacityProviderStrategyItem, weight
            why = "ECS places no task on a capacity provider without a weight"
            yield "base", f"{self.base} needs a percent of 1 or more, because {why}: add percent = 1"


class CircuitBreaker(Model):
    """`[services.NAME.circuit_breaker]`: when a deployment has failed, and is rolled back.

    ECS API, ThresholdConfiguration: COUNT, BOUNDED_PERCENT.
    """

    threshold: Annotated[int | str, BeforeValidator(values.threshold)] = "50%"
    """The failed tasks to stop at: a number, or a percentage of the desired count, which ECS limits to 3 to 200."""


class Service(Workload):
    """`[services.NAME]`: one ECS service; without a port it is a worker that accepts no connections."""

    port: Annotated[int, values.between(1, 65535, "a port")] | None = None
    """The port that the container listens on; without it the service is a worker that accepts no connections."""
    protocol: Annotated[
        str,
        values.matching(r"[a-z][a-z0-9+.-]*", 'is no scheme of a URL: write "http", "tcp", or one such as "redis"'),
    ] = HTTP
    """The protocol of callers and of the load balancer: `http`, `http2`, `grpc`; without `public` also `tcp`, or the
    scheme of another URL, such as `redis`. Except for `http` and `http2`, callers get `NAME_HOST` and `NAME_PORT` too,
    and with `tcp` no `NAME_URL`."""
    tls: bool = False
    """The tasks speak TLS themselves, with any certificate: the load balancer connects to them by HTTPS, and callers
    get `https://`."""
    launch: Literal["ec2", "fargate"] = "fargate"
    """The compute of the tasks: Fargate, or EC2 instances of the stack."""
    on_demand: OnDemand = OnDemand.model_construct()
    """The tasks on Fargate that are not Spot."""
    public: bool = False
    """Put the service behind the load balancer."""
    path: Annotated[
        tuple[Pattern, ...],
        LIST,
        BeforeValidator(path_patterns.listed, json_schema_input_type=Pattern | tuple[Pattern, ...]),
        values.unique("pattern"),
        AfterValidator(path_patterns.check),
    ] = (path_patterns.ALL,)
    """The path pattern of the requests that the load balancer sends to it, or a list of up to five; different for each
    public service of a host. The longer pattern is tried first."""
    strip_path: bool = False
    """Take the beginning of `path` off before a request reaches the service: with `/api/*`, `/api/orders` arrives as
    `/orders`."""
    hosts: Annotated[tuple[Host, ...], LIST, values.unique("host")] = ()
    """The names that it answers under: labels below `dns.domain`, `@` for that itself, `*` for all names below it, or
    whole names; by default the stack's public name."""
    sign_in: Name | None = None
    """The table below `[sign_in]` with the provider at which the load balancer has users sign in first."""
    sign_in_except: Annotated[tuple[Pattern, ...], LIST, values.unique("pattern")] = ()
    """Path patterns of the service that need no sign-in, such as `["/health", "/webhooks/*"]`."""
    capabilities: Capabilities = Field(default_factory=kept)
    """Linux capabilities that the container keeps. With a user other than root, none by default, except for a port
    below 1024."""
    wait_for_database: bool = True
    """Start only when the database is ready; `false` for a service that tolerates its absence."""
    scaling: Scaling | None = None
    """The limits of the number of tasks, and the metrics that set it; without it the number stays at `count`."""
    circuit_breaker: CircuitBreaker = CircuitBreaker.model_construct()
    """The failures after which ECS stops a deployment and rolls it back."""
    count: Annotated[int, values.at_least(0, "there cannot be fewer than 0 tasks")] = Field(
        default_factory=lambda earlier: scaling.min if (scaling := earlier.get("scaling")) else 1
    )
    """The number of tasks; with `scaling`, the first number of a new service. By default 1, or `scaling.min`."""
    health: Annotated[Health, BeforeValidator(short, json_schema_input_type=str | Health)] = Health.model_construct()
    """The health check: a path alone, or a table."""
    deployment: Annotated[Deployment, BeforeValidator(named, json_schema_input_type=Way | Deployment)] = (
        Deployment.model_construct()
    )
    """The way in which new tasks replace old ones: a strategy's name, `recreate` for never two at once, or a table."""
    deregistration_delay: Annotated[int, values.between(0, 3600, "a deregistration delay in seconds")] = 30
    """Seconds for the open requests of a task to end, before the task gets the signal to stop."""
    sticky: Annotated[int, values.between(1, 604800, "a number of seconds up to a week")] | None = None
    """Seconds for which a client's requests go to the same task, by a cookie of the load balancer's."""
    exec: bool | None = None
    """Allow ECS Exec to open a shell in its tasks; by default on, but not in a protected stack."""
    task_protection: bool = False
    """Let its tasks protect themselves from scale-in and deployments while they work, by ECS's task scale-in
    protection."""
    target_container: Name | None = None
    """The sidecar that load balancer, callers and tunnels connect to; by default the service's own container."""

    @property
    def entry(self) -> int | None:
        """The port that load balancer, callers and tunnels connect to; None if there is none."""
        if self.target_container is None:
            return self.port
        sidecar = self.sidecars.get(self.target_container)
        return sidecar.port if sidecar else None

    @property
    def scheme(self) -> str:
        """The scheme of the URLs that its callers get; `tcp` if they get none."""
        return protocols.scheme(self.protocol, tls=self.tls)

    @property
    def checked(self) -> bool:
        """Return whether ECS runs a health check inside the service's own container."""
        return bool(self.health.command)

    @property
    def waits_for_database(self) -> bool:
        """Return whether its first tasks start only when the database is ready."""
        return self.database and self.wait_for_database

    @property
    def least(self) -> int:
        """The fewest tasks at any time."""
        return min(one.least for one in self.scaling.all) if self.scaling else self.count

    @property
    def most(self) -> int:
        """The most tasks at any time, without the tasks that a deployment adds."""
        return max(one.most for one in self.scaling.all) if self.scaling else self.count

    def bounds(self, now: float) -> Bounds:
        """Return the fewest and the most tasks at a time, in seconds since the epoch."""
        return self.scaling.bounds(now) if self.scaling else Bounds(self.count, self.count)

    def during_deployment(self, tasks: int) -> int:
        """Return the most tasks that run while a deployment replaces this number of tasks."""
        return tasks * self.deployment.max_percent // 100

    def problems(self) -> Iterator[Problem]:
        """Yield contradictions between the settings of one service."""
        yield from super().problems()
        yield from self._without_effect()
        yield from self._speaking()
        if self.public:
            signed = self.sign_in is not None
            yield from open_paths.problems(self.sign_in_except, self.path, self.hosts, signed=signed)
        yield from self.health.misplaced(public=self.public)
        yield from self.deployment.blocked(max(1, self.least))
        yield from self._number()
        yield from self._entry()
        yield from self._size()

    def _speaking(self) -> Iterator[Problem]:
        given = self.model_fields_set
        yield from protocols.problems(self.protocol, tls=self.tls, public=self.public, entry=self.entry, given=given)
        yield from protocols.of_check(self.protocol, self.health) if self.public else ()

    def _entry(self) -> Iterator[Problem]:
        target = self.target_container
        if target is not None and target not in self.sidecars:
            there = suggestion(target, self.sidecars) if self.sidecars else ", and the service has none"
            yield "target_container", f"there is no sidecar {shown(target)}{there}"
        elif target is not None and self.entry is None:
            yield f"sidecars.{target}.port", "is missing, and target_container names this sidecar: add its port"
        elif self.public and self.entry is None:
            yield (
                "port",
                "is missing, and a public service needs one: add the port that it listens on, or remove public",
            )

    def _number(self) -> Iterator[Problem]:
        if not self.least <= self.count <= self.most:
            yield "count", f"{self.count} is outside scaling, which is {self.least} to {self.most}: change one of them"
        for key, counted in self.scaling.of_balancer if self.scaling else ():
            if not self.public:
                why = f"the load balancer {counted}, and has none of a service that is not public"
                yield f"scaling.{key}", f"{why}: use cpu or memory"
            if self.deployment.shifts:
                # Application Auto Scaling, PredefinedMetricSpecification, ResourceLabel: one target group
                why = f'it {counted} in one target group, and "{self.deployment.strategy}" uses two in turn'
                yield f"scaling.{key}", f"{why}: use cpu or memory"
        if self.deployment.shifts and not self.public:
            what = f'"{self.deployment.strategy}" shifts traffic of the load balancer'
            yield "deployment", f"{what}, and a service that is not public has none: add public = true, or remove it"
        if ERRORS_ALARM in self.deployment.alarms and not self.public:
            why = f'"{ERRORS_ALARM}" counts answers to the load balancer, and a service that is not public has none'
            yield "deployment.alarms", f"{why}: add public = true, or name an alarm of yours"
        if isinstance(self.deployment, Recreate) and self.most > 1:
            key = "scaling.max" if self.scaling else "count"
            why = f'deployment = "recreate" never lets two tasks run, but {key} is {self.most}'
            yield "deployment", f"{why}: write {key} = 1, or deployment = {{ min_percent = 0, max_percent = 100 }}"

    def _without_effect(self) -> Iterator[Problem]:
        if "wait_for_database" in self.model_fields_set and not self.database:
            yield "wait_for_database", "has no effect on a service without database = true: remove it"
        if "on_demand" in self.model_fields_set and self.launch == "ec2":
            yield "on_demand", 'has no effect with launch = "ec2": set capacity.spot instead, or remove on_demand'
        if self.ephemeral_storage is not None and self.launch == "ec2":
            why = "where tasks share the instance's disk"
            yield "ephemeral_storage", f'has no effect with launch = "ec2", {why}: remove it'
        if self.strip_path and not path_patterns.beginning(self.path):
            what = 'needs a path with one beginning to take off, such as path = ["/api", "/api/*"]'
            yield "strip_path", f"{what}: change path, or remove strip_path"
        for key in ("path", "strip_path", "hosts", "sign_in", "sign_in_except", "deregistration_delay", "sticky"):
            if key in self.model_fields_set and not self.public:
                yield key, f"has no effect on a service that is not public: add public = true, or remove {key}"

    def _size(self) -> Iterator[Problem]:
        if self.launch == "ec2":
            if not 128 <= self.cpu <= 196608:
                yield "cpu", f"{self.cpu} is not allowed on EC2: use 128 to 196608 units (1024 are one vCPU)"
            if self.memory < SMALLEST_CONTAINER:
                least = f"use {SMALLEST_CONTAINER} or more"
                yield "memory", f"{self.memory} MiB is too small for a container: {least}"
        else:
            yield from self.fargate_problems()
