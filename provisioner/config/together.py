"""Check the services and jobs of a stack against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from provisioner.config import task_containers
from provisioner.config.base import Problem
from provisioner.config.deployment import alternate
from provisioner.config.jobs import Job
from provisioner.config.loader import shown, suggestion
from provisioner.config.services import Service

WORKLOADS = 500
"""The most services and jobs: each has a role and a security group. An account has 1,000 roles (IAM quotas), a Region
has 2,500 groups (VPC quotas)."""
TARGET_GROUPS = 100
"""The most target groups of an Application Load Balancer (Elastic Load Balancing quotas)."""
OWN_GROUPS = {"alb", "database", "ecs-instance", "endpoints"}
"""Names of the stack's own security groups. A workload's group has the workload's name, which must be different."""


@dataclass(frozen=True)
class Workloads:
    """All services and jobs of a stack, by unique names.

    Attributes:
        stack: the stack's name, with which the names of its resources begin.
    """

    stack: str
    services: Mapping[str, Service]
    jobs: Mapping[str, Job]

    @property
    def all(self) -> Mapping[str, Service | Job]:
        """Services and jobs together."""
        return {**self.services, **self.jobs}

    def key(self, name: str) -> str:
        """Return the dotted key of a service's or a job's table."""
        return f"{'jobs' if name in self.jobs else 'services'}.{name}"


def problems(config: Workloads) -> Iterator[Problem]:
    """Yield numbers beyond quotas, names that are taken, and calls that lead nowhere."""
    if (number := len(config.services) + len(config.jobs)) > WORKLOADS:
        yield "services", f"has {number} with the jobs, and AWS's quotas allow {WORKLOADS}: split the stack"
    groups = sum(service.public + service.deployment.shifts for service in config.services.values())
    if groups > TARGET_GROUPS:
        why = f"but a load balancer allows {TARGET_GROUPS}: use fewer"
        yield "services", f"has public services that need {groups} target groups, {why}"
    for name in config.jobs:
        if name in config.services:
            yield f"jobs.{name}", f"is the name of services.{name} too, and they would share names on AWS: use another"
    for name in config.all:
        yield from _workload(config, name)
    yield from _lengths(config)
    yield from _circles(config)


def _workload(config: Workloads, name: str) -> Iterator[Problem]:
    key, workload = config.key(name), config.all[name]
    if name in OWN_GROUPS:
        yield key, "is the name of a security group of the stack itself: use another name"
    if (base := workload.extends) and base not in config.services:
        what = "which is a job: extend a service" if base in config.jobs else ""
        yield f"{key}.extends", f"there is no service {shown(base)}{what or suggestion(base, config.services)}"
    for below, text in task_containers.problems(name, workload):
        yield f"{key}.{below}", text
    for callee in workload.calls:
        if callee == name:
            yield f"{key}.calls", "a service cannot call itself: remove its own name"
        elif callee not in config.services:
            yield f"{key}.calls", f"there is no service {shown(callee)}{suggestion(callee, config.services)}"
        elif config.services[callee].entry is None:
            yield f"{key}.calls", f"services.{callee} has no port to connect to: add one there, or remove the call"
        elif (strategy := config.services[callee].deployment.strategy) != "rolling":
            # a caller inside the VPC reaches all tasks in turn, regardless of the load balancer's weights
            why = f'"{strategy}" shifts no calls from inside: new tasks would get them of {key} at once'
            yield f"services.{callee}.deployment", f"{why}. Use rolling, or have {key} call its public name"


def _lengths(config: Workloads) -> Iterator[Problem]:
    # Elastic Load Balancing has the shortest names. A project too long for it is reported once, not at each service.
    parts = {config.key(name): name for name in config.all}
    parts |= {config.key(n): alternate(n) for n, service in config.services.items() if service.deployment.shifts}
    names = {"project": "alb"} if len(config.stack) > 28 else parts
    for key, part in names.items():
        full = f"{config.stack}-{part}"
        if (excess := len(full) - 32) > 0:
            yield key, f"{full} has {len(full)} characters and AWS allows 32: shorten one of its parts by {excess}"


def on_trial(service: str) -> str:
    """Return the name of the rule at a service's test port, with a capital letter too."""
    return f"{service}-T"


def in_clear(service: str) -> str:
    """Return the name of a service's rule of the HTTP listener, with a capital letter too."""
    return f"{service}-H"


def for_any(service: str) -> str:
    """Return the name of a service's rule for all names below the domain, with a capital letter too."""
    return f"{service}-W"


def _circles(config: Workloads) -> Iterator[Problem]:
    # A group's rules name the groups of its callers, so the callers' groups are created first.
    try:
        TopologicalSorter({name: service.calls for name, service in config.services.items()}).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        if len(set(circle)) > 1:
            path = " calls ".join(circle)
            yield (
                f"services.{circle[0]}.calls",
                f"is part of a cycle ({path}), but the caller's security group is created first: remove one call",
            )
