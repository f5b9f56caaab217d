"""Diagnose a session that AWS refuses, or that does not begin, by the facts that can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import denied, explained
from provisioner.engine.errors import ProvisionError
from provisioner.operations.shell.task_choice import Place
from provisioner.session import diagnosis
from provisioner.session.channel import SessionFailed
from provisioner.session.diagnosis import Facts
from provisioner.session.websocket import Refused

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State

T = TypeVar("T")
_FORBIDDEN = (401, 403)

UNSEEN = (
    "everything that can be looked up is as it should be. The agent may have lost its connection, or its disk is full: "
    "try again in a minute, or another task with --task"
)
"""The message if no cause is found (amazon-ssm-agent, session-manager-plugin#49)."""


def explain(aws: Aws, options: Options, config: Config, state: State, place: Place, error: Exception) -> Exception:
    """Return the error to show for a session that did not begin."""
    if isinstance(error, BotoCoreError):
        return explained(error)
    if _may_not(error):
        shell = options.command_line("policy", "--shell")
        return SessionFailed(f"{explained(error)}. {shell} prints what is needed")
    several = list(diagnosis.causes(facts(aws, options, config, state, place))) or [UNSEEN]
    said = error.response["Error"].get("Message", "") if isinstance(error, ClientError) else str(error)
    return SessionFailed(f"{'; '.join(several)}. AWS says: {said.strip() or 'nothing'}")


def _may_not(error: Exception) -> bool:
    """Return whether AWS denied permission for the call, or for the opening of the channel."""
    opening = error.__cause__
    return denied(error) or (isinstance(opening, Refused) and opening.status in _FORBIDDEN)


def facts(aws: Aws, options: Options, config: Config, state: State, place: Place) -> Facts:
    """Read the possible causes from a task; a fact that cannot be read stays unknown."""
    service = config.services[place.service]
    container = service.sidecars.get(place.sidecar, service)
    configured = config.exec_on(place.service)
    return Facts(
        place.service,
        place.id[:8],
        configured=configured,
        protected=config.protect and not configured and service.exec is None,
        service_enabled=_asked(lambda: _service_enabled(aws, place)),
        task_enabled=bool(place.task.get("enableExecuteCommand")),
        status=str(place.task.get("lastStatus", "")),
        agent=str(place.agent.get("lastStatus", "")),
        reason=str(place.agent.get("reason", "")),
        denied=_asked(lambda: diagnosis.denied(aws, _role(aws, place))),
        endpoint=_asked(lambda: _endpoint(aws, config, state)),
        keys=[name for name in diagnosis.KEYS if name in container.environment],
        up=options.command_line("up"),
    )


def _asked(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (BotoCoreError, ClientError, ProvisionError):
        return None


def _service_enabled(aws: Aws, place: Place) -> bool:
    name = str(place.task.get("group", "")).removeprefix("service:")
    found = aws.client("ecs").describe_services(cluster=place.cluster, services=[name])["services"]
    return any(bool(one.get("enableExecuteCommand")) for one in found)


def _role(aws: Aws, place: Place) -> str:
    if given := (place.task.get("overrides") or {}).get("taskRoleArn"):
        return str(given)
    arn = place.task.get("taskDefinitionArn", "")
    found = aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return str(found.get("taskRoleArn") or "")


def _endpoint(aws: Aws, config: Config, state: State) -> bool | None:
    """Return whether the VPC has an endpoint of Systems Manager; None with a way to the internet or an existing VPC."""
    vpc = state.first("vpc")
    if config.network.egress != "none" or vpc is None or not vpc.id:
        return None
    return diagnosis.endpoint(aws, vpc.id)
