"""Run `provision sleep` and `wake` with names or `--tasks`: stop and start tasks of services and schedules of jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from provisioner.config.loader import suggestion
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names as listed
from provisioner.operations.context import configuration, connection, standing, stores
from provisioner.operations.overrides import sizes, sleep_schedule
from provisioner.operations.sizing.alarms import quieted
from provisioner.operations.sizing.counts import read_counts, restore_counts, tell_suspended
from provisioner.operations.sizing.resize import Sizing, run
from provisioner.operations.sizing.scope import numbers, sized
from provisioner.resources.ecs.sizes import PausedWorkload

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.operations.runs.viewer import Ended, Viewer

PAUSE, RESUME = "pause", "resume"
"""The names of these runs in events and in the timeline; the stack's own are `sleep` and `wake`."""


def pause(options: Options, names: Sequence[str], agree: Callable[[str], None], viewer: Viewer) -> Ended:
    """Stop the tasks of services and the schedules of jobs, and wait until no task runs.

    Args:
        names: names of services, and of jobs with a schedule; empty: all of them.
        agree: takes a sentence on the services and jobs that stop; raises `Cancelled` if the user does not agree.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    config = configuration.load(options, declares=True)
    chosen = _chosen(config, names)
    aws = standing.connect(options, config)
    with stores.open_store(options, config, aws, PAUSE) as store:
        sleep_schedule.check_awake(config, aws, store.records)
        (config, before), now = sizes.held(config, store.records), aws.pace.time()
        if new := [name for name in chosen if name not in before.paused]:
            with aws.pace.runtime.watching():
                agree(f"`sleep` stops {listed(new)} of {config.name} on {connection.describe_account(config, aws)}")
        counts = read_counts(aws, store.records, new)
        after = replace(before, paused={**before.paused, **{name: counts.get(name, 0) for name in new}})
        declared = {**sized(config, store.records, after, chosen, now), **quieted(config, store.records, after, chosen)}
        sizing = Sizing(PAUSE, declared, after, (), numbers(config, after, chosen, now))
        return run(config, aws, store, sizing, viewer)


def resume(options: Options, names: Sequence[str], viewer: Viewer) -> Ended:
    """Start paused services and jobs again, and wait until all tasks run.

    Args:
        names: names of services, and of jobs with a schedule; empty: all of them.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    config = configuration.load(options, declares=True)
    chosen = _chosen(config, names)
    aws = standing.connect(options, config)
    with stores.open_store(options, config, aws, RESUME) as store:
        sleep_schedule.check_awake(config, aws, store.records)
        (config, before), now = sizes.held(config, store.records), aws.pace.time()
        after = replace(before, paused={n: tasks for n, tasks in before.paused.items() if n not in chosen})
        released = [f"{PausedWorkload.type_name}/{name}" for name in chosen if name in before.paused]
        declared = {**sized(config, store.records, after, chosen, now), **quieted(config, store.records, after, chosen)}
        paused = {name: before.paused[name] for name in chosen if name in before.paused}
        restore = partial(restore_counts, config, store.records, paused)
        told = partial(tell_suspended, config)
        sizing = Sizing(RESUME, declared, after, released, numbers(config, after, chosen, now), then=restore, last=told)
        return run(config, aws, store, sizing, viewer)


def _chosen(config: Config, names: Sequence[str]) -> list[str]:
    """Return the services and jobs to pause or resume.

    Raises:
        ConfigurationError: a name is not of a service or of a job with a schedule.
    """
    possible = sizes.pausables(config)
    for name in names:
        if name in config.jobs and name not in possible:
            raise ConfigurationError(
                f"{name} is a job without a schedule: nothing of it runs by itself, so leave it out"
            )
        if name not in possible:
            raise ConfigurationError(f"{name} is neither a service nor a job{suggestion(name, possible)}")
    return list(dict.fromkeys(names)) or possible
