"""The model of `services.NAME.health` in `stack.toml`."""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from provisioner.config import validators as values
from provisioner.config.base import Model, Problem
from provisioner.config.loader import shown

LONGEST_START = 300
"""Seconds for which ECS excuses a container's failing check (API reference, HealthCheck, startPeriod)."""
LONGEST_COMMAND = 60
"""Seconds that a container's check may take (API reference, HealthCheck, timeout)."""
LONGEST_GRACE = 2_147_483_647
"""Seconds of the longest grace period (API reference, UpdateService, healthCheckGracePeriodSeconds)."""
SECONDS = "a number of seconds that AWS allows"
CHECKS = "a number of checks that AWS allows"


def _codes(value: str) -> str:
    """Accept only codes that an Application Load Balancer supports, HTTP's or gRPC's (API reference, Matcher)."""
    found = [re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part, re.ASCII) for part in value.split(",")]
    ranges = [(int(one[1]), int(one[2] or one[1])) for one in found if one]
    if len(ranges) < len(found) or not any(
        all(least <= first <= last <= most for first, last in ranges) for least, most in ((200, 499), (0, 99))
    ):
        rule = 'is not a list of HTTP codes from 200 to 499: write it as "200", "200,204" or "200-399"'
        raise ValueError(f"{shown(value)} {rule}")
    return value


def _command(value: object) -> object:
    """Return a command in ECS's form: the container's shell runs a text; a list runs as it is."""
    if isinstance(value, str):
        return ("CMD-SHELL", value) if value.strip() else ()
    if isinstance(value, list) and value and value[0] in ("CMD", "CMD-SHELL"):
        raise ValueError(f'begins with "{value[0]}": leave that out, and write text to have it run by a shell')
    return (("CMD", *value) if value else ()) if isinstance(value, list) else value


def _path(value: str) -> str:
    """Accept only a path that a load balancer can request (ELB API reference, CreateTargetGroup, HealthCheckPath)."""
    if not re.fullmatch(r"/[!\"$-~]{0,1023}", value, re.ASCII):
        raise ValueError(f'{shown(value)} is not a health check path, such as "/health"')
    return value


class Health(Model):
    """`[services.NAME.health]`: the health check of a task by load balancer and ECS. Times in seconds."""

    path: Annotated[str, AfterValidator(_path)] = "/health"
    """The path that the load balancer requests from a public service; with `protocol = "grpc"`, a method, by default
    `/AWS.ALB/healthcheck`, which no service implements."""
    codes: Annotated[str, AfterValidator(_codes)] = "200"
    """HTTP codes of a healthy target, such as `200`, `200,204` or `200-399`; with `protocol = "grpc"`, codes of gRPC,
    0 to 99: by default `0`, and `12` for the default path."""
    command: Annotated[
        tuple[str, ...],
        BeforeValidator(_command, json_schema_input_type=str | tuple[str, ...]),
        values.not_empty("write a program of the image, or remove it"),
    ] = ()
    """A command that ECS runs inside the container: a text by a shell, a list as it is; by default none."""
    interval: Annotated[int, values.between(5, 300, SECONDS)] = 15
    """Seconds between two checks."""
    timeout: Annotated[int, values.between(2, 120, SECONDS)] = 5
    """The most seconds that a check may take."""
    healthy: Annotated[int, values.between(2, 10, CHECKS)] = 2
    """Passed checks in a row that make a target of the load balancer healthy."""
    unhealthy: Annotated[int, values.between(1, 10, CHECKS)] = 3
    """Failed checks in a row that make a task unhealthy."""
    grace: Annotated[int, values.between(0, LONGEST_GRACE, SECONDS)] = 60
    """Seconds after the start of a task in which failed checks do not count."""

    def misplaced(self, *, public: bool) -> Iterator[Problem]:
        """Yield keys of `health` that have no effect on the service, and values that AWS refuses."""
        if not public and not self.command and self.model_fields_set:
            ways = "add public = true, or health.command for a check inside the container, or remove health"
            yield "health", f"nothing asks a service that is not public: {ways}"
            return
        if not public:
            for key in sorted(self.model_fields_set & {"path", "codes", "healthy"}):
                yield f"health.{key}", "is for the load balancer, which a service that is not public lacks: remove it"
        yield from self._target_problems() if public else ()
        yield from self.command_problems(public=public) if self.command else ()

    def _target_problems(self) -> Iterator[Problem]:
        # Application Load Balancer guide, "Health checks for your target groups"
        if self.unhealthy < 2:
            yield "health.unhealthy", f"{self.unhealthy} is too small for a load balancer: use 2 to 10"
        if self.timeout >= self.interval:
            why = f"{self.timeout} is not below health.interval, which is {self.interval}"
            yield "health.timeout", f"{why}, as Elastic Load Balancing demands: change one of them"

    def command_problems(self, *, public: bool) -> Iterator[Problem]:
        """Yield values that ECS refuses for the check inside the container."""
        if self.timeout > LONGEST_COMMAND:
            yield "health.timeout", f"{self.timeout} is too long for health.command: use 2 to {LONGEST_COMMAND}"
        if self.grace > LONGEST_START and not public:
            why = f"{self.grace} is too long where there is no load balancer"
            yield "health.grace", f"{why}: use 0 to {LONGEST_START}"


def short(value: object) -> object:
    """Return the model of the short form, a path alone; return a table as it is."""
    return Health(path=_path(value)) if isinstance(value, str) else value
