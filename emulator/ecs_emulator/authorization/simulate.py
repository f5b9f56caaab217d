"""SimulatePrincipalPolicy: evaluate actions against the policies in force (IAM API reference, 2026).

As AWS answers since July 2026: one result for each action, with the most restrictive decision of all resources, and
below it one for each resource. Each result also says whether the organization and the caller's boundary allow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from ecs_emulator.authorization import enforce, roles
from ecs_emulator.authorization.enforce import Sort, Verdict
from ecs_emulator.authorization.policy import Check, Decision
from ecs_emulator.patch import add, refuse


@add(IamResponse, "simulate_principal_policy")
def simulate_principal_policy(self: Any) -> ActionResult:
    """Answer SimulatePrincipalPolicy for the one caller, or for a role; ignore policies in the request.

    The context is that of the request alone: the simulator adds neither the principal nor its tags (aws/aws-sdk#102),
    also for the conditions of service control policies (API reference).
    """
    source = self._get_param("PolicySourceArn")
    if role := roles.named(self.current_account, str(source).rpartition("/")[2]) if ":role/" in str(source) else None:
        names, resources = self._get_param("ActionNames", []), self._get_param("ResourceArns") or ["*"]
        return ActionResult(
            {"EvaluationResults": [_of_role(role, one, resources) for one in names], "IsTruncated": False}
        )
    if source != enforce.CALLER:
        refuse("NoSuchEntity", f"The principal {source} has no policies in the embedded cloud, where all call as one.")
    context = {
        entry["ContextKeyName"]: tuple(entry.get("ContextKeyValues", ()))
        for entry in self._get_param("ContextEntries", [])
    }
    resources = self._get_param("ResourceArns") or ["*"]
    results: list[dict[str, Any]] = []
    for action in self._get_param("ActionNames", []):
        if ":" not in action:
            refuse("InvalidInput", f"Invalid Entity Action: {action}")
        results.append(_result(action, [_simulated(Check(action, resource, context)) for resource in resources]))
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _of_role(role: Any, action: str, resources: Sequence[str]) -> dict[str, Any]:
    allowed = all(roles.allows(role.account_id, role, Check(action, one)) for one in resources)
    decision = Decision.ALLOWED if allowed else Decision.NOT_ALLOWED
    return {"EvalActionName": action, "EvalResourceName": resources[0], "EvalDecision": decision.value}


@dataclass(frozen=True)
class _Simulated:
    """A simulated action on one resource: the verdict, and whether organization and boundary alone would allow it."""

    resource: str
    verdict: Verdict
    by_organization: bool
    by_boundary: bool
    missing: tuple[str, ...]

    @property
    def said(self) -> Mapping[str, Any]:
        """The members that an action's result and a resource's result have in common."""
        # statements of service control policies are not shown (API reference, MatchedStatements)
        shown = self.verdict.decision is not Decision.NOT_ALLOWED and self.verdict.by is Sort.IDENTITY
        return {
            "MatchedStatements": [{"SourcePolicyType": "IAM Policy"}] if shown else [],
            "MissingContextValues": list(self.missing),
            **_boundary(allowed=self.by_boundary),
        }


def _simulated(check: Check) -> _Simulated:
    verdict = enforce.current.decide(check)
    by_organization = enforce.current.said(Sort.ORGANIZATION, check) is Decision.ALLOWED
    # the simulation ends if the organization denies (API reference, EvalDecisionDetails)
    missing = _missing(check) if by_organization else ()
    by_boundary = enforce.current.said(Sort.BOUNDARY, check) is Decision.ALLOWED
    return _Simulated(check.resource, verdict, by_organization, by_boundary, tuple(missing))


_STRICTEST = (Decision.DENIED, Decision.NOT_ALLOWED, Decision.ALLOWED)


def _result(action: str, found: Sequence[_Simulated]) -> dict[str, Any]:
    strictest = min(found, key=lambda it: _STRICTEST.index(it.verdict.decision))
    result = {
        "EvalActionName": action,
        "EvalResourceName": _template(found[0].resource),
        "EvalDecision": strictest.verdict.decision.value,
        **strictest.said,
        "MissingContextValues": sorted({key for it in found for key in it.missing}),
        **_boundary(allowed=all(it.by_boundary for it in found)),
    }
    if enforce.current.organization:
        allowed = all(it.by_organization for it in found)
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": allowed}
    if any(it.resource != "*" for it in found):
        result["ResourceSpecificResults"] = [
            {"EvalResourceName": it.resource, "EvalResourceDecision": it.verdict.decision.value, **it.said}
            for it in found
        ]
    return result


def _template(resource: str) -> str:
    """Return an ARN's form with `${Region}` and `${Account}`; AWS replaces its last part too, here that stays."""
    if resource == "*":
        return "*"
    _, _, service, region, account, rest = resource.split(":", 5)
    place = ":".join(("${Region}" if region else "", "${Account}" if account else ""))
    return f"arn:${{Partition}}:{service}:{place}:{rest}"


def _boundary(*, allowed: bool) -> dict[str, Any]:
    """Return the boundary's detail of a result: whether it allows the action; empty if the caller has none."""
    if enforce.boundary() is None:
        return {}
    return {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": allowed}}


def _missing(check: Check) -> Iterator[str]:
    """Yield the condition keys of the caller's policies that are not given, in lower case.

    Statements on other actions count too (boto/boto3#3111, aws/aws-sdk-java-v2#1751), service control policies do not
    (API reference, MissingContextValues; aws/aws-cli#10525).
    """
    given = {key.lower() for key in check.context}
    keys = {condition.key.lower() for it in enforce.current.statements for condition in it.conditions}
    yield from sorted(keys - given)
