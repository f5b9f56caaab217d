"""The model of `services.NAME.deployment` in `stack.toml`."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator

from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Problem
from provisioner.config.loader import shown

Strategy = Literal["rolling", "canary", "linear", "blue-green"]
Way = Literal[Strategy, "recreate"]
"""A deployment that is given by a name alone, instead of a table."""
STEPS = {"canary": (5.0, 10), "linear": (10.0, 6)}
"""ECS's defaults: the percentage of the traffic that it shifts at once, and the minutes that it then waits (API
reference, CanaryConfiguration, LinearConfiguration)."""
LEAST_STEP = {"canary": 0.1, "linear": 3.0}
LONGEST_BAKE = 1440
"""Minutes (API reference, DeploymentConfiguration, bakeTimeInMinutes)."""
LONGEST_PAUSE = 20160
"""Minutes (API reference, DeploymentLifecycleHookTimeoutConfiguration)."""
PAUSES = (
    "pre-scale-up",
    "post-scale-up",
    "post-test-traffic-shift",
    "pre-production-traffic-shift",
    "post-production-traffic-shift",
)
"""The stages at which a deployment can wait for a person, in their order (ECS developer guide, "Lifecycle hooks for
Amazon ECS service deployments"). RECONCILE_SERVICE occurs only in a deployment that replaces another deployment."""
ERRORS_ALARM = "errors"
"""The word in `alarms` for an alarm of the stack's own."""
PORTS = (80, 443)
"""The load balancer's ports for all clients."""
_UNPAUSED = ("test-traffic-shift", "production-traffic-shift")
_OF_ROLLING = ("min_percent", "max_percent", "early_success")
_OF_STEPS = ("step_percent", "step_minutes")
_OF_SHIFTING = (*_OF_STEPS, "bake_minutes", "test_port")
_OF_STAGES = ("pause_at", "pause_minutes")
_NO_STAGES = "AWS documents no stage at which a rolling deployment waits: use canary, linear or blue-green"

Minutes = Annotated[int, values.between(0, LONGEST_BAKE, "a number of minutes that ECS waits")]


def _tenths(value: float) -> float:
    """Accept only a percentage of the traffic that ECS supports: a multiple of 0.1."""
    if not 0.1 <= value <= 100 or round(value * 10) != value * 10:
        raise ValueError(f"{value:g} is not a percentage of the traffic: use a multiple of 0.1 from 0.1 to 100")
    return float(value)


def _unshifting(stage: str) -> str:
    """Accept only a stage without a traffic shift: ECS cannot pause a deployment while it shifts traffic."""
    if stage in _UNPAUSED:
        raise ValueError(f"{shown(stage)}: ECS pauses no deployment while it shifts traffic: use pre- or post-{stage}")
    return stage


def _own_port(port: int) -> int:
    """Accept only a port that the load balancer does not use for all clients."""
    if port in PORTS:
        raise ValueError(f"{port} leads everybody to the running revision: use another one, such as 8443")
    return port


Stage = Annotated[
    str, AfterValidator(_unshifting), values.one_of(PAUSES, "is not a stage at which a deployment can wait")
]


def alternate(service: str) -> str:
    """Return the name of a service's second target group. Its capital letter makes it unlike any service's name."""
    return f"{service}-B"


def alarm_name(stack: str, address: str) -> str:
    """Return the name of an alarm of the stack's own, by its address."""
    return f"{stack}-{address.replace('.', '-')}"


class Deployment(Model):
    """`[services.NAME.deployment]`: how new tasks replace old ones."""

    strategy: Strategy = "rolling"
    """`rolling` replaces tasks; `canary`, `linear` and `blue-green` shift traffic from old tasks to new ones."""
    min_percent: Annotated[int, values.between(0, 100, "a percentage")] = 100
    """The fewest tasks during a rolling update, in percent of the desired number."""
    max_percent: Annotated[int, values.between(100, 200, "a percentage that a deployment can have")] = 200
    """The most tasks during a rolling update, in percent of the desired number."""
    early_success: bool = False
    """End a rolling update when all new tasks are healthy: ECS stops the remaining old tasks afterwards."""
    step_percent: Annotated[float, AfterValidator(_tenths)] | None = None
    """The percentage of the traffic that ECS shifts at once."""
    step_minutes: Minutes | None = None
    """Minutes that ECS waits after a step."""
    bake_minutes: Minutes = 5
    """Minutes that old tasks stay after all traffic has moved to the new ones."""
    alarms: Annotated[
        tuple[Annotated[str, values.matching(r"[^\x00-\x1f]{1,255}", "is not the name of an alarm")], ...],
        LIST,
        values.unique("alarm"),
    ] = ()
    """Names of CloudWatch alarms: ECS rolls back if one is in ALARM. `errors`: one of the stack, on its 5xx answers."""
    pause_at: Annotated[tuple[Stage, ...], LIST, values.unique("stage")] = ()
    """The stages at which ECS waits until a person approves or rejects the deployment."""
    pause_minutes: Annotated[int, values.between(1, LONGEST_PAUSE, "a number of minutes that ECS waits")] = 1440
    """Minutes that ECS waits at such a stage before it rolls back."""
    test_port: Annotated[int, values.between(1, 65535, "a port"), AfterValidator(_own_port)] | None = None
    """The load balancer's port at which new tasks answer before traffic moves to them."""

    @property
    def shifts(self) -> bool:
        """Return whether ECS runs new tasks beside old ones and shifts the load balancer's traffic to them."""
        return self.strategy != "rolling"

    def own_alarms(self, service: str) -> list[str]:
        """Return the addresses of the stack's own alarms that end deployments, one for each target group."""
        groups = [service, *([alternate(service)] if self.shifts else [])]
        return [f"{group}.deployment-errors" for group in groups] if ERRORS_ALARM in self.alarms else []

    def alarm_names(self, stack: str, service: str) -> list[str]:
        """Return the names of all alarms that end deployments of a service, by the names of stack and service."""
        return self.with_own([alarm_name(stack, address) for address in self.own_alarms(service)])

    def with_own(self, own: Sequence[str]) -> list[str]:
        """Return the names in `alarms`, with the given names of the stack's own alarms in place of `errors`."""
        return [name for one in self.alarms for name in (own if one == ERRORS_ALARM else [one])]

    @property
    def steps(self) -> tuple[float, int]:
        """The percentage of the traffic that is shifted at once, and the minutes that ECS then waits."""
        percent, minutes = STEPS.get(self.strategy, (100.0, 0))
        return (
            percent if self.step_percent is None else self.step_percent,
            minutes if self.step_minutes is None else self.step_minutes,
        )

    def problems(self) -> Iterator[Problem]:
        """Yield keys that belong to another strategy or have no effect, and a step that is too small."""
        strategy = self.strategy
        others = {
            "rolling": _OF_SHIFTING,
            "blue-green": (*_OF_ROLLING, *_OF_STEPS),
        }.get(strategy, _OF_ROLLING)
        for key in others:
            if key in self.model_fields_set:
                whose = "canary and linear" if key in _OF_STEPS else "rolling" if key in _OF_ROLLING else "the others"
                yield key, f'has no effect with strategy "{strategy}", it is for {whose}: remove it'
        if not self.shifts:
            yield from ((key, _NO_STAGES) for key in _OF_STAGES if key in self.model_fields_set)
        if self.shifts and "pause_minutes" in self.model_fields_set and not self.pause_at:
            yield "pause_minutes", "has no effect without pause_at: add that, or remove it"
        if (least := LEAST_STEP.get(strategy, 0)) > self.steps[0]:
            yield "step_percent", f"{self.steps[0]:g} is too small for {strategy}: use {least:g} to 100"

    def blocked(self, tasks: int) -> Iterator[Problem]:
        """Yield percentages with which a deployment of so many tasks could neither stop nor start one.

        ECS rounds the minimum up and the maximum down (API reference, DeploymentConfiguration).
        """
        spare, extra = tasks * (100 - self.min_percent) // 100, tasks * (self.max_percent - 100) // 100
        if not spare and not extra:
            what = "one task" if tasks == 1 else f"{tasks} tasks"
            why = f"a deployment of {what} could neither stop nor start one with {self.min_percent} and max_percent = "
            fix = "use 0 to stop old tasks first, or max_percent = 200 to start new ones first"
            yield "deployment.min_percent", f"{why}{self.max_percent}: {fix}"


class Recreate(Deployment):
    """`deployment = "recreate"`: the old task stops before the new one starts, so that two never run at once."""

    min_percent: int = 0
    max_percent: int = 100


def named(value: object) -> object:
    """Return the model of a deployment that is given by a name alone; return a table as it is."""
    if not isinstance(value, str):
        return value
    match value:
        case "recreate":
            return Recreate()
        case "rolling" | "canary" | "linear" | "blue-green":
            return Deployment(strategy=value)
    ways = 'write "rolling", "recreate", "canary", "linear" or "blue-green", or a table'
    raise ValueError(f"{shown(value)} is not a way to deploy: {ways}")
