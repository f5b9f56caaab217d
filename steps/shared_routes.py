"""The rules at an existing listener, which others use too: one for each public service."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner import Stack
from provisioner.config.facts import ExistingListener
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.elbv2.actions import Action, forward, forward_by_ecs
from provisioner.resources.elbv2.listeners import ListenerRule
from provisioner.steps.routes import Routes
from provisioner.steps.rules import rules
from provisioner.steps.service_secrets import ServiceSecrets
from provisioner.steps.shared_priorities import shared_priorities
from provisioner.steps.sign_in import notice_callbacks, sign_in_of


def shared_routes(
    stack: Stack,
    listener: ExistingListener,
    groups: Mapping[str, str],
    seconds: Mapping[str, str],
    secrets: ServiceSecrets,
) -> Routes:
    """Declare a rule for each public service; the listener itself and the rules of others stay as they are.

    Args:
        groups: by public service, the ARN of its target group.
        seconds: by service whose traffic ECS shifts, the ARN of its second target group.
        secrets: where the client secrets of sign-ins are kept.

    Raises:
        ConfigurationError: a rule of others takes the same requests, or leaves no place for a rule of the stack; or
            users would sign in at a listener of HTTP.
    """
    found = Routes({}, {})
    signing = next((name for name, service in stack.config.public.items() if service.sign_in), None)
    if signing and listener.protocol != "HTTPS":
        what = f"load_balancer.listener is {listener.arn}, a listener of {listener.protocol}"
        raise ConfigurationError(f"services.{signing}.sign_in needs HTTPS, and {what}: name one of HTTPS")
    wanted = rules(stack.config, without=None)
    for name, priority in shared_priorities(listener, wanted, stack.facts.priorities).items():
        rule, by_ecs = wanted[name], wanted[name].service in seconds
        group = groups[rule.service]
        to: Action = forward_by_ecs(group, seconds[rule.service]) if by_ecs else forward(group)
        signed = {} if rule.open else sign_in_of(stack, secrets, rule.service)
        made = ListenerRule(
            name, listener.arn, priority, rule.conditions, [to], by_ecs, transforms=rule.transforms, **signed
        )
        route = stack.ensure(made)
        if not rule.open:
            found.routes[rule.service] = route
    notice_callbacks(stack, listener.dns_name)
    if signing:
        stack.notice(
            f"the load balancer of {listener.arn} asks the provider itself: its security groups, which are its "
            "owner's, have to let it out to port 443"
        )
    return found
