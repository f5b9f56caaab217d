"""The work of `provision sleep` and `wake`: a whole stack of which nothing runs, and that runs again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.config.facts import BALANCER, ENDPOINTS, NAT, PART
from provisioner.cost import estimate
from provisioner.engine.declaration import Declared
from provisioner.engine.events import Notice
from provisioner.engine.words import count
from provisioner.operations.context import configuration, connection, stores
from provisioner.operations.impact import costs
from provisioner.operations.overrides import sizes, sleep_parts, wake_order
from provisioner.operations.sizing import database, sleep_effects, sleep_texts
from provisioner.operations.sizing import sleep_effects as sizing_sleep_effects
from provisioner.operations.sizing.alarms import quieted
from provisioner.operations.sizing.balancer import as_led
from provisioner.operations.sizing.resize import Sizing, nothing, run
from provisioner.operations.sizing.scope import numbers, sized
from provisioner.operations.sizing.waiting import wait
from provisioner.resources.autoscaling import AutoScalingGroup, MinimumSize
from provisioner.resources.ecs.cluster import container_instances, own_clusters
from provisioner.resources.ecs.sizes import SleepingStack
from provisioner.resources.rds.database import DbCluster

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.facts import Sizes
    from provisioner.config.models import Config
    from provisioner.engine.events import Emit
    from provisioner.operations.context.options import Options
    from provisioner.operations.runs.viewer import Ended, Viewer
    from provisioner.state.model import Record

SLEEP, WAKE = "sleep", "wake"
MINIMUM = f"{MinimumSize.type_name}/main"
GROUP, CLUSTER = f"{AutoScalingGroup.type_name}/main", f"{DbCluster.type_name}/main"
INSTANCES_TIMEOUT, LOOK_SECONDS = 3600.0, 15.0
"""Seconds that ECS may take to end the instances that have no tasks any more, and between two looks."""


def sleep(options: Options, without: Collection[str], agree: Callable[[str], None], viewer: Viewer) -> Ended:
    """Stop everything of a stack that runs: tasks, schedules, container instances, and the database.

    Args:
        without: the parts of the stack that are deleted until it wakes (`parts.MEMBERS`).
        agree: is handed what will stop and go; raises `Cancelled` if the user does not want that.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    aws = connection.connect(options, config)
    with stores.open_store(options, config, aws, SLEEP) as store:
        config, before = sizes.held(config, store.records)
        after = replace(before, asleep=True)
        chosen = sizes.pausables(config)
        declared = {**sized(config, store.records, after, chosen), **quieted(config, store.records, after, chosen)}
        there = {one for one in without if sleep_parts.going(store.records, one)}
        # what an earlier run was asked to delete is gone on with
        wanted = [one for one in sleep_parts.MEMBERS if one in {*there, *dict(sleep_parts.recorded(store.records))}]
        led = as_led(aws, store.records) if BALANCER in wanted else store.records
        remembered = sleep_parts.remembered(led, wanted)
        removed = sleep_effects.split(store.records, wanted).removed
        for text in sleep_texts.beforehand(config, store.records, without):
            options.report(f"note: {text}")
        saves = _saves(options, aws, store.records, declared, after, removed)
        if removed or not before.asleep:
            where = f"{config.name} on {connection.describe_account(config, aws)}"
            with aws.pace.runtime.watching():
                agree(f"{sleep_texts.question(where, removed)}{saves}")
        waits = GROUP in store.records and not {ENDPOINTS, NAT}.isdisjoint(wanted)

        def stop_the_rest(aws: Aws, emit: Emit) -> None:
            if CLUSTER in store.records and sleep_texts.stops_database(config):
                database.stop(aws, emit)
            waking = _waking(config, store.records, replace(after, asleep=False))
            seconds = sizing_sleep_effects.waking_seconds(waking, store.records, store.state.history)
            for text in sleep_texts.afterwards(config, store.records, seconds, without_instances=waits):
                emit(Notice(text))
            if saves and (removed or not before.asleep):
                emit(Notice(f"sleeping{saves}"))

        sizing = Sizing(
            SLEEP,
            declared,
            after,
            (),
            numbers(config, after, chosen),
            going=[MINIMUM] if MINIMUM in store.records else [],
            parts=remembered,
            changed=sleep_parts.asleep({**store.records, **remembered}),
            removed=removed,
            removes=_end_instances if waits else nothing,
            last=stop_the_rest,
        )
        return run(config, aws, store, sizing, viewer)


def _saves(
    options: Options,
    aws: Aws,
    records: Mapping[str, Record],
    declared: Mapping[str, Declared],
    after: Sizes,
    removed: Collection[str],
) -> str:
    """Say what a stack costs on AWS less while it sleeps; empty if that is not known."""
    awake = estimate.recorded({a: one for a, one in records.items() if one.type not in sizes.TYPES})
    asleep = awake | estimate.declared(declared) | estimate.recorded(sizes.as_records(after))
    for address in (MINIMUM, *removed):
        asleep.pop(address, None)
    found = costs.of_settings(awake, asleep, aws.region, options.directory)
    less, left = -found.more.usual, found.after.sums.usual
    if not found.after.known or less < estimate.CENT:
        return ""
    return f", which saves about {estimate.rough(less)} USD a month on AWS and leaves {estimate.rough(left)}"


def wake(options: Options, viewer: Viewer) -> Ended:
    """Start a stack again that sleeps, and wait until it serves: first the database, then all that is not paused.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    aws = connection.connect(options, config)
    with stores.open_store(options, config, aws, WAKE) as store:
        config, before = sizes.held(config, store.records)
        after = replace(before, asleep=False)
        made = [part for part, _ in sleep_parts.recorded(store.records)]

        def forget_parts(_: Aws) -> None:
            for part in made:
                store.drop(f"{PART}/{part}")

        def tell(aws: Aws, emit: Emit) -> None:
            for text in sleep_texts.awake(config, store.records, made, aws.pace.time()):
                emit(Notice(text))

        sizing = Sizing(
            WAKE,
            _waking(config, store.records, after),
            after,
            [f"{SleepingStack.type_name}/main"],
            numbers(config, after, sizes.there(config, store.records)),
            first=database.start if CLUSTER in store.records else nothing,
            then=forget_parts,
            last=tell,
        )
        return run(config, aws, store, sizing, viewer)


def _waking(config: Config, records: Mapping[str, Record], after: Sizes) -> dict[str, Declared]:
    """Return what is made or changed when the stack wakes."""
    chosen = sizes.there(config, records)
    others = {**sized(config, records, after, chosen), **quieted(config, records, after, chosen)}
    return wake_order.returning(records, {**_minimum(config, records), **others})


def _end_instances(aws: Aws, emit: Emit) -> None:
    """Wait until ECS has ended the instances, whose agents need their way to AWS until then (steps/drain.py)."""

    def left() -> dict[str, str]:
        found = [one for cluster in own_clusters(aws) for one in container_instances(aws, cluster)]
        why = f"{count(len(found), 'container instance')} left: ECS ends them 15 to 20 minutes after their last task"
        return {GROUP: why} if found else {}

    wait(aws, emit, "capacity", left, timeout=INSTANCES_TIMEOUT, look_seconds=LOOK_SECONDS)


def _minimum(config: Config, records: Mapping[str, Record]) -> dict[str, Declared]:
    """Return the declaration of the number of instances that there are at the least, as `up` makes it."""
    group = records.get(GROUP)
    if group is None or group.id is None or not config.capacity.min:
        return {}
    minimum = MinimumSize("main", group.id, config.capacity.min)
    built_on = [GROUP, *(address for address in records if address.startswith("running_tasks/"))]
    return {MINIMUM: Declared(minimum, (), "minimum", recorded=tuple(built_on))}
