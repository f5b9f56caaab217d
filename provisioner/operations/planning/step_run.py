"""Run all steps, and gather the resources that they declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.config import exposed, room, store_references
from provisioner.engine.words import names
from provisioner.resources.cloudcontrol.declare import recoverable
from provisioner.steps.stack import Stack, run

if TYPE_CHECKING:
    from provisioner.config.facts import Facts
    from provisioner.config.models import Config


def declare(config: Config, facts: Facts) -> Stack:
    """Run all steps, and return the stack with everything declared.

    It has notices of variables that look like secrets, and of tasks that the instances have no room for.

    Raises:
        ConfigurationError: a step of the user's own failed: with its file and line.
    """
    stack = run(config, facts)
    containers = {config.key(name): container for name, container in config.containers.items()}
    own = (*exposed.warnings(config), *store_references.warnings(containers))
    for text in (*own, *stack.given.warnings(), *room.warnings(config, facts.instance_sizes)):
        stack.notice(text)
    if lost := [address for address, item in stack.declared.items() if not recoverable(item.resource)]:
        stack.notice(f"{names(lost)}: AWS keeps no tags of it, so `recover` cannot find it without the state")
    return stack
