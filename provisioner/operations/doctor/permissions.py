"""Check the caller's permissions for this configuration by IAM's simulation of its policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from provisioner.aws.permissions import Permission, Use
from provisioner.engine.words import names
from provisioner.operations.doctor.caller import BOOLEAN, NotSimulated, asking
from provisioner.operations.doctor.verdicts import failed, ok, unknown, warning
from provisioner.permissions.table import needed

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.caller import Caller
    from provisioner.operations.doctor.context import Context

NAME = "permissions"
ANSWERS_PER_CALL = 40
"""The most answers of one call: IAM answers for each action with each resource, even for senseless pairs."""
NAMED = 8
"""The most denied actions that a verdict names."""
UNSEEN = "session, resource and VPC endpoint policies are not simulated"
"""The policies that may deny a call although the simulation allows it (IAM user guide, policy simulator)."""
FIX = "attach the policies of `provision policy` to the caller"
BOUNDARY_FIX = "have them added to the caller's permissions boundary, beside which its own policies do not count"
ORGANIZATION_FIX = (
    "ask the organization's administrators if a call is denied; it may well be allowed, since the simulation is not "
    "told the caller's address, MFA, session tags and organizational unit"
)
READER_FIX = "attach the policies of `provision policy --read-only` to the caller"

GLOBAL, GLOBAL_REGION = {"iam", "route53"}, "us-east-1"
"""The services without Regions, and the Region of their calls in the partition `aws` (IAM user guide)."""

Pair = tuple[str, str]
"""An action and a resource."""


@dataclass
class Question:
    """The input of one simulation call: the request's context, and the pairs of action and resource that matter."""

    context: dict[str, tuple[str, ...]]
    pairs: set[Pair] = field(default_factory=set)

    @property
    def actions(self) -> list[str]:
        """The actions of the call."""
        return sorted({action for action, _ in self.pairs})

    @property
    def resources(self) -> list[str]:
        """The resources of the call."""
        return sorted({arn for _, arn in self.pairs})


class Outcome(Enum):
    """The result for one action on one resource; its value is the text of the verdict."""

    ALLOWED = "allowed"
    POLICIES = "denied by the caller's policies"
    BOUNDARY = "denied by the caller's permissions boundary"
    ORGANIZATION = "denied by a service control policy of the organization, as far as a simulation can tell"
    BY_NAME = "denied by the caller's policies, unless they allow the stack's resources by name"
    BY_KEY = "denied by the caller's policies, unless the policy of the KMS key allows it"
    OPEN = "the IAM policy simulation cannot decide"


FIXES = {
    Outcome.POLICIES: FIX,
    Outcome.BOUNDARY: BOUNDARY_FIX,
    Outcome.BY_NAME: FIX,
    Outcome.BY_KEY: FIX,
    Outcome.ORGANIZATION: ORGANIZATION_FIX,
}
CERTAIN = (Outcome.POLICIES, Outcome.BOUNDARY)
"""The outcomes that fail the check, if every stack needs the action."""


@dataclass(frozen=True)
class Answer:
    """IAM's decision about one action on one resource.

    Attributes:
        decision: `allowed`, `implicitDeny` or `explicitDeny`.
        organization, boundary: whether these allow it.
        missing: the condition keys of the caller's policies that the call did not contain, in small letters. IAM does
            not name keys of other policies (API reference, MissingContextValues).
    """

    decision: str
    organization: bool = True
    boundary: bool = True
    missing: frozenset[str] = frozenset()


def check(context: Context, uses: Iterable[Use] = tuple(Use)) -> Sequence[Checked]:
    """Return the denied actions by cause. Actions that only some commands need (`Use.OTHER`) lead to a warning.

    Args:
        uses: the uses whose actions are simulated.
    """
    try:
        caller = asking(context.aws, context.identity)
    except NotSimulated as error:
        return [unknown(NAME, str(error), "try `provision plan`, or ask an administrator")]
    wanted = [one for one in needed(context.config, account=context.aws.account) if one.use in tuple(uses)]
    questions = list(questions_about(wanted))
    found = context.aws.each(lambda question: _ask(context.aws, caller, question), questions)
    return judged(wanted, questions, found)


def judged(
    wanted: Sequence[Permission], questions: Sequence[Question], found: Sequence[Mapping[Pair, Answer]]
) -> list[Checked]:
    """Return the verdicts on all answers: one for each kind of denial, with its remedy."""
    # the tool's requests contain these keys only if the question does: their absence is real. Other keys are unknown
    known = frozenset(key.lower() for one in wanted for _, key, _ in one.conditions)
    # two questions with different contexts may ask about the same pair: each has its own outcome
    pairs = [
        (pair, _outcome(pair, answers.get(pair), known))
        for question, answers in zip(questions, found, strict=True)
        for pair in question.pairs
    ]
    # `up` simulates fewer uses, and must not accept a caller that only reads
    if any(one.use is Use.OTHER for one in wanted) and (reader := _of_reader(wanted, pairs)):
        return [reader]
    outcomes: dict[Outcome, set[str]] = {outcome: set() for outcome in Outcome}
    for (action, _), outcome in pairs:
        outcomes[outcome].add(action)
    life = {one.name for one in wanted if one.use is not Use.OTHER}
    refused = set[str]().union(*(outcomes[outcome] for outcome in CERTAIN))
    later = (refused | outcomes[Outcome.BY_NAME]) - life
    told = {
        outcome: actions & life if outcome in CERTAIN else actions - refused - later
        for outcome, actions in outcomes.items()
    }
    results = [
        (failed if outcome in CERTAIN else warning)(NAME, f"{outcome.value}: {_names(told[outcome])}", fix)
        for outcome, fix in FIXES.items()
        if told[outcome]
    ]
    if later:
        results.append(warning(NAME, f"denied, but needed only in some cases: {_names(later)}", FIX))
    if told[Outcome.OPEN]:
        results.append(unknown(NAME, f"{Outcome.OPEN.value}: {_names(told[Outcome.OPEN])}"))
    return results or [ok(NAME, f"all {len({one.name for one in wanted})} actions are allowed; {UNSEEN}")]


def _outcome(pair: Pair, answer: Answer | None, known: frozenset[str]) -> Outcome:
    """Return the outcome for an action on a resource. `known` are the condition keys that a request truly lacks."""
    if answer is None:
        return Outcome.OPEN
    if answer.decision == "allowed":
        return Outcome.ALLOWED
    if not answer.organization:
        return Outcome.ORGANIZATION
    if not answer.boundary:
        return Outcome.BOUNDARY
    if answer.missing - known:
        return Outcome.OPEN
    if answer.decision == "implicitDeny":
        # a policy may allow each resource by its full name; a simulation with a name pattern does not show it
        if _by_name(pair[1]):
            return Outcome.BY_NAME
        # the key's policy may allow the action alone; the simulation does not see it (SimulatePrincipalPolicy)
        if pair[0].startswith("kms:"):
            return Outcome.BY_KEY
    return Outcome.POLICIES


def _of_reader(wanted: Sequence[Permission], pairs: Iterable[tuple[Pair, Outcome]]) -> Checked | None:
    """Return the verdict on a caller with read permissions only, which cannot run `up` or `down`; else None."""
    writes = {(one.name, arn) for one in wanted if one.writes for arn in one.resources}
    reads = {(one.name, arn) for one in wanted if one.reader for arn in one.resources}
    perhaps, refused = set[Pair](), set[Pair]()
    for pair, outcome in pairs:
        (perhaps if outcome in (Outcome.ALLOWED, Outcome.OPEN) else refused).add(pair)
    if writes & perhaps or not reads & perhaps:
        return None
    if missing := {action for action, _ in reads & refused}:
        return failed(NAME, f"the caller only reads, and may not: {_names(missing)}", READER_FIX)
    text = "the caller may read all that plan, status, top, doctor, list, output and logs do, and may not write"
    return warning(NAME, text, "to run `up` and `down` too, attach the policies of `provision policy`")


def _by_name(resource: str) -> bool:
    """Return whether an ARN is a pattern for names with a common prefix, neither one name nor all names of a kind."""
    name = re.split("[/:]", resource.split(":", 5)[-1], maxsplit=1)[-1]
    return "*" in name and name != "*"


def _names(actions: Iterable[str]) -> str:
    return names(sorted(actions), NAMED)


def questions_about(wanted: Iterable[Permission]) -> Iterator[Question]:
    """Yield few questions that cover all permissions: each for one service and one value of each condition key."""
    open_: dict[str, list[Question]] = {}
    for permission in (variant for one in wanted for variant in _variants(one)):
        # omit values that a `Not` condition excludes: no request has them. A `Null` condition means a key without value
        context = {
            key: () if how == "Null" else values
            for how, key, values in permission.conditions
            # a key that must exist has another condition on its value
            if "Not" not in how and (how, values) != ("Null", ("false",))
        }
        questions = open_.setdefault(permission.service, [])
        question = next((one for one in questions if _fits(one, context, permission)), None)
        if question is None:
            questions.append(question := Question({}))
        question.context |= context
        question.pairs |= {(permission.name, arn) for arn in permission.resources}
    for questions in open_.values():
        yield from questions


def _fits(question: Question, context: Mapping[str, tuple[str, ...]], permission: Permission) -> bool:
    actions = {permission.name, *question.actions}
    resources = {*permission.resources, *question.resources}
    same = all(question.context.get(key, values) == values for key, values in context.items())
    return same and len(actions) * len(resources) <= ANSWERS_PER_CALL


def _variants(permission: Permission) -> Iterator[Permission]:
    """Yield a permission once for each value that its conditions allow for a key: a request has only one of them."""
    for place, (how, key, values) in enumerate(permission.conditions):
        if len(values) > 1 and not how.startswith("ForAllValues:"):
            for value in values:
                rest = permission.conditions[place + 1 :]
                yield from _variants(
                    replace(permission, conditions=(*permission.conditions[:place], (how, key, (value,)), *rest))
                )
            return
    yield permission


def _ask(aws: Aws, caller: Caller, question: Question) -> Mapping[Pair, Answer]:
    service = question.actions[0].partition(":")[0]
    context = {**caller.context, **question.context}
    if service not in GLOBAL or aws.partition == "aws":
        context.setdefault("aws:RequestedRegion", (GLOBAL_REGION if service in GLOBAL else aws.region,))
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyType": "boolean" if key in BOOLEAN else "string" if len(values) == 1 else "stringList",
            "ContextKeyValues": list(values),
        }
        for key, values in sorted(context.items())
        if values
    ]
    found = aws.pages(
        "iam",
        "simulate_principal_policy",
        "EvaluationResults",
        PolicySourceArn=caller.arn,
        ActionNames=question.actions,
        ResourceArns=question.resources,
        ContextEntries=entries,
    )
    return answered(question, found)


def answered(question: Question, results: Iterable[Mapping[str, Any]]) -> dict[Pair, Answer]:
    """Return the decision in EvaluationResults for each action on each resource.

    IAM answers with one result for each action, with a part for each named resource. A result without parts counts for
    all of them: its own resource is an ARN pattern then. Formerly IAM answered with one result for each resource.
    """
    answers = dict[Pair, Answer]()
    for result in results:
        action, parts = str(result["EvalActionName"]), result.get("ResourceSpecificResults") or ()
        for part in parts:
            decision = str(part["EvalResourceDecision"])
            answers[action, str(part["EvalResourceName"])] = _answer(decision, result, part)
        if not parts:
            named = str(result.get("EvalResourceName"))
            answer = _answer(str(result["EvalDecision"]), result, result)
            for resource in [named] if named in question.resources else question.resources:
                answers[action, resource] = answer
    return answers


def _answer(decision: str, result: Mapping[str, Any], part: Mapping[str, Any]) -> Answer:
    organization = (result.get("OrganizationsDecisionDetail") or {}).get("AllowedByOrganizations", True)
    boundary = part.get("PermissionsBoundaryDecisionDetail") or result.get("PermissionsBoundaryDecisionDetail") or {}
    # matched statements belong to the caller's policies, never to the organization's (API reference, MatchedStatements)
    own = decision == "explicitDeny" and bool(part.get("MatchedStatements"))
    return Answer(
        decision,
        organization=own or bool(organization),
        boundary=own or bool(boundary.get("AllowedByPermissionsBoundary", True)),
        missing=frozenset(str(key).lower() for key in part.get("MissingContextValues") or ()),
    )
