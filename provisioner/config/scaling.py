"""The models of `[services.NAME.scaling]` in `stack.toml`: bounds of the number of tasks, metrics, and times."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field

from provisioner.config import schedules
from provisioner.config import validators as values
from provisioner.config.base import Model, Name, Problem
from provisioner.config.due import last_due

CPU = 70
"""The average CPU in percent to keep, if `scaling` names no metric."""
HIGH = 20
"""The seconds of ECS's high-resolution metrics."""
MEASURED = {"cpu": "CPUUtilization", "memory": "MemoryUtilization"}
"""ECS's names of the metrics whose resolution a service sets (API reference, MetricConfiguration)."""
BACKLOG = "backlog"
BALANCER = {"requests": "counts requests", "response_time": "measures response times"}
"""The metrics of the load balancer, and words for its part in them."""
MOST_DIMENSIONS = 30
"""The most dimensions of a metric (CloudWatch API, Metric)."""
MOST_POLICIES = 50
"""The most scaling policies of a scalable target (Application Auto Scaling quotas)."""
MOST_ACTIONS = 200
"""The most scheduled actions of a scalable target (Application Auto Scaling quotas)."""

Percentage = Annotated[int, values.between(1, 100, "a valid percentage")]
Cooldown = Annotated[int, values.between(0, 86_400, "a cooldown in seconds")]
Least = Annotated[int, values.at_least(0, "there cannot be fewer than 0 tasks")]
MetricText = Annotated[
    str, values.matching(r"[\x21-\x7e][\x20-\x7e]{0,254}", "is no name in CloudWatch: use 1 to 255 characters of ASCII")
]


class Bounds(NamedTuple):
    """The fewest and the most tasks of a service."""

    least: int
    most: int


class Time(Model):
    """`[services.NAME.scaling.schedule.NAME]`: bounds of the number of tasks that hold from a time of day on."""

    at: Annotated[str, AfterValidator(schedules.time_of_day)]
    """The times from which the bounds hold: `cron(…)`."""
    min: Least | None = None
    """The fewest tasks from then on; by default `scaling.min`."""
    max: Least | None = None
    """The most tasks from then on; by default `scaling.max`."""


class Metric(Model):
    """`[services.NAME.scaling.metrics.NAME]`: a metric in CloudWatch near whose target the number of tasks keeps it."""

    namespace: Annotated[
        str,
        values.matching(r"[\w.\-/#:]{1,255}", "is no namespace of CloudWatch: use 1 to 255 of A-Z a-z 0-9 . - _ / # :"),
    ]
    """The metric's namespace, such as `AWS/SQS`."""
    name: MetricText
    """The metric's name, such as `ApproximateNumberOfMessagesVisible`."""
    dimensions: Mapping[MetricText, MetricText] = {}
    """The metric's dimensions, all of them."""
    statistic: Literal["Average", "Minimum", "Maximum", "Sum", "SampleCount"] = "Average"
    """The statistic of each minute."""
    target: Annotated[float, values.above_zero]
    """The value to keep: more tasks above it, fewer below. The metric has to fall when there are more tasks."""

    def problems(self) -> Iterator[Problem]:
        """Yield more dimensions than CloudWatch has."""
        if len(self.dimensions) > MOST_DIMENSIONS:
            yield "dimensions", f"has {len(self.dimensions)}, and a metric has {MOST_DIMENSIONS}: use fewer"


class Backlog(Model):
    """`[services.NAME.scaling.backlog]`: a queue of the stack, and the messages in it that are enough for one task."""

    queue: Name
    """The queue, which the service receives from."""
    per_task: Annotated[int, values.between(1, 1_000_000, "a number of messages for each task")]
    """Messages for each task, waiting ones and those under way: more bring tasks, fewer let them go."""


def _target(earlier: dict[str, Any]) -> int | None:
    """Return the default target of `cpu`, so that there is always one metric; None if another metric is given."""
    others = (earlier.get(name) for name in ("memory", "requests", "response_time", "backlog", "metrics"))
    return None if any(others) else CPU


class Scaling(Model):
    """`[services.NAME.scaling]`: limits of the number of tasks, and metrics that set it; the highest demand counts."""

    min: Least = 1
    """The fewest tasks; 0 needs `backlog`, a metric of `metrics`, or a time of `schedule` that brings tasks back."""
    max: Annotated[int, values.at_least(1, "a service needs at least one task")] = 10
    """The most tasks."""
    memory: Percentage | None = None
    """The average memory to keep, in percent of the tasks' memory."""
    requests: Annotated[int, values.at_least(1, "a task has requests, or none are to be counted")] | None = None
    """The requests a minute to keep for each task, counted by the load balancer."""
    response_time: Annotated[float, values.above_zero] | None = None
    """The average seconds to keep until a task has answered, measured by the load balancer."""
    backlog: Backlog | None = None
    """The messages in a queue for each task; the first message brings a task back from 0."""
    metrics: Mapping[Name, Metric] = {}
    """Metrics of your own, or of AWS's, by names of your choice."""
    cpu: Percentage | None = Field(default_factory=_target)
    """The average CPU to keep, in percent of the tasks' CPU units; 70 if no other metric is given."""
    resolution: Literal[20, 60] = 60
    """The resolution of CPU and memory in seconds: with 20, the number follows them sooner."""
    scale_out_cooldown: Cooldown = 60
    """Seconds after tasks were added in which only a higher demand adds more."""
    scale_in_cooldown: Cooldown = 300
    """Seconds after tasks were taken away in which no more are."""
    schedule: Mapping[Name, Time] = {}
    """Other limits from times of day on, by names of your choice."""
    timezone: Annotated[str, AfterValidator(schedules.zone)] = "UTC"
    """The time zone of `schedule`."""

    @property
    def targets(self) -> Mapping[str, float]:
        """The metrics of ECS and the load balancer that set the number of tasks, and the target of each."""
        wanted = {
            "cpu": self.cpu,
            "memory": self.memory,
            "requests": self.requests,
            "response_time": self.response_time,
        }
        return {metric: value for metric, value in wanted.items() if value is not None}

    @property
    def of_balancer(self) -> list[tuple[str, str]]:
        """The metrics that the load balancer has to measure, each with words for that."""
        return [(metric, words) for metric, words in BALANCER.items() if metric in self.targets]

    @property
    def high_resolution(self) -> list[str]:
        """ECS's names of the metrics that it measures each 20 seconds."""
        return [MEASURED[metric] for metric in self.targets if metric in MEASURED] if self.resolution == HIGH else []

    @property
    def usual(self) -> Bounds:
        """The bounds without regard to the time."""
        return Bounds(self.min, self.max)

    def from_then(self, name: str) -> Bounds:
        """Return the bounds from a time of the schedule on."""
        time = self.schedule[name]
        return Bounds(self.min if time.min is None else time.min, self.max if time.max is None else time.max)

    @property
    def all(self) -> list[Bounds]:
        """The usual bounds and the bounds of the schedule; one of them holds at any time."""
        return [self.usual, *(self.from_then(name) for name in self.schedule)]

    def holding(self, now: float) -> str | None:
        """Return the time of the schedule whose bounds hold now; None before the first, or without any."""
        due = {name: last_due(time.at, self.timezone, now) for name, time in self.schedule.items()}
        known = {name: moment for name, moment in due.items() if moment is not None}
        return max(known, key=lambda name: known[name]) if known else None

    def bounds(self, now: float) -> Bounds:
        """Return the bounds that hold now, in seconds since the epoch, as AWS has set them at the last due time."""
        name = self.holding(now)
        return self.usual if name is None else self.from_then(name)

    def problems(self) -> Iterator[Problem]:
        """Yield bounds out of order, no way back from 0, and a resolution of nothing that ECS measures."""
        if self.min > self.max:
            yield "min", f"{self.min} is more than scaling.max, which is {self.max}: change one of them"
        if "resolution" in self.model_fields_set and not self.targets.keys() & MEASURED.keys():
            why = "ECS measures CPU and memory, and the load balancer counts requests each minute"
            yield "resolution", f"has no effect without cpu or memory: {why}: add one of them, or remove resolution"
        if "timezone" in self.model_fields_set and not self.schedule:
            yield "timezone", "has no effect without a schedule: remove it, or add a time"
        yield from self._times()
        yield from self._from_zero()
        taken = {*self.targets, *MEASURED, *BALANCER, *([BACKLOG] if self.backlog else [])}
        names = [name for name in self.metrics if name in taken]
        for name in names:
            yield f"metrics.{name}", f"has the name of a metric that scaling.{name} is for: use another name"
        if len(self.metrics) + len(self.targets) > MOST_POLICIES:
            yield "metrics", f"has {len(self.metrics)}, and a service can follow {MOST_POLICIES} in all: use fewer"

    def _times(self) -> Iterator[Problem]:
        """Yield times at which the bounds would be out of order, or not be clear."""
        if len(self.schedule) > MOST_ACTIONS:
            yield "schedule", f"has {len(self.schedule)} times, and AWS allows {MOST_ACTIONS}: use fewer"
        seen: dict[str, str] = {}
        for name, time in self.schedule.items():
            bounds = self.from_then(name)
            if bounds.least > bounds.most and self.min <= self.max:
                below = "min" if time.min is not None else "max"
                why = f"the minimum is {bounds.least} from then on, and the maximum {bounds.most}"
                yield f"schedule.{name}.{below}", f"{why}: change one of them, or write both there"
            if time.at in seen:
                yield (
                    f"schedule.{name}.at",
                    f"is the time of schedule.{seen[time.at]} too: write another, or remove one",
                )
            seen[time.at] = name

    def _from_zero(self) -> Iterator[Problem]:
        """Yield a minimum of 0 from which nothing scales out again."""
        least = {"min": self.min} if not self.schedule else {}
        least |= {f"schedule.{name}": self.from_then(name).least for name in self.schedule}
        for key, number in least.items():
            if not number and not self.metrics and not self.backlog and not any(least.values()):
                why = "without tasks there is no CPU, memory, request or response time to measure"
                ways = "scaling.backlog, a metric that exists without tasks as scaling.metrics.NAME"
                or_so = "a time with a minimum as scaling.schedule.NAME; or use 1 or more"
                yield key, f"0 tasks would never become one again: {why}. Add {ways}, or {or_so}"
                return
