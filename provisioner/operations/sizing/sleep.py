"""The work of `provision sleep` and `wake`: a whole stack of which nothing runs, and that runs again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Declared
from provisioner.engine.events import Notice
from provisioner.engine.words import names
from provisioner.operations import configuration, connecting, stores
from provisioner.operations.billed import billed
from provisioner.operations.sizing import database, sizes
from provisioner.operations.sizing.quiet import quieted
from provisioner.operations.sizing.run import Sizing, nothing, run
from provisioner.operations.sizing.scope import numbers, sized
from provisioner.resources.autoscaling import AutoScalingGroup, MinimumSize
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.sizes import SleepingStack
from provisioner.resources.rds.database import DbCluster, DbInstance

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.events import Emit
    from provisioner.operations.commands import Ended, Viewer
    from provisioner.operations.options import Options
    from provisioner.state.model import Record

SLEEP, WAKE = "sleep", "wake"
MINIMUM = f"{MinimumSize.type_name}/main"
GROUP, CLUSTER = f"{AutoScalingGroup.type_name}/main", f"{DbCluster.type_name}/main"
SLEEPS = frozenset(one.type_name for one in (AutoScalingGroup, DbCluster, DbInstance, Service))
"""What costs little or nothing while a stack sleeps: of the database its storage."""


def sleep(options: Options, agree: Callable[[str], None], viewer: Viewer) -> Ended:
    """Stop everything of a stack that runs: tasks, schedules, container instances, and the database.

    Args:
        agree: is handed what will stop; raises `Cancelled` if the user does not want that.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    aws = connecting.connect(options, config)
    with stores.open_store(options, config, aws, SLEEP) as store:
        config, before = sizes.held(config, store.records)
        after = replace(before, asleep=True)
        chosen = sizes.pausables(config)
        declared = {**sized(config, store.records, after, chosen), **quieted(config, store.records, after, chosen)}
        if not before.asleep:
            with aws.pace.runtime.watching():
                agree(f"`sleep` stops all of {config.name} on {connecting.describe_account(config, aws)}")

        def stop_the_rest(aws: Aws, emit: Emit) -> None:
            if CLUSTER in store.records and _stops_database(config):
                database.stop(aws, emit)
            for text in _after_sleep(config, store.records):
                emit(Notice(text))

        sizing = Sizing(
            SLEEP,
            declared,
            after,
            (),
            numbers(config, after, chosen),
            going=[MINIMUM] if MINIMUM in store.records else [],
            last=stop_the_rest,
        )
        return run(config, aws, store, sizing, viewer)


def wake(options: Options, viewer: Viewer) -> Ended:
    """Start a stack again that sleeps, and wait until it serves: first the database, then all that is not paused.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    aws = connecting.connect(options, config)
    with stores.open_store(options, config, aws, WAKE) as store:
        config, before = sizes.held(config, store.records)
        after = replace(before, asleep=False)
        chosen = sizes.pausables(config)
        declared = {
            **_minimum(config, store.records),
            **sized(config, store.records, after, chosen),
            **quieted(config, store.records, after, chosen),
        }
        sizing = Sizing(
            WAKE,
            declared,
            after,
            [f"{SleepingStack.type_name}/main"],
            numbers(config, after, chosen),
            first=database.start if CLUSTER in store.records else nothing,
        )
        return run(config, aws, store, sizing, viewer)


def _stops_database(config: Config) -> bool:
    """Whether the database does not pause by itself when nobody uses it."""
    return config.database is not None and config.database.min_acu > 0


def _minimum(config: Config, records: Mapping[str, Record]) -> dict[str, Declared]:
    """Return the declaration of the number of instances that there are at the least, as `up` makes it."""
    group = records.get(GROUP)
    if group is None or group.id is None or not config.capacity.min:
        return {}
    minimum = MinimumSize("main", group.id, config.capacity.min)
    built_on = [GROUP, *(address for address in records if address.startswith("running_tasks/"))]
    return {MINIMUM: Declared(minimum, (), "minimum", recorded=tuple(built_on))}


def _after_sleep(config: Config, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield what the user has to know of a stack that sleeps from now on."""
    if GROUP in records:
        yield "ECS ends the container instances, which have no tasks any more, in some 15 to 20 minutes"
    if _stops_database(config):
        yield "the database is stopped: AWS starts it again after 7 days"
    elif config.database is not None:
        yield "the database pauses by itself, some minutes after its last connection was closed"
    left = [address for address in billed(records.values()) if records[address].type not in SLEEPS]
    if left:
        yield f"AWS goes on charging by the hour for {names(left)}"
