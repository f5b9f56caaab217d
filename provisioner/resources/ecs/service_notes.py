"""Notes of `plan` and `up` on existing services that run or want something else than declared, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from provisioner.aws.client import Aws
from provisioner.resources.ecs.progress import describe, progress_of
from provisioner.resources.ecs.service import AGAIN, Service


def deployed_by_others(aws: Aws, replaced: Collection[str] = ()) -> list[str]:
    """Return a note for each service that somebody else deployed to: the running revision, and the way to undo it.

    Args:
        replaced: the addresses of services that get another revision in any case.
    """
    notes = []
    for live in aws.live(Service):
        if deployed := progress_of(live).deployed:
            both = deployed, live.attributes["task_definition"]
            runs, requested = (arn.rpartition("/")[2] for arn in both)
            what = f"{live.address} runs {runs}, which somebody else deployed:"
            stays = f"it is not changed. `provision up --redeploy` restores {requested}"
            notes.append(f"{what} {'it is replaced' if live.address in replaced else stays}")
    return notes


def rolled_back_by_ecs(aws: Aws, replaced: Collection[str] = ()) -> list[str]:
    """Return a note for each service that ECS rolled back: the reason, and whether `up` tries again.

    Args:
        replaced: the addresses of services that get another revision in any case.
    """
    notes = []
    for live in aws.live(Service):
        shown = progress_of(live)
        if shown.rolled_back:
            kept = "It is replaced" if live.address in replaced else AGAIN
            after = kept if shown.held else "It is tried again"
            notes.append(f"{live.address}: {shown.rolled_back}. {after}")
    return notes


def under_way(aws: Aws, replaced: Collection[str] = ()) -> list[str]:
    """Return a note for each service that ECS is deploying: its progress, and the commands that watch and end it.

    Args:
        replaced: the addresses of services that get another revision in any case.
    """
    notes = []
    for live in aws.live(Service):
        shown = progress_of(live)
        if not live.owned or live.deleting or shown.undone or shown.rollout_state != "IN_PROGRESS":
            continue
        name = live.attributes["service_name"]
        runs = shown.runs.rpartition("/")[2]
        how = describe(live).partition(": ")[2] + (f", {shown.problem}" if shown.problem else "")
        ends = f"`provision rollback {name}` ends it" if shown.former else "nothing ran before it"
        watches = "this run replaces it" if live.address in replaced else f"`provision up` watches it, {ends}"
        notes.append(f"{live.address}: {runs} is being rolled out ({how}): {watches}")
    return notes


def ineffective_counts(aws: Aws, counts: Mapping[str, int]) -> list[str]:
    """Return a note for each service whose number of tasks, set by scaling, differs from its `count`.

    Args:
        counts: the configured `count` of each service that scales, by name.
    """
    return [
        f"services.{name}.count = {counts[name]} has no effect on an existing service: scaling sets the number of "
        f"tasks, now {live.attributes['desired_count']}. Set services.{name}.scaling instead"
        for live in aws.live(Service)
        if live.owned and not live.deleting and (name := live.attributes["service_name"]) in counts
        if counts[name] != live.attributes["desired_count"]
    ]
