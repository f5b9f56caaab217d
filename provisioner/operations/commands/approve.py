"""Run `provision deploy --approve` and `--reject`: answer a deployment that waits for a person.

No lock of the state is taken: the `deploy` that has begun the deployment may hold it, and wait for the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.client import batches
from provisioner.aws.errors import code_of
from provisioner.engine.errors import ConfigurationError, Failed
from provisioner.engine.words import names
from provisioner.operations.context.configuration import check_service
from provisioner.operations.context.reading import open_unlocked
from provisioner.operations.context.records import service_record
from provisioner.resources.ecs.deployments import Deployment, latest
from provisioner.resources.ecs.pauses import CONTINUE, ROLLBACK, answer
from provisioner.resources.ecs.revisions import short_name

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record

OUTCOMES = {CONTINUE: "approved", ROLLBACK: "rejected"}
"""By answer, the decision in words."""
AT_ONCE = 10
"""The most services in one call of DescribeServices (ECS API reference)."""
_TOO_LATE = ("InvalidParameterException", "ServiceDeploymentNotFoundException")


@dataclass(frozen=True)
class Decided:
    """The answer to a deployment that waited.

    Attributes:
        revision: the revision of the task definition that it rolls out, such as `shop-dev-web:3`.
        stage: the stage at which it waited, in ECS's words.
        decision: `approved` or `rejected`.
    """

    service: str
    revision: str
    stage: str
    decision: str


def decide(options: Options, name: str | None, action: str) -> Decided:
    """Let a deployment that waits for a person go on, or be rolled back.

    Args:
        name: the service; if left out, the only one whose deployment waits.
        action: `CONTINUE` or `ROLLBACK`.

    Raises:
        ConfigurationError: there is no such service, nothing waits, or more than one does.
        Failed: ECS did not take the answer.
    """
    config, aws, state = open_unlocked(options)
    if name:
        check_service(config, name)
    chosen = [name] if name else [one for one in config.services if f"service/{one}" in state.records]
    shown = _shown(aws, state.records, chosen)
    deployments = latest(aws, list(shown.values()))
    found = {one: deployments.get(service["serviceArn"]) for one, service in shown.items()}
    waits = {one: deployment for one, deployment in found.items() if deployment and deployment.pauses}
    if len(waits) != 1:
        raise ConfigurationError(_unclear(chosen, found, list(waits)))
    ((service, deployment),) = waits.items()
    try:
        answer(aws, deployment.arn, deployment.pauses, action)
    except ClientError as error:
        if code_of(error) not in _TOO_LATE:
            raise
        why = error.response["Error"].get("Message", "")
        late = "it has expired, or somebody has answered before: `provision status` shows what became of it"
        raise Failed(f"{service}: ECS does not take the answer ({why.rstrip('.')}): {late}") from error
    return Decided(service, short_name(str(shown[service]["taskDefinition"])), deployment.stage, OUTCOMES[action])


def _shown(aws: Aws, records: Mapping[str, Record], services: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the services as ECS shows them, by name. Services that ECS does not have are left out."""
    clusters = {str(service_record(records, name).arguments["cluster"]) for name in services}
    found = dict[str, Mapping[str, Any]]()
    for cluster in clusters:
        for some in batches(services, AT_ONCE):
            shown = aws.client("ecs").describe_services(cluster=cluster, services=[*some])["services"]
            found |= {str(one["serviceName"]): one for one in shown if one.get("status") == "ACTIVE"}
    return found


def _unclear(chosen: Sequence[str], found: Mapping[str, Deployment | None], waits: Sequence[str]) -> str:
    """Return the message that no deployment waits, or more than one."""
    if waits:
        return f"the deployments of {names(waits)} wait: name one of them"
    told = "; ".join(f"{name} {_standing(found.get(name))}" for name in chosen)
    return f"no deployment waits for approval: {told or 'there are no services yet: run `provision up`'}"


def _standing(deployment: Deployment | None) -> str:
    if deployment is None or deployment.status in ("SUCCESSFUL", "STOPPED"):
        return "has no deployment under way"
    if deployment.failed:
        return f"was rolled back ({deployment.reason or deployment.status})"
    return f"is at {deployment.stage or deployment.status} of its deployment"
