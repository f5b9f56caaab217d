"""Check the services and jobs of a stack against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.config import queues, short_names, task_containers, topics
from provisioner.config.base import Problem
from provisioner.config.buckets import variable
from provisioner.config.call_variables import call_variables
from provisioner.config.database_engines import DatabaseEngine
from provisioner.config.deployment import alternate
from provisioner.config.jobs import Job
from provisioner.config.loader import shown, suggestion
from provisioner.config.services import Service
from provisioner.config.workload import DATABASE_VARIABLES

WORKLOADS = 500
"""The most services and jobs: each has a role and a security group. An account has 1,000 roles (IAM quotas), a Region
has 2,500 groups (VPC quotas)."""
TARGET_GROUPS = 100
"""The most target groups of an Application Load Balancer (Elastic Load Balancing quotas)."""
OWN_GROUPS = {"alb", "database", "database-clients", "ecs-instance", "endpoints"}
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

    def variables(self, name: str) -> list[str]:
        """Return the names of the environment variables and secrets that the stack itself gives a workload."""
        workload = self.all[name]
        own = DATABASE_VARIABLES if workload.database else ()
        stores = (*map(variable, workload.buckets), *map(queues.variable, workload.queues))
        return [*self.addresses(name), *own, *stores, *map(topics.variable, workload.topics)]

    def addresses(self, name: str) -> list[str]:
        """Return the names of the variables with the addresses of the services that a workload calls."""
        callees = {one: self.services[one].scheme for one in self.all[name].calls if one in self.services}
        return [variable for callee, scheme in callees.items() for variable in call_variables(callee, scheme)]

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


def _workload(config: Workloads, name: str) -> Iterator[Problem]:
    key, workload = config.key(name), config.all[name]
    if name in OWN_GROUPS:
        yield key, "is the name of a security group of the stack itself: use another name"
    if (base := workload.extends) and base not in config.services:
        what = "which is a job: extend a service" if base in config.jobs else ""
        yield f"{key}.extends", f"there is no service {shown(base)}{what or suggestion(base, config.services)}"
    for below, text in task_containers.problems(name, workload):
        yield f"{key}.{below}", text
    yield from _taken(config, name)
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


def _taken(config: Workloads, name: str) -> Iterator[Problem]:
    """Yield queues whose variable is that of a called service too: `work` and a service `work-queue`."""
    addresses = config.addresses(name)
    for queue in config.all[name].queues:
        if (variable_of := queues.variable(queue)) in addresses:
            taken = f"{variable_of} is the address of a service that it calls too"
            yield f"{config.key(name)}.queues.{queue}", f"{taken}: rename the queue or the service"


def _lengths(config: Workloads) -> Iterator[Problem]:
    # Elastic Load Balancing has the shortest names, and a shortened one still begins with the stack's. A project that
    # is too long is reported once, not at each service.
    public = any(service.public for service in config.services.values())
    if public and (text := _too_long(f"{config.stack}-alb")):
        yield "project", text
        return
    if (excess := len(config.stack) - short_names.STACK) > 0:
        full, most = config.stack, f"and names of roles have room for {short_names.STACK} of them"
        yield "project", f"{full} has {len(full)} characters, {most}: shorten one of its parts by {excess}"
        return
    for name in config.all:
        if len(name) > short_names.LABEL:
            most = f"and a name in DNS has at most {short_names.LABEL}"
            yield config.key(name), f"has {len(name)} characters, {most}: use a shorter name"
    if public and len(config.stack) > short_names.room(short_names.TARGET_GROUP):
        yield from _target_groups(config)


def _target_groups(config: Workloads) -> Iterator[Problem]:
    """Yield public services with a name that is too long and cannot be shortened, as the stack's own is long."""
    for name, service in config.services.items():
        part = alternate(name) if service.deployment.shifts else name
        if service.public and (text := _too_long(f"{config.stack}-{part}")):
            yield config.key(name), text


def _too_long(name: str) -> str:
    """Return the error of a load balancer's or target group's name that is too long; empty if it fits."""
    length, most = len(name), short_names.TARGET_GROUP
    if length <= most:
        return ""
    return f"{name} has {length} characters and AWS allows {most}: shorten one of its parts by {length - most}"


def database_users(config: Workloads, engine: DatabaseEngine) -> Iterator[Problem]:
    """Yield workloads whose names make the names of their database users too long, if IAM signs them in."""
    for name, workload in config.all.items():
        user = f"{config.stack}-{name}"
        if workload.database and (excess := len(user) - engine.longest_user) > 0:
            what = f"signs in to the database as {user}, and {engine.product} allows {engine.longest_user} characters"
            yield config.key(name), f"{what}: shorten one of its parts by {excess}"


def on_trial(service: str) -> str:
    """Return the name of the rule at a service's test port, with a capital letter too."""
    return f"{service}-T"


def in_clear(service: str) -> str:
    """Return the name of a service's rule of the HTTP listener, with a capital letter too."""
    return f"{service}-H"


def without_listener(rule: str) -> str:
    """Return the name of a rule without its listener: a rule has the same priority at all listeners."""
    return rule.removesuffix("-T").removesuffix("-H")


def for_open(rule: str) -> str:
    """Return the name of the rule for paths of a service without its sign-in, with a capital letter too."""
    return f"{rule}-O"


def for_any(service: str) -> str:
    """Return the name of a service's rule for all names below the domain, with a capital letter too."""
    return f"{service}-W"
