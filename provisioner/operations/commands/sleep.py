"""Run `provision sleep`: stop all parts of a stack that run, and delete some of them until it wakes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.config.records import BALANCER
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.events import Notice
from provisioner.operations.context import configuration, connection, standing, stores
from provisioner.operations.overrides import sleep_parts
from provisioner.operations.sizing import database, instances, sleep_texts
from provisioner.operations.sizing.resize import Sizing, nothing, run
from provisioner.operations.sizing.sleep_effects import waking_seconds
from provisioner.operations.sizing.sleep_plan import SleepPlan, check_unprotected, describe_savings, plan_sleep
from provisioner.operations.sizing.waking import declare_waking

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.events import Emit
    from provisioner.operations.context.options import Options
    from provisioner.operations.runs.viewer import Ended, Viewer
    from provisioner.state.store import Store

COMMAND = "sleep"


def sleep(
    options: Options,
    without: Collection[str],
    agree: Callable[[str], None],
    viewer: Viewer,
    *,
    unprotect: bool = False,
) -> Ended:
    """Stop the running parts of a stack: tasks, schedules, container instances, and the database.

    Args:
        without: the parts of the stack to delete until it wakes (`sleep_parts.MEMBERS`).
        agree: takes a sentence on the stopped and deleted parts; raises `Cancelled` if the user does not agree.
        unprotect: delete parts of a protected stack too. It stays protected all the while.

    Raises:
        ConfigurationError: the load balancer to delete is another's.
        PartProtected: the stack is protected, and a part of it would be deleted.
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    config = configuration.load(options, declares=True)
    if BALANCER in without and config.listener:
        raise ConfigurationError(
            f"--{BALANCER}: the load balancer of {config.listener} is not the stack's, and stays: leave the option out"
        )
    aws = standing.connect(options, config)
    with stores.open_store(options, config, aws, COMMAND) as store:
        if not unprotect:
            command = options.command_line(COMMAND, *(f"--{part}" for part in without), "--unprotect")
            check_unprotected(config, store.records, without, command)
        plan = plan_sleep(config, aws, store.records, without)
        for text in sleep_texts.beforehand(plan.config, store.records, without):
            options.report(f"note: {text}")
        saves = describe_savings(plan, aws, store.records, options.directory)
        if plan.changes:
            where = f"{plan.config.name} on {connection.describe_account(plan.config, aws)}"
            with aws.pace.runtime.watching():
                agree(f"{sleep_texts.question(where, plan.removed)}{saves}")
        return run(plan.config, aws, store, _Sleep(store, plan, saves).as_sizing(), viewer)


@dataclass(frozen=True)
class _Sleep:
    """One `sleep` whose state is open.

    Attributes:
        saves: the saving while the stack sleeps, as the end of a sentence.
    """

    store: Store
    plan: SleepPlan
    saves: str

    def as_sizing(self) -> Sizing:
        """Return the changes as a resizing to no tasks."""
        plan, records = self.plan, self.store.records
        return Sizing(
            COMMAND,
            plan.declared,
            plan.after,
            (),
            plan.numbers,
            going=[instances.MINIMUM] if instances.MINIMUM in records else [],
            parts=plan.parts,
            changed=sleep_parts.asleep({**records, **plan.parts}),
            removed=plan.removed,
            removes=instances.wait_until_ended if plan.ends_instances else nothing,
            last=self._finish,
        )

    def _finish(self, aws: Aws, emit: Emit) -> None:
        """Stop the database, and tell the user the duration of waking and the costs of sleeping."""
        config, records = self.plan.config, self.store.records
        if database.STOPPED & records.keys() and sleep_texts.stops_database(config):
            database.stop(aws, emit)
        waking = declare_waking(config, records, replace(self.plan.after, asleep=False), aws.pace.time())
        seconds = waking_seconds(waking, records, self.store.state.history)
        for text in sleep_texts.afterwards(config, records, seconds, without_instances=self.plan.ends_instances):
            emit(Notice(text))
        if self.saves and self.plan.changes:
            emit(Notice(f"sleeping{self.saves}"))
