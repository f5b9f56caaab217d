"""Declare the stack of a command: the configuration with its overrides, the facts, and all steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.operations.context import signals
from provisioner.operations.overrides import expiration, images, private_names, sizes, sleep_schedule, wake_order
from provisioner.operations.planning import dns_takeover
from provisioner.operations.planning.notices import find_notices
from provisioner.operations.planning.step_run import declare
from provisioner.operations.prerequisites import database_engine, image_copies, preflight

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack


def declare_stack(
    options: Options,
    config: Config,
    aws: Aws,
    records: Mapping[str, Record],
    on_missing: Callable[[str], None] | None = None,
    on_missing_secret: Callable[[str], None] | None = None,
    deploying: Collection[str] = (),
) -> Stack:
    """Read the facts, and return the stack with all its resources declared.

    Args:
        records: the state's records, from which overrides and unchanged facts are read; empty to believe AWS alone.
        on_missing: takes a sentence on each configured thing that AWS does not have; None: refuse it.
        on_missing_secret: takes a sentence on each secret that AWS does not have; None: as `on_missing`.
        deploying: the services and jobs whose recorded image is the one that this command deploys.

    Raises:
        ProvisionError: the facts cannot be read, or do not allow the configuration.
    """
    deployed, image_notes = images.in_effect(config, records, aws.pace.time(), deploying)
    with signals.at_once():
        asleep_until = sleep_schedule.asleep_until(config, aws, records)
    sized, size_notes = sizes.in_effect(config, records, by_schedule=asleep_until)
    config, kept_names = private_names.kept(sizes.applied(images.applied(config, deployed), sized), records)
    for line in image_copies.hosts(config):
        options.report(line)
    with signals.at_once():
        database_engine.check(aws, config, records.values())
        facts = preflight.gather(
            aws, config, options.file, records.values(), on_missing, options.command_line, on_missing_secret
        )
        pinned, until = images.pinned(deployed, facts), expiration.recorded(records)
        stack = declare(config, replace(facts, deployed=pinned, sizes=sized, expires=until, now=aws.pace.time()))
    dns_takeover.declare(stack, records, aws.take_over)
    if sized.asleep:
        stack.declared = wake_order.without(stack.declared, records)
    for text in (*image_notes, *size_notes, *kept_names, *find_notices(stack, records)):
        stack.notice(text)
    return stack
