"""Evaluates the policies in force for each call, and words the refusals as each service does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.emulator.authorization.policy import Check, Decision, Statement, decide, read

CALLER = "arn:aws:iam::123456789012:user/moto"
"""The one user of the account whom all who rehearse are."""


@dataclass(frozen=True)
class Denial:
    """AWS's answer to a call that no policy allows: HTTP status, code and message."""

    status: int
    code: str
    message: str


@dataclass
class Policies:
    """The policies of the caller.

    Attributes:
        names: of the files that they are from; without any, everything is allowed.
        checks: what was checked, by the call that it was checked for, and the verdict.
    """

    names: list[str] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    checks: dict[tuple[Any, ...], tuple[str, Check, Decision]] = field(default_factory=dict)
    _about: dict[str, list[Statement]] = field(default_factory=dict)

    def set(self, files: Iterable[Mapping[str, str]]) -> None:
        """Put these files (`name`, `text`) in force instead of what was; of none, everything is allowed again.

        Raises:
            Unreadable: one cannot be evaluated; nothing is changed then.
        """
        files = list(files)
        statements = [it for file in files for it in read(file["name"], file["text"])]
        self.names, self.statements, self.checks = [file["name"] for file in files], statements, {}
        self._about.clear()

    def decide(self, check: Check) -> Decision:
        """Return what the policies say of a check."""
        if not self.names:
            return Decision.ALLOWED
        if check.action not in self._about:
            self._about[check.action] = [it for it in self.statements if it.about(check.action)]
        return decide(self._about[check.action], check)

    def denied(self, call: str, checks: Iterable[Check]) -> tuple[Check, Decision] | None:
        """Return the first check of a call (`service:Operation`) that is not allowed, if any is; all are noted."""
        first = None
        for check in checks:
            decision = self.decide(check)
            key = (call, check.action, check.resource, *sorted(check.context.items()))
            self.checks[key] = (call, check, decision)
            if decision is not Decision.ALLOWED and first is None:
                first = (check, decision)
        return first

    def shown(self) -> dict[str, Any]:
        """What is in force and what was checked, as the control path answers it."""
        checks = [
            {
                "call": call,
                "action": it.action,
                "resource": it.resource,
                "context": it.context,
                "verdict": decision.value,
            }
            for call, it, decision in self.checks.values()
        ]
        return {"policies": self.names, "checks": checks}


current = Policies()
"""The policies of this process's cloud."""


def denial(
    service: str, region: str, operation: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
) -> Denial | None:
    """Return AWS's refusal of a call that the policies in force do not allow, or None if they do.

    The headers' names are in small letters.
    """
    if not current.names:
        return None
    from provisioner.emulator.authorization.api_call import ApiCall
    from provisioner.emulator.authorization.services import checks

    call = ApiCall(service, region, operation, CALLER.split(":")[4], path, query, body, headers)
    found = current.denied(f"{service}:{operation}", checks(call))
    return denial_for(service, *found) if found else None


# API references, "Common Errors", and the errors of the operations of services with a protocol of JSON
_QUERY = ("autoscaling", "elasticloadbalancing", "iam", "rds", "route53", "s3", "sts")


def denial_for(service: str, check: Check, decision: Decision) -> Denial:
    """Return the refusal of a check in a service's words (IAM user guide, "Access denied error messages")."""
    if check.template:
        # terraform-provider-aws#12722
        return Denial(403, "AccessDenied", f"You are not authorized to use launch template: {check.template}")
    message = sentence(check, decision, whole=service != "ec2")
    if service == "ec2":
        return Denial(403, "UnauthorizedOperation", f"You are not authorized to perform this operation. {message}")
    return Denial(403, "AccessDenied", message) if service in _QUERY else Denial(400, "AccessDeniedException", message)


def sentence(check: Check, decision: Decision, *, whole: bool = True) -> str:
    """Return IAM's sentence about a check; not `whole`, it leaves out a resource that is none in particular."""
    on = f" on resource: {check.resource}" if whole or check.resource != "*" else ""
    why = f" because no identity-based policy allows the {check.action} action"
    if decision is Decision.DENIED:
        why = " with an explicit deny in an identity-based policy"
    return f"User: {CALLER} is not authorized to perform: {check.action}{on}{why}"


def denied_upload(region: str, account: str, action: str, repository: str) -> str:
    """Return the sentence with which the registry refuses an action on a repository; empty if it is allowed."""
    if not current.names:
        return ""
    from moto.utilities.utils import get_partition

    check = Check(
        f"ecr:{action}",
        f"arn:{get_partition(region)}:ecr:{region}:{account}:repository/{repository}",
        {"aws:RequestedRegion": (region,), "aws:PrincipalAccount": (account,)},
    )
    found = current.denied("registry", [check])
    return sentence(*found) if found else ""
