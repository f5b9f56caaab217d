"""Environment variables, permissions and endpoints of AWS services that steps give to services."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.config import validators
from provisioner.config.secret_values import looks_secret
from provisioner.config.workload import Workload
from provisioner.engine.errors import ConfigurationError

ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*]+")


@dataclass(frozen=True)
class Grant:
    """Actions that a service's tasks are allowed on resources; the resources' ARNs may be references."""

    step: str
    service: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    @property
    def policy_name(self) -> str:
        """The name of the role's inline policy; it changes with the policy's content.

        During a deployment the old policy stays beside the new one, until the old tasks have stopped.
        """
        content = repr((self.actions, self.resources)).encode()
        return f"{self.step}-{hashlib.sha256(content).hexdigest()[:8]}"

    @property
    def statement(self) -> dict[str, object]:
        """The grant as a statement in IAM's JSON."""
        return {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}


@dataclass
class Given:
    """The variables, grants and endpoints that steps have given so far.

    Attributes:
        environment: the variables by service.
        grants: the actions allowed to tasks.
        endpoints: the endpoint services, in the order of the requests.
    """

    environment: dict[str, dict[str, str]] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    endpoints: dict[str, None] = field(default_factory=dict)

    def of(self, service: str) -> list[Grant]:
        """Return the grants for the tasks of a service."""
        return [grant for grant in self.grants if grant.service == service]

    def warnings(self) -> Iterator[str]:
        """Yield a warning for each variable that looks like a secret, without its value."""
        for service, variables in self.environment.items():
            for name, value in variables.items():
                if why := looks_secret(name, value):
                    yield (
                        f"{name}, which a step gives to service {service}, looks like a secret, by its {why}: anybody "
                        f"with ecs:DescribeTaskDefinition can read it. Give the "
                        f"ARN of a secret, and allow the service to read it"
                    )


def check_variable(
    what: str, name: str, value: object, workload: Workload, own: Collection[str], given: Mapping[str, str]
) -> None:
    """Refuse an invalid variable, or a name that the service already uses.

    Args:
        own: the names of the variables that the stack itself gives the service.
        given: the variables that steps have given it.

    Raises:
        ConfigurationError: the variable is refused; the message gives the reason.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{what}: the value of {name} is a {type(value).__name__}: give text")
    try:
        validators.environment({name: value})
    except ValueError as error:
        raise ConfigurationError(f"{what}: {error}") from None
    if name in {"PORT", *own}:
        raise ConfigurationError(f"{what}: {name} is set by the stack itself: use another name")
    if name in workload.environment:
        raise ConfigurationError(f"{what}: the configuration sets {name} for this service too: remove one of the two")
    if name in workload.secrets:
        raise ConfigurationError(f"{what}: {name} is a secret of this service: use another name")
    if name in given:
        raise ConfigurationError(f"{what}: {name} was given before: use another name")


def check_grant(what: str, actions: Sequence[str], resources: Sequence[str]) -> None:
    """Refuse an invalid grant.

    Raises:
        ConfigurationError: an action is invalid, or there is no action or no resource.
    """
    if wrong := [one for one in actions if not ACTION.fullmatch(one)]:
        raise ConfigurationError(f'{what}: "{wrong[0]}" is not an action of IAM: write one such as "sqs:SendMessage"')
    if not actions or not resources:
        raise ConfigurationError(f'{what}: name actions and their resources, such as "sqs:SendMessage", on=queue.arn')
