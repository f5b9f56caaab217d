"""A service's attributes if ECS runs another revision than the one requested last.

Somebody else's deployment, or a revision that ECS gave up, is no drift: runs neither undo it nor repeat it.
"""

from __future__ import annotations

from dataclasses import replace

from provisioner.aws.client import Aws
from provisioner.engine.declaration import unknown
from provisioner.engine.resource import Observed, canonical
from provisioner.resources.ecs.deployments import Rejected, newer, numbered, revision_fields
from provisioner.resources.ecs.problems import last_line, why_rejected
from provisioner.resources.ecs.progress import PROGRESS, progress_of
from provisioner.resources.ecs.reads import Read


def as_requested(aws: Aws, live: Observed, read: Read) -> Observed:
    """Return a service with its last requested revision in place of the running one, if the running one is to stay.

    There are two cases. First, somebody else, such as a pipeline, deployed a newer revision: it stays until another
    revision is declared, or until the user asks for the declared one (`Aws.redeploy`). `Progress.deployed` holds it.
    Second, ECS gave up the declared revision and rolled back: `Progress.rolled_back` gives the reason, and `held`
    tells that it is not tried again until the service changes or the user asks for it (`Aws.retry_failed`).
    """
    runs = live.attributes["task_definition"]
    # autoscaling may want more tasks than there is room for: `up` does not wait for these
    keeps_count = bool(read.requests) and not read.requests[0].get("scales", True)
    live = replace(live, details={PROGRESS: replace(progress_of(live), keeps_count=keeps_count)})
    if read.rejected:
        live = _rejected(aws, live, read, read.rejected)
    known = [fields["task_definition"] for fields in read.requests]
    before = [arn for arn in known if not unknown(arn) and newer(runs, arn)]
    if aws.redeploy or not live.owned or runs in known or not before:
        return live
    last = max(before, key=numbered)
    return replace(
        live,
        attributes={**live.attributes, "task_definition": last},
        details={PROGRESS: replace(progress_of(live), deployed=runs)},
    )


def _rejected(aws: Aws, live: Observed, read: Read, given_up: Rejected) -> Observed:
    """Return a service with the details of ECS's rollback of the requested revision."""
    asked, runs = (
        arn.rpartition("/")[2] for arn in (given_up.fields["task_definition"], read.service["taskDefinition"])
    )
    what = f"{asked} back to {runs}" if asked != runs else f"the last change of {asked} back"
    why, cause, tail = why_rejected(aws, given_up, read.stopped)
    shown = revision_fields(read.service).keys()
    same = given_up.fields is read.requests[0] and not any(
        canonical(live.attributes[name]) != canonical(value)
        for name, value in given_up.fields.items()
        if name in live.attributes and name not in {*shown, "desired_count"}
    )
    held = {name: given_up.fields.get(name) for name in shown} if same and not aws.retry_failed else {}
    rolled_back = f"ECS rolled {what}: {why}"
    progress = replace(
        progress_of(live),
        rolled_back=rolled_back,
        last_lines=tail,
        held=bool(held),
        undone_fields=frozenset(n for n in held if canonical(held[n]) != canonical(live.attributes[n])),
        cause=cause,
        last_line=last_line(tail),
    )
    return replace(
        live,
        attributes={**live.attributes, **held},
        reverted={"task_definition": rolled_back},
        details={PROGRESS: progress},
    )
