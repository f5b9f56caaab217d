"""Evaluate the policies in force for each call, and word the refusals as each service does."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from ecs_emulator import calls
from ecs_emulator.authorization.policy import ALLOW_ALL, Check, Decision, Statement, decide, read
from ecs_emulator.authorization.sessions import Session

if TYPE_CHECKING:
    from ecs_emulator.authorization.api_call import ApiCall

CALLER = "arn:aws:iam::123456789012:user/moto"
"""The one user of the account: every rehearsal calls as this user."""
ORGANIZATION = "o-rehearsal1"
"""The organization that the account joins once service control policies are put on it."""


@dataclass(frozen=True)
class Denial:
    """An answer of AWS to a call that no policy allows: HTTP status, code and message."""

    status: int
    code: str
    message: str


class Sort(Enum):
    """The sorts of policies that a call has to pass, as the refusals name them (IAM user guide)."""

    ORGANIZATION = "a service control policy"
    BOUNDARY = "a permissions boundary"
    IDENTITY = "an identity-based policy"

    @property
    def name_alone(self) -> str:
        """The sort's name without an article."""
        return self.value.partition(" ")[2]


@dataclass(frozen=True)
class Verdict:
    """The decision of all policies on a check, and the sort of policies that denies it."""

    decision: Decision = Decision.ALLOWED
    by: Sort = Sort.IDENTITY


@dataclass
class Policies:
    """The policies of the caller, and the service control policies of its account's organization.

    Attributes:
        names: the file names of the identity-based policies; without any, everything is allowed.
        organization: the file names of the service control policies; without any, the account is in no organization.
        checks: the call, check and decision of each different check so far.
    """

    names: list[str] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    organization: list[str] = field(default_factory=list)
    checks: dict[tuple[Any, ...], tuple[str, Check, Decision]] = field(default_factory=dict)
    _control: list[Statement] = field(default_factory=list)
    _about: dict[tuple[Sort, str], list[Statement]] = field(default_factory=dict)

    def set(self, files: Iterable[Mapping[str, str]]) -> None:
        """Replace the identity-based policies by these files (`name`, `text`); without files, allow everything again.

        Raises:
            Unreadable: a file cannot be evaluated; nothing is changed then.
        """
        self.names, self.statements = _read(files)
        self._begin()

    def set_organization(self, files: Iterable[Mapping[str, str]]) -> None:
        """Replace the account's service control policies by these files; without files, it leaves the organization.

        FullAWSAccess, which AWS attaches by itself, stays in force unless one of the files allows something.

        Raises:
            Unreadable: a file cannot be evaluated; nothing is changed then.
        """
        self.organization, self._control = _read(files)
        if self.organization and not any(it.allows for it in self._control):
            self._control += read("FullAWSAccess", ALLOW_ALL)
        self._begin()

    def _begin(self) -> None:
        self.checks = {}
        self._about.clear()

    @property
    def in_force(self) -> bool:
        """Return whether any policy limits the caller."""
        return bool(self.names or self.organization or boundary() is not None)

    def decide(self, check: Check) -> Verdict:
        """Return the verdict of all policies on a check (IAM user guide, policy evaluation logic).

        A statement that denies wins, in any sort of policies; otherwise each sort has to allow the check.
        """
        return _verdict({sort: self.said(sort, check) for sort in Sort})

    def decide_of(self, session: Session, check: Check) -> Verdict:
        """Return the verdict on a check of a role's session; the session of a deleted role may do nothing."""
        from ecs_emulator.authorization import roles

        role = roles.named(session.account, session.role)
        identity, boundary = roles.said(session.account, role, check) if role else (Decision.NOT_ALLOWED, None)
        return _verdict(
            {
                Sort.ORGANIZATION: self.said(Sort.ORGANIZATION, check),
                Sort.BOUNDARY: boundary or Decision.ALLOWED,
                Sort.IDENTITY: identity,
            }
        )

    def said(self, sort: Sort, check: Check) -> Decision:
        """Return one sort's decision on a check; a sort without policies allows everything."""
        if sort is Sort.BOUNDARY:
            limit = boundary()
            return Decision.ALLOWED if limit is None else decide(limit, check)
        if not (self.names if sort is Sort.IDENTITY else self.organization):
            return Decision.ALLOWED
        if (sort, check.action) not in self._about:
            statements = self.statements if sort is Sort.IDENTITY else self._control
            self._about[sort, check.action] = [it for it in statements if it.about(check.action)]
        return decide(self._about[sort, check.action], check)

    def denied(self, call: str, checks: Iterable[Check]) -> tuple[Check, Verdict] | None:
        """Return the first check of a call (`service:Operation`) that is not allowed, or None; record all checks."""
        first, caller = None, principal()
        for check in checks:
            verdict = self.decide(replace(check, context={**caller, **check.context}))
            key = (call, check.action, check.resource, *sorted(check.context.items()))
            self.checks[key] = (call, check, verdict.decision)
            if verdict.decision is not Decision.ALLOWED and first is None:
                first = (check, verdict)
        return first

    def shown(self) -> dict[str, Any]:
        """Return the policies in force and the checks so far, as the control path answers."""
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
        return {"policies": self.names, "organization": self.organization, "checks": checks}


def _verdict(said: Mapping[Sort, Decision]) -> Verdict:
    """Return the verdict of all sorts together; it names the first sort that denies."""
    for decision in (Decision.DENIED, Decision.NOT_ALLOWED):
        for sort, one in said.items():
            if one is decision:
                return Verdict(decision, sort)
    return Verdict()


current = Policies()
"""The policies of this process's cloud."""


def _read(files: Iterable[Mapping[str, str]]) -> tuple[list[str], list[Statement]]:
    files = list(files)
    return [file["name"] for file in files], [it for file in files for it in read(file["name"], file["text"])]


def user() -> Any:
    """Return moto's record of the account's one user, the caller of every rehearsal; None once it is deleted."""
    from moto.iam.models import iam_backends

    _, _, _, _, account, name = CALLER.split(":", 5)
    return iam_backends[account]["aws"].users.get(name.rpartition("/")[2])


def boundary() -> list[Statement] | None:
    """Return the statements of the caller's permissions boundary; None if it has none."""
    from moto.iam.models import iam_backends

    arn = getattr(who := user(), "permissions_boundary_arn", None)
    managed = iam_backends[who.account_id]["aws"].managed_policies.get(arn) if arn else None
    return limits(managed) if managed else None


def limits(managed: Any) -> list[Statement]:
    """Return the statements of a managed policy of moto's, in its default version.

    Raises:
        Unreadable: the policy has a part that cannot be evaluated here.
    """
    (text,) = (it.document for it in managed.versions if it.is_default)
    return _statements(managed.arn, text)


@functools.cache
def _statements(name: str, text: str) -> list[Statement]:
    return read(name, text)


def principal(session: Session | None = None) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of all requests of a caller (IAM user guide, global condition context keys).

    Args:
        session: the session of the calling role; None for the account's one user. The user calls with a long-term
            access key, and its requests have no `aws:MultiFactorAuthPresent`.
    """
    who, own = _of_session(session) if session else _of_user()
    found = {
        **own,
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
        "aws:SourceIp": "127.0.0.1",
        "aws:ViaAWSService": "false",
        **{f"aws:PrincipalTag/{tag['Key']}": str(tag["Value"]) for tag in getattr(who, "tags", None) or ()},
    }
    if current.organization:
        found["aws:PrincipalOrgID"] = ORGANIZATION
    return {key: (value,) for key, value in found.items()}


def _of_user() -> tuple[Any, dict[str, str]]:
    """Return the user, and the condition keys that describe it."""
    who = user()
    return who, {
        "aws:PrincipalArn": CALLER,
        "aws:PrincipalAccount": CALLER.split(":")[4],
        "aws:PrincipalType": "User",
        "aws:userid": str(getattr(who, "id", "")),
        "aws:username": CALLER.rpartition("/")[2],
    }


def _of_session(session: Session) -> tuple[Any, dict[str, str]]:
    """Return the session's role (None if it is deleted), and the condition keys that describe the session."""
    from ecs_emulator.authorization import roles

    role: Any = roles.named(session.account, session.role)
    return role, {
        "aws:PrincipalArn": session.role_arn,
        "aws:PrincipalAccount": session.account,
        "aws:PrincipalType": "AssumedRole",
        "aws:userid": f"{getattr(role, 'id', '')}:{session.name}",
    }


def denial(call: ApiCall, session: Session | None = None) -> Denial | None:
    """Return AWS's refusal of a call that the policies in force do not allow, or None if they do.

    Args:
        session: the session of the calling role; None for the account's one user.
    """
    from ecs_emulator.authorization.services import checks

    words = calls.model(call.service, call.path)
    if session is None:
        found = current.denied(f"{call.service}:{call.operation}", checks(call)) if current.in_force else None
        return denial_for(words, *found) if found else _distrust(call)
    known = principal(session)
    for check in checks(call):
        verdict = current.decide_of(session, replace(check, context={**known, **check.context}))
        if verdict.decision is not Decision.ALLOWED:
            return denial_for(words, check, verdict, session.arn)
    return _distrust(call, session)


def _distrust(call: ApiCall, session: Session | None = None) -> Denial | None:
    """Return the refusal of AssumeRole if the role's trust policy does not name the caller, or None."""
    if (call.service, call.operation) != ("sts", "AssumeRole"):
        return None
    from ecs_emulator.authorization.trust import ACTION, admits

    wanted = call.text("RoleArn")
    if admits(call.account, wanted, session or CALLER, principal(session)):
        return None
    who = session.arn if session else CALLER
    return Denial(403, "AccessDenied", f"User: {who} is not authorized to perform: {ACTION} on resource: {wanted}")


# API references, "Common Errors", and the errors of the operations of services with a protocol of JSON
_QUERY = ("autoscaling", "elasticloadbalancing", "iam", "rds", "route53", "s3", "ses", "sqs", "sts")
_OTHERWISE = {"sns": "AuthorizationError", "sesv2": "AccessDeniedException"}


def denial_for(service: str, check: Check, verdict: Verdict, who: str = CALLER) -> Denial:
    """Return the refusal of a check in a service's words (IAM user guide, "Access denied error messages")."""
    if check.template:
        # terraform-provider-aws#12722
        return Denial(403, "AccessDenied", f"You are not authorized to use launch template: {check.template}")
    message = sentence(check, verdict, who, whole=service != "ec2")
    if service == "ec2":
        return Denial(403, "UnauthorizedOperation", f"You are not authorized to perform this operation. {message}")
    if service in _OTHERWISE:
        return Denial(403, _OTHERWISE[service], message)
    return Denial(403, "AccessDenied", message) if service in _QUERY else Denial(400, "AccessDeniedException", message)


def sentence(check: Check, verdict: Verdict, who: str = CALLER, *, whole: bool = True) -> str:
    """Return IAM's sentence about a check; unless `whole`, it leaves out the resource `*`."""
    on = f" on resource: {check.resource}" if whole or check.resource != "*" else ""
    why = f" because no {verdict.by.name_alone} allows the {check.action} action"
    if verdict.decision is Decision.DENIED:
        why = f" with an explicit deny in {verdict.by.value}"
    return f"User: {who} is not authorized to perform: {check.action}{on}{why}"


def denied_upload(region: str, account: str, action: str, repository: str) -> str:
    """Return the registry's refusal of an action on a repository; empty if it is allowed."""
    return _denied_beside(
        "registry", region, account, f"ecr:{action}", f"ecr:{region}:{account}:repository/{repository}"
    )


def denied_channel(region: str, account: str, session: str) -> str:
    """Return the refusal to open a session's data channel; empty if it is allowed.

    AWS checks the action since clients sign the opening (Systems Manager user guide,
    getting-started-restrict-access-quickstart).
    """
    action = "ssmmessages:OpenDataChannel"
    return _denied_beside(action, region, account, action, f"ssm:{region}:{account}:session/{session}")


def _denied_beside(call: str, region: str, account: str, action: str, resource: str) -> str:
    """Return the refusal of an action that is checked outside the calls of the APIs; empty if it is allowed."""
    if not current.in_force:
        return ""
    from moto.utilities.utils import get_partition

    context = {"aws:RequestedRegion": (region,), "aws:PrincipalAccount": (account,)}
    found = current.denied(call, [Check(action, f"arn:{get_partition(region)}:{resource}", context)])
    return sentence(*found) if found else ""
