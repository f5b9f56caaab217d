"""The rules at an existing listener, which others use too: one for each public service."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner import Stack
from provisioner.config.facts import ExistingListener
from provisioner.resources.elbv2.actions import Action, forward, forward_by_ecs
from provisioner.resources.elbv2.listeners import ListenerRule
from provisioner.steps.routes import Routes
from provisioner.steps.rules import rules
from provisioner.steps.shared_priorities import shared_priorities


def shared_routes(
    stack: Stack, listener: ExistingListener, groups: Mapping[str, str], seconds: Mapping[str, str]
) -> Routes:
    """Declare a rule for each public service; the listener itself and the rules of others stay as they are.

    Args:
        groups: by public service, the ARN of its target group.
        seconds: by service whose traffic ECS shifts, the ARN of its second target group.

    Raises:
        ConfigurationError: a rule of others takes the same requests, or leaves no place for a rule of the stack.
    """
    found = Routes({}, {})
    wanted = rules(stack.config, without=None)
    for name, priority in shared_priorities(listener, wanted, stack.facts.priorities).items():
        rule, by_ecs = wanted[name], wanted[name].service in seconds
        group = groups[rule.service]
        to: Action = forward_by_ecs(group, seconds[rule.service]) if by_ecs else forward(group)
        made = ListenerRule(name, listener.arn, priority, rule.conditions, [to], by_ecs, transforms=rule.transforms)
        found.routes[rule.service] = stack.ensure(made)
    return found
