"""SimulatePrincipalPolicy: evaluates actions against the policies in force (IAM API reference)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from provisioner.emulator.authorization import enforce
from provisioner.emulator.authorization.policy import Check, Decision
from provisioner.emulator.patch import add, refuse


@add(IamResponse, "simulate_principal_policy")
def simulate_principal_policy(self: Any) -> ActionResult:
    """SimulatePrincipalPolicy: of the one caller; policies that the request brings besides are not looked at."""
    source = self._get_param("PolicySourceArn")
    if source != enforce.CALLER:
        refuse("NoSuchEntity", f"The principal {source} has no policies in the embedded cloud, where all call as one.")
    context = {
        entry["ContextKeyName"]: tuple(entry.get("ContextKeyValues", ()))
        for entry in self._get_param("ContextEntries", [])
    }
    results: list[dict[str, Any]] = []
    for action in self._get_param("ActionNames", []):
        if ":" not in action:
            refuse("InvalidInput", f"Invalid Entity Action: {action}")
        resources = self._get_param("ResourceArns") or ["*"]
        results += [_result(Check(action, resource, context)) for resource in resources]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _result(check: Check) -> dict[str, Any]:
    decision = enforce.current.decide(check)
    missing = sorted({*_asked_for(check)} - {key.lower() for key in check.context})
    return {
        "EvalActionName": check.action,
        "EvalResourceName": check.resource,
        "EvalDecision": decision.value,
        "MatchedStatements": [] if decision is Decision.NOT_ALLOWED else [{"SourcePolicyType": "IAM Policy"}],
        "MissingContextValues": missing,
    }


def _asked_for(check: Check) -> Iterator[str]:
    """The condition keys of the statements on an action, in small letters."""
    for statement in enforce.current.statements:
        if statement.about(check.action):
            yield from (condition.key.lower() for condition in statement.conditions)
