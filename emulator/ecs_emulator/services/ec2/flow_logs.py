"""Flow logs: check the role and the ids, and give the same answer to the same token."""

from __future__ import annotations

import json
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.responses import EC2Response
from moto.iam.models import iam_backends

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.ec2 import texts

_WRITER = "vpc-flow-logs.amazonaws.com"


@wrap(EC2Response, "create_flow_logs")
def create_flow_logs(original: Any, self: Any) -> Any:
    """CreateFlowLogs: repeat the first answer to a repeated token (API reference, ClientToken); check the role."""
    token = self._get_param("ClientToken")
    answered = self.ec2_backend.__dict__.setdefault("flow_log_answers", {})
    if token and token in answered:
        return answered[token]
    if role := self._get_param("DeliverLogsPermissionArn"):
        _check_role(self.current_account, role)
    answer = original(self)
    if token:
        answered[token] = answer
    return answer


def _check_role(account: str, arn: str) -> None:
    """Refuse a role that is missing or does not trust the flow logs service (terraform-provider-aws#29323)."""
    roles = iam_backends[account]["aws"].roles.values()
    trusting = [json.loads(role.assume_role_policy_document) for role in roles if role.arn == arn]
    if not any(_WRITER in json.dumps(document) for document in trusting):
        refuse("InvalidParameter", texts.CANNOT_ASSUME_ROLE.format(arn))


@wrap(EC2Backend, "describe_flow_logs")
def describe_flow_logs(original: Any, self: Any, flow_log_ids: Any = None, filters: Any = None) -> Any:
    """DescribeFlowLogs: refuse ids that do not exist."""
    if missing := [one for one in flow_log_ids or () if one not in self.flow_logs]:
        refuse("InvalidFlowLogId.NotFound", f"The flow log ID '{missing[0]}' does not exist")
    return original(self, flow_log_ids, filters)
