"""What each step is handed: the configuration, the facts that were read beforehand, and a place to declare in."""

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
    """All that is declared of one stack.

    Attributes:
        config: the whole configuration.
        facts: what had to be read from AWS before anything could be declared.
        given: what steps give to services.
        removal: what the user lets go of that is no longer declared.
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
        """Give a service or a job environment variables; a value may be a reference. Secrets do not belong there.

        Raises:
            ConfigurationError: there is no such service, it has a variable of that name, or this step comes too late.
        """
        what = f'stack.environment("{service}", …)'
        settings = self._workload(service, what)
        self._in_time("task_definitions", what)
        given = self.given.environment.setdefault(service, {})
        for name, value in variables.items():
            check_variable(what, name, value, settings, given)
            given[name] = value

    def allow(self, service: str, *actions: str, on: str | Sequence[str]) -> None:
        """Allow the tasks of a service or job some actions, such as `sqs:SendMessage`, within the roles' boundary.

        Args:
            actions: as IAM names them.
            on: the ARN of the resource, or several; it may be a reference.

        Raises:
            ConfigurationError: there is no such service, one of the actions is none, or this step comes too late.
        """
        what = f'stack.allow("{service}", …)'
        settings = self._workload(service, what)
        self._in_time("roles", what)
        if settings.launch == "ec2" and not self.config.exec_on(service):
            # its security group lets nothing out to AWS otherwise
            self._in_time("security_groups", what)
        resources = [on] if isinstance(on, str) else list(on)
        check_grant(what, actions, resources)
        self.given.grants.append(Grant(self.running, service, tuple(actions), tuple(resources)))

    def endpoint(self, service: str) -> None:
        """Let the private subnets reach a service of AWS by an interface endpoint: there is no way to the internet.

        Args:
            service: how AWS names the endpoint service behind the Region, such as `sqs` or `secretsmanager`.

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
        """Refuse what is given after the step that takes it has run."""
        if taker in self.ended:
            raise ConfigurationError(
                f"{what}: step {self.running} comes after step {taker}, which takes this, because its parameters need "
                f"that one: do it in a step without them"
            )


def _in_vpc(config: Config, facts: Facts) -> Config:
    """Return the configuration with addresses and way out of the VPC that was there before, if one is to be used."""
    if facts.vpc is None:
        return config
    way_out = "nat" if facts.vpc.way_out else "none"
    egress = config.network.egress if config.network.egress == "public" else way_out
    network = config.network.model_copy(update={"cidr": facts.vpc.cidr, "egress": egress})
    return config.model_copy(update={"network": network})


def run(config: Config, facts: Facts, steps: Mapping[str, Callable[..., Any]] = STEPS) -> Stack:
    """Return a stack with all that the steps declare.

    Raises:
        ConfigurationError: a step of the user's own failed: with its file and line.
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
