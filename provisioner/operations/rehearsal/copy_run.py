"""Run `up` or `down` on the copy of a stack, and watch the services meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ecs_emulator import control
from provisioner.config.protocols import path
from provisioner.engine.errors import Interrupted, Protected, ProvisionError
from provisioner.engine.planning.refusals import PlanRefused
from provisioner.operations.rehearsal.copy_plan import declare_on_copy
from provisioner.operations.rehearsal.outage import PredictedOutage
from provisioner.operations.rehearsal.outcome import RehearsedRun, problems
from provisioner.operations.rehearsal.temporary_cloud import run_interruptibly
from provisioner.operations.runs import apply, destroy

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.operations.rehearsal.options import RehearsalOptions
    from provisioner.operations.rehearsal.stack_copy import StackCopy
    from provisioner.operations.runs.summary import Summary
    from provisioner.state.store import Store

AFTERWARDS = 600.0
"""Seconds after the run in which a service may come up again."""


def run_on_copy(copy: StackCopy, request: RehearsalOptions, durations: str) -> RehearsedRun:
    """Run the command on the copy, and watch the services meanwhile."""
    copy.report(f"rehearsing {request.command} with {durations} durations")
    cloud = copy.temporary.cloud
    public = copy.config.public
    # without hosts a path has the same owner under every name
    hosts = {name: copy.config.hosts.get(name, (copy.config.fqdn,)) if copy.config.hosts else ("",) for name in public}
    owners = {
        f"{host}{path}": name for name, service in public.items() for host in hosts[name] for path in service.path
    }
    control.watch(
        cloud,
        {name: path(service.protocol, service.health) for name, service in public.items()},
        owners if request.command == "up" else {},
    )
    if request.fails:
        control.exit_at_once(cloud, request.fails)
    before = len(control.calls(cloud))
    with copy.temporary.connected() as aws:
        try:
            with copy.temporary.state(aws, request.command) as store:
                outcome = _run_command(copy, aws, store, request)
        except Interrupted:
            raise
        except ProvisionError as error:
            return RehearsedRun(durations, problems=problems(error), refused=True)
        started = aws.pace.now() - outcome.seconds
        calls = control.calls(cloud)[before:]
    control.pass_time(cloud, AFTERWARDS, durations)
    return RehearsedRun(
        durations,
        outcome.seconds,
        outcome.counts,
        outcome.path,
        [*problems(outcome.error), *(f"not deleted: {left.type_name} {left.id}" for left in outcome.leftovers)],
        isinstance(outcome.error, (PlanRefused, Protected)),
        _read_outages(copy, started, request.command),
        len(calls),
        sum(call["write"] for call in calls),
    )


def _run_command(copy: StackCopy, aws: Aws, store: Store, request: RehearsalOptions) -> Summary:
    step = request.target_step
    if request.command == "down":
        unprotect, configured, redis = request.unprotect, copy.config.protect, copy.config.redis is not None
        return run_interruptibly(
            aws,
            lambda emit: destroy.down(aws, store, emit, step, unprotect=unprotect, configured=configured, redis=redis),
        )
    aws = replace(aws, new_ami=request.new_ami)
    stack = declare_on_copy(copy, aws, store, request)
    copy.notes += stack.notices
    return run_interruptibly(aws, lambda emit: apply.up(aws, store, stack, emit, step))


def _read_outages(copy: StackCopy, started: float, command: str) -> list[PredictedOutage]:
    """Return the outages of the run; a service that `up` deletes, since it is no longer declared, has none."""
    found = control.outages(copy.temporary.cloud)
    found = [one for one in found if command == "down" or not one["removed"]]
    return [
        PredictedOutage(
            one["service"],
            round(one["since"] - started, 2),
            None if one["until"] is None else round(one["until"] - started, 2),
            one["why"],
            one["url"],
        )
        for one in found
    ]
