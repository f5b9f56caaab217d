"""What a run is about: all that the steps declare and the state records, or the part that it is limited to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.config import exposed, room
from provisioner.engine.declaration import STEPS, Declared
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning import target as limit
from provisioner.engine.planning.removal import Removal, going
from provisioner.engine.resource_types import current
from provisioner.engine.words import names
from provisioner.operations.context import signals
from provisioner.operations.overrides import expiration, images, sizes, sleep_schedule, wake_order
from provisioner.operations.planning import (
    dns_takeover,
    policy_notices,
    privilege_notices,
    production_notices,
    scaling_notices,
)
from provisioner.operations.prerequisites import image_copies, preflight
from provisioner.resources.cloudcontrol.declare import recoverable
from provisioner.state.model import Record
from provisioner.steps.stack import Stack, run

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.facts import Facts
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options

CAPACITY = "capacity"
"""The step that declares the instances."""


def declare(config: Config, facts: Facts) -> Stack:
    """Run all steps, and return the stack with everything declared.

    It has notices of variables that look like secrets, and of what will find no room.

    Raises:
        ConfigurationError: a step of the user's own failed: with its file and line.
    """
    stack = run(config, facts)
    for text in (*exposed.warnings(config), *stack.given.warnings(), *room.warnings(config, facts.instance_sizes)):
        stack.notice(text)
    if lost := [address for address, item in stack.declared.items() if not recoverable(item.resource)]:
        stack.notice(f"{names(lost)}: AWS keeps no tags of it, so `recover` cannot find it without the state")
    return stack


def declared(
    options: Options,
    config: Config,
    aws: Aws,
    records: Mapping[str, Record],
    on_missing: Callable[[str], None] | None = None,
) -> Stack:
    """Read the facts and return the stack with everything declared.

    Args:
        records: what the state says of what stays as it is until it is to change; nothing, if AWS is to be believed.
        on_missing: is told what the configuration asks for and AWS does not have; None: that is refused.

    Raises:
        ProvisionError: the facts cannot be read, or do not allow what is configured.
    """
    deployed, notes = images.in_effect(config, records)
    with signals.at_once():
        rests = sleep_schedule.asleep_until(config, aws, records)
    sized, resized = sizes.in_effect(config, records, by_schedule=rests)
    config = sizes.applied(images.applied(config, deployed), sized)
    for line in image_copies.hosts(config):
        options.report(line)
    with signals.at_once():
        facts = preflight.gather(aws, config, options.file, records.values(), on_missing, options.command_line)
        pinned, until = images.pinned(deployed, facts), expiration.recorded(records)
        stack = declare(config, replace(facts, deployed=pinned, sizes=sized, expires=until))
    dns_takeover.declare(stack, records, aws.take_over)
    if sized.asleep:
        stack.declared = wake_order.without(stack.declared, records)
    told = (notes, resized, production_notices.notices(stack, records), scaling_notices.notices(stack, records))
    for text in itertools.chain(*told, policy_notices.notices(stack), privilege_notices.notices(stack, records)):
        stack.notice(text)
    return stack


def check_target(target_step: str | None, records: Collection[Record] = ()) -> None:
    """Refuse a step to be limited to that neither this version nor one of the records knows.

    Raises:
        ConfigurationError: with the steps that there are.
    """
    limit.check(target_step, STEPS.keys() | {record.step for record in records if record.step})


def removal(delete: Sequence[str] | None, unprotect: bool, target_step: str | None) -> Removal:
    """Return what the user lets go, from the command line.

    Raises:
        ConfigurationError: the run is limited to a step, so that nothing is deleted.
    """
    if target_step and (option := "--delete" if delete else "--unprotect" if unprotect else ""):
        raise ConfigurationError(f"{option}: with --target-step nothing is deleted: leave one of the two out")
    return Removal(frozenset(map(current, delete or ())), unprotect)


def check_new_ami(config: Config, target_step: str | None, *, new_ami: bool) -> None:
    """Refuse a newer AMI where there are no instances, or where the step that has them is left out.

    Raises:
        ConfigurationError: with the reason.
    """
    if not new_ami:
        return
    if not config.on_instances:
        raise ConfigurationError('--new-ami: no service has launch = "ec2", so there are no instances to replace')
    if target_step and CAPACITY not in limit.step_and_dependencies(STEPS, target_step):
        raise ConfigurationError(
            f"--new-ami: the instances are of step {CAPACITY}, which --target-step {target_step} leaves out"
        )


def scope(
    records: Mapping[str, Record], stack: Stack, target_step: str | None
) -> tuple[Mapping[str, Declared], Sequence[str]]:
    """Return what a run is about: the declared resources, and the addresses that it removes."""
    if target_step is None:
        return stack.declared, going(records, stack.declared, stack.removal)
    return limit.limited(stack.declared, limit.step_and_dependencies(STEPS, target_step)), ()
