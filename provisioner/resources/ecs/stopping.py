"""Stop a service deployment that is under way: ECS returns to the revision that was completed last, within seconds.

Its tasks still run, so that ECS moves only traffic. Sources: API reference, `StopServiceDeployment`; ECS developer
guide, "Stopping Amazon ECS service deployments".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import code_of
from provisioner.resources.ecs.deployments import as_asked, listed, number, shown_revisions

ROLLBACK = "ROLLBACK"
GOING = ("PENDING", "IN_PROGRESS")
"""The states in which a deployment can be stopped."""
REQUESTED, BEGUN = "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"
TOO_LATE = ("ConflictException", "InvalidParameterException", "ServiceDeploymentNotFoundException")
"""The codes with which ECS may refuse to stop a deployment that is over; AWS does not document which it is."""
CLEAN_UP = "CLEAN_UP"
"""The stage that stops the former tasks: a stop would move the traffic to tasks that end."""
BY_USER = "Service deployment rolled back by user"
"""ECS's reason, without its full stop (terraform-provider-aws#49031)."""
ENDS_WITHIN = 600.0
LOOK = 2.0
SECONDS = 15.0
"""The time until all traffic is back (some 20 s with the console's button: terraform-provider-aws#49077)."""


@dataclass(frozen=True)
class Former:
    """The revision to which ECS would return from the deployment under way.

    Attributes:
        task_definition: the ARN of its task definition.
        revision: the number of the service revision.
    """

    task_definition: str
    revision: str


def former(service: Mapping[str, Any], stage: str = "") -> Former | None:
    """Return the revision to which ECS would return now; None if no deployment can be stopped.

    Args:
        service: the service as DescribeServices shows it.
        stage: the stage of its deployment.
    """
    shown = service.get("deployments", ())
    primary: Mapping[str, Any] = next((one for one in shown if one.get("status") == "PRIMARY"), {})
    if primary.get("rolloutState") != "IN_PROGRESS" or stage == CLEAN_UP:
        return None
    done = (one for one in shown if one is not primary and one.get("rolloutState") == "COMPLETED")
    found = next(done, None)
    return Former(str(found["taskDefinition"]), number(found["id"])) if found else None


def go_back(aws: Aws, cluster: str, service: str, wanted: Mapping[str, Any] | None = None) -> bool:
    """Stop a service's deployment that is under way; return whether ECS returns, or has returned, by that.

    Args:
        wanted: the fields of the service that the former revision must have; None accepts any revision.
    """
    ecs = aws.client("ecs")
    newest: Mapping[str, Any] = next(iter(listed(aws, cluster, service)), {})
    # read after the list, so that it is not older
    shown: Mapping[str, Any] = next(iter(ecs.describe_services(cluster=cluster, services=[service])["services"]), {})
    if _is(shown, wanted):
        return True
    if newest.get("status") not in (*GOING, REQUESTED, BEGUN):
        return False
    arn = newest["serviceDeploymentArn"]
    found = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    whole: Mapping[str, Any] = next(iter(found), {})
    sources = [one["arn"] for one in whole.get("sourceServiceRevisions", ())]
    if whole.get("lifecycleStage") == CLEAN_UP or not _leads_to(aws, shown, sources, wanted):
        return False
    return newest["status"] not in GOING or _stop(aws, arn)


def _leads_to(aws: Aws, shown: Mapping[str, Any], sources: Sequence[str], wanted: Mapping[str, Any] | None) -> bool:
    """Return whether ECS would return to the wanted revision: of several sources, to the one completed last."""
    there = former(shown)
    if there is None or not sources or wanted is None:
        return there is not None and bool(sources)
    source = next((arn for arn in sources if number(arn) == there.revision), "")
    return bool(source) and _is(shown_revisions(aws, [source]).get(source, {}), wanted)


def _is(shown: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """Return whether a service, or a service revision, has the wanted fields; a newer task definition is another."""
    if wanted is None or shown.get("taskDefinition") != wanted["task_definition"]:
        return False
    return as_asked(shown, [wanted])


def _stop(aws: Aws, arn: str) -> bool:
    """Stop a service deployment; return False if it was over before."""
    try:
        aws.client("ecs").stop_service_deployment(serviceDeploymentArn=arn, stopType=ROLLBACK)
    except ClientError as error:
        if code_of(error) not in TOO_LATE:
            raise
        return False
    return True


def await_end(aws: Aws, cluster: str, service: str) -> None:
    """Wait until a rollback has ended: until it begins, ECS shows the revision that is to go."""
    until = aws.pace.now() + ENDS_WITHIN
    while aws.pace.now() < until:
        newest = next(iter(listed(aws, cluster, service)), {})
        if newest.get("status") not in (REQUESTED, BEGUN):
            return
        aws.pace.sleep(LOOK)


def end(aws: Aws, cluster: str, service: str) -> str:
    """Stop a service's deployment that has failed; return the reason if ECS refuses, or an empty text."""
    try:
        go_back(aws, cluster, service)
    except ClientError as error:
        return f"ECS goes on with it, since StopServiceDeployment was refused: {code_of(error)}"
    return ""
