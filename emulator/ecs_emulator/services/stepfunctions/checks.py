"""Check the role of a state machine when it is created or changed."""

from __future__ import annotations

from typing import Any

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check
from ecs_emulator.clock import passed
from ecs_emulator.patch import refuse
from ecs_emulator.services.scheduler.checks import trusts
from ecs_emulator.services.stepfunctions.machines import Machines

PRINCIPAL = "states.amazonaws.com"
_RULE = "rule/StepFunctionsGetEventsForECSTaskRule"


def check_role(kept: Machines, role_arn: str, machine: str) -> None:
    """Refuse a role that Step Functions may not assume, or that may not manage the rule on which it waits for tasks.

    Sources: awsdocs/aws-step-functions-developer-guide#23, for the trust; developer guide, "IAM policies for calling
    Amazon ECS", and terraform-aws-modules/terraform-aws-step-functions#11, for the rule.
    """
    role = usable(kept, role_arn, machine)
    if role is None or not passed(getattr(role, "known_at", 0.0)):
        refuse(
            "AccessDeniedException",
            f"Neither the global service principal {PRINCIPAL}, nor the regional one is authorized to assume the "
            "provided role.",
        )
    rule = f"{machine.rpartition(':stateMachine:')[0].replace(':states:', ':events:')}:{_RULE}"
    needed = (Check(f"events:{name}", rule, {}) for name in ("PutTargets", "PutRule", "DescribeRule"))
    if not all(roles.allows(kept.account, role, one) for one in needed):
        refuse("AccessDeniedException", f"'{role_arn}' is not authorized to create managed-rule.")


def usable(kept: Machines, role_arn: str, machine: str) -> Any:
    """Return the role, if it exists and Step Functions may assume it for this machine; else None."""
    if not trusts(kept.account, role_arn, machine, PRINCIPAL):
        return None
    return roles.named(kept.account, role_arn.rpartition("/")[2])
