"""Run `provision wake`: start a stack that sleeps, and make its deleted parts again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from provisioner.config.records import PART, PAUSED
from provisioner.engine.events import Notice
from provisioner.operations.context import configuration, standing, stores
from provisioner.operations.overrides import sizes, sleep_parts
from provisioner.operations.sizing import database, sleep_texts
from provisioner.operations.sizing.counts import restore_counts, tell_suspended
from provisioner.operations.sizing.resize import Sizing, nothing, run
from provisioner.operations.sizing.scope import numbers
from provisioner.operations.sizing.waking import check_up, declare_waking
from provisioner.resources.ecs.sizes import SleepingStack

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes
    from provisioner.engine.events import Emit
    from provisioner.operations.context.options import Options
    from provisioner.operations.runs.viewer import Ended, Viewer
    from provisioner.state.store import Store

COMMAND = "wake"


def wake(options: Options, viewer: Viewer) -> Ended:
    """Start a stack that sleeps, and wait until it serves: first the database, then all services that are not paused.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    config = configuration.load(options, declares=True)
    aws = standing.connect(options, config)
    with stores.open_store(options, config, aws, COMMAND) as store:
        check_up(config, aws, store)
        config, before = sizes.held(config, store.records)
        return run(
            config, aws, store, _Wake(config, store, _find_parts(store), aws.pace.time()).as_sizing(before), viewer
        )


def _find_parts(store: Store) -> list[str]:
    """Return the parts that sleeping has deleted."""
    return [part for part, _ in sleep_parts.recorded(store.records)]


@dataclass(frozen=True)
class _Wake:
    """One `wake` whose state is open.

    Attributes:
        parts: the parts of the stack that are made again.
        now: seconds since the epoch.
    """

    config: Config
    store: Store
    parts: Sequence[str]
    now: float

    def as_sizing(self, before: Sizes) -> Sizing:
        """Return the changes as a resizing to the numbers of tasks in effect."""
        after, records = replace(before, asleep=False, slept={}), self.store.records
        return Sizing(
            COMMAND,
            declare_waking(self.config, records, after, self.now),
            after,
            [f"{SleepingStack.type_name}/main"],
            numbers(self.config, after, sizes.there(self.config, records), self.now),
            first=database.start if database.STOPPED & records.keys() else nothing,
            then=partial(self._end_sleep, before.slept),
            last=self._tell,
        )

    def _end_sleep(self, slept: Mapping[str, int], aws: Aws) -> None:
        """Forget the deleted parts, which are there again, and give services the numbers of tasks that ran before.

        Args:
            slept: the number of tasks before the sleep, by service.
        """
        for part in self.parts:
            self.store.drop(f"{PART}/{part}")
        awake = {name: tasks for name, tasks in slept.items() if f"{PAUSED}/{name}" not in self.store.records}
        restore_counts(self.config, self.store.records, awake, aws)

    def _tell(self, aws: Aws, emit: Emit) -> None:
        tell_suspended(self.config, aws, emit)
        for text in sleep_texts.awake(self.config, self.store.records, self.parts, aws.pace.time()):
            emit(Notice(text))
