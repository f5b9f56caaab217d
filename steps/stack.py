"""The object that each step receives: the configuration, the facts read beforehand, and the declarations so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.config.loader import suggestion
from provisioner.engine import own_code
from provisioner.engine.declaration import STEPS, Declarations
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.removal import Removal
from provisioner.steps.given import Given, Grant, check_grant, check_variable

if TYPE_CHECKING:
    from provisioner.config.facts import Facts
    from provisioner.config.jobs import Job
    from provisioner.config.models import Config
    from provisioner.config.services import Service


@dataclass
class Stack(Declarations):
    """All declarations of one stack.

    Attributes:
        config: the whole configuration.
        facts: the values read from AWS before anything is declared.
        given: the variables, grants and endpoints that steps give to services.
        removal: the deletions that the user allows in addition to `up`'s own.
    """

    config: Config
    facts: Facts
    given: Given = field(default_factory=Given, kw_only=True)
    removal: Removal = field(default_factory=Removal, kw_only=True)

    @property
    def name(self) -> str:
        """The prefix of every name: `<project>-<env>`."""
        return self.config.name

    def environment(self, service: str, /, **variables: str) -> None:
        """Give a service or a job environment variables; a value may be a reference. Do not use it for secrets.

        Raises:
            ConfigurationError: there is no such service, it already has such a variable, or this step comes too late.
        """
        what = f'stack.environment("{service}", …)'
        settings = self._workload(service, what)
        self._in_time("task_definitions", what)
        given = self.given.environment.setdefault(service, {})
        for name, value in variables.items():
            check_variable(what, name, value, settings, self.config.variables_of(service), given)
            given[name] = value

    def allow(self, service: str, *actions: str, on: str | Sequence[str]) -> None:
        """Allow the tasks of a service or job some actions, such as `sqs:SendMessage`, within the roles' boundary.

        Args:
            actions: as IAM names them.
            on: the ARN of the resource, or several; it may be a reference.

        Raises:
            ConfigurationError: there is no such service, an action is invalid, or this step comes too late.
        """
        what = f'stack.allow("{service}", …)'
        settings = self._workload(service, what)
        self._in_time("roles", what)
        if settings.launch == "ec2" and not self.config.exec_on(service):
            # its security group gets a rule towards AWS only for tasks that call AWS
            self._in_time("security_groups", what)
        resources = [on] if isinstance(on, str) else list(on)
        check_grant(what, actions, resources)
        self.given.grants.append(Grant(self.running, service, tuple(actions), tuple(resources)))

    def endpoint(self, service: str) -> None:
        """Let private subnets without internet access reach a service of AWS through an interface endpoint.

        Args:
            service: the endpoint service's name after the Region, such as `sqs` or `secretsmanager`.

        Raises:
            ConfigurationError: this step comes too late.
        """
        self._in_time("endpoints", f'stack.endpoint("{service}")')
        self.given.endpoints.setdefault(service, None)

    def _workload(self, name: str, what: str) -> Service | Job:
        workloads = self.config.workloads
        if name not in workloads:
            raise ConfigurationError(f"{what}: there is no such service{suggestion(name, workloads)}")
        return workloads[name]

    def _in_time(self, taker: str, what: str) -> None:
        """Refuse a variable, grant or endpoint that is given after the step `taker`, which uses it, has run."""
        if taker in self.ended:
            raise ConfigurationError(
                f"{what}: step {self.running} comes after step {taker}, which takes this, because its parameters need "
                f"that one: do it in a step without them"
            )


def _in_vpc(config: Config, facts: Facts) -> Config:
    """Return the configuration with the addresses and the way out of the existing VPC, if it uses one."""
    if facts.vpc is None:
        return config
    way_out = "nat" if facts.vpc.way_out else "none"
    egress = config.network.egress if config.network.egress == "public" else way_out
    network = config.network.model_copy(update={"cidr": facts.vpc.cidr, "egress": egress})
    return config.model_copy(update={"network": network})


def run(config: Config, facts: Facts, steps: Mapping[str, Callable[..., Any]] = STEPS) -> Stack:
    """Return a stack with everything that the steps declare.

    Raises:
        ConfigurationError: one of the user's own steps failed; the message has its file and line.
    """
    stack = Stack(_in_vpc(config, facts), facts)
    try:
        stack.run(steps)
    except Exception as error:
        function = STEPS.get(stack.running)
        if function is None or not own_code.is_own(function):
            raise
        raise own_code.blamed(error, f"step {stack.running}", own_code.line_of(function)) from error
    return stack
