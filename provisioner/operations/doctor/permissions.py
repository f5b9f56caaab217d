"""Whether the caller may do what this configuration needs, by IAM's own simulation of its policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import denied
from provisioner.engine.words import names
from provisioner.operations.doctor.verdicts import failed, ok, unknown, warning
from provisioner.permissions.model import Permission, Use
from provisioner.permissions.table import needed

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

NAME = "permissions"
ANSWERS_PER_CALL = 40
"""Answers of one call: IAM gives one for each action with each resource, also for pairs that make no sense."""
NAMED = 8
"""How many denied actions are named."""
FIX = "attach the policies of `provision policy` to the caller"
READER_FIX = "attach the policies of `provision policy --read-only` to the caller"

GLOBAL, GLOBAL_REGION = {"iam", "route53"}, "us-east-1"
"""The services without Regions, and the one that their calls count for in the usual partition (IAM user guide)."""

Pair = tuple[str, str]
"""An action and a resource."""


class NotSimulated(Exception):
    """The caller is of a sort whose policies IAM does not simulate; the message says which."""


@dataclass
class Question:
    """One call: actions, resources and the request's context, and which pairs of them matter."""

    context: dict[str, tuple[str, ...]]
    pairs: set[Pair] = field(default_factory=set)

    @property
    def actions(self) -> list[str]:
        """The actions that are asked for."""
        return sorted({action for action, _ in self.pairs})

    @property
    def resources(self) -> list[str]:
        """The resources that it is asked for."""
        return sorted({arn for _, arn in self.pairs})


@dataclass(frozen=True)
class Answers:
    """What IAM decided: which pairs it allows, which a statement denies, and for which it misses some context."""

    allowed: frozenset[Pair] = frozenset()
    barred: frozenset[Pair] = frozenset()
    open: frozenset[Pair] = frozenset()


def check(context: Context, uses: Iterable[Use] = tuple(Use), *, sure: bool = False) -> Sequence[Checked]:
    """Say which actions are denied; those that are needed in other cases than the life of a stack are a warning.

    Args:
        uses: the uses whose actions are asked for.
        sure: whether to warn only of what no policy allows for all names like the stack's: one that names each of them
            by itself would do as well, and a simulation of such names cannot tell.
    """
    try:
        caller = source(context.aws, str(context.identity["Arn"]))
    except NotSimulated as error:
        return [unknown(NAME, str(error), "try `provision plan`, or ask an administrator")]
    wanted = [one for one in needed(context.config, account=context.aws.account) if one.use in tuple(uses)]
    questions = list(questions_about(wanted))
    found = context.aws.each(lambda question: _ask(context.aws, caller, question), questions)
    return judged(wanted, questions, found, sure=sure)


def judged(
    wanted: Sequence[Permission], questions: Sequence[Question], found: Sequence[Answers], *, sure: bool = False
) -> list[Checked]:
    """Return the verdicts on all answers; `sure` as for `check`."""
    refused, not_told, perhaps, by_key = set[str](), set[str](), set[str](), set[str]()
    if not sure and (reader := _of_reader(wanted, questions, found)):
        return [reader]
    for question, answers in zip(questions, found, strict=True):
        not_told |= {action for action, _ in question.pairs & answers.open}
        refusals = question.pairs - answers.allowed - answers.open
        by_name = {pair for pair in refusals - answers.barred if sure and _by_name(pair[1])}
        # the simulation does not see the policy of a key, which may allow it by itself (SimulatePrincipalPolicy)
        keys = {pair for pair in refusals - answers.barred - by_name if pair[0].startswith("kms:")}
        refused |= {action for action, _ in refusals - by_name - keys}
        perhaps |= {action for action, _ in by_name}
        by_key |= {action for action, _ in keys}
    life = {one.name for one in wanted if one.use is not Use.OTHER}
    results = []
    if now := refused & life:
        results.append(failed(NAME, f"denied: {_names(now)}", FIX))
    if perhaps := perhaps - refused:
        text = f"denied, unless a policy allows the stack's resources by name: {_names(perhaps)}"
        results.append(warning(NAME, text, FIX))
    if by_key := by_key - refused:
        results.append(warning(NAME, f"denied, unless the policy of the KMS key allows it: {_names(by_key)}", FIX))
    if later := refused - life:
        results.append(warning(NAME, f"denied, but needed only in some cases: {_names(later)}", FIX))
    if not_told - refused:
        results.append(unknown(NAME, f"the IAM policy simulation cannot decide: {_names(not_told - refused)}"))
    return results or [ok(NAME, f"all {len({one.name for one in wanted})} actions are allowed")]


def _of_reader(wanted: Sequence[Permission], questions: Sequence[Question], found: Sequence[Answers]) -> Checked | None:
    """Return the verdict on a caller who may write nothing, and hence runs neither `up` nor `down`; None on others."""
    writes = {(one.name, arn) for one in wanted if one.writes for arn in one.resources}
    perhaps = {pair for answers in found for pair in answers.allowed | answers.open}
    reads = {(one.name, arn) for one in wanted if one.reader for arn in one.resources}
    if writes & perhaps or not reads & perhaps:
        return None
    refused = {
        pair
        for question, answers in zip(questions, found, strict=True)
        for pair in question.pairs - answers.allowed - answers.open
    }
    if missing := {action for action, _ in reads & refused}:
        return failed(NAME, f"the caller only reads, and may not: {_names(missing)}", READER_FIX)
    text = "the caller may read all that plan, status, doctor, list, output and logs do, and may not write"
    return warning(NAME, text, "to run `up` and `down` too, attach the policies of `provision policy`")


def _by_name(resource: str) -> bool:
    """Say whether an ARN stands for several names that begin alike, and not for one or for all of a sort."""
    name = re.split("[/:]", resource.split(":", 5)[-1], maxsplit=1)[-1]
    return "*" in name and name != "*"


def _names(actions: Iterable[str]) -> str:
    return names(sorted(actions), NAMED)


def source(aws: Aws, caller: str) -> str:
    """Return the ARN whose policies are the caller's: a user's own, or with its path that of the role it assumed.

    Raises:
        NotSimulated: there are no such policies, or they cannot be found.
    """
    _, _, name = caller.partition(":sts:")
    if not name:
        if caller.endswith(":root"):
            raise NotSimulated("IAM policies do not limit the root user, so there is nothing to simulate")
        return caller
    sort, _, rest = name.rpartition(":")[2].partition("/")
    if sort != "assumed-role":
        raise NotSimulated(f"IAM cannot simulate the policies of {caller}")
    role = rest.partition("/")[0]
    try:
        return str(aws.client("iam").get_role(RoleName=role)["Role"]["Arn"])
    except Exception as error:
        if not denied(error):
            raise
        raise NotSimulated(f"the caller may not read its own role {role} (iam:GetRole)") from error


def questions_about(wanted: Iterable[Permission]) -> Iterator[Question]:
    """Yield as few questions as can be: each of one service, with one value at most for each key of its context."""
    open_: dict[str, list[Question]] = {}
    for permission in (variant for one in wanted for variant in _variants(one)):
        # a key that must not be there is one that a question has without a value
        context = {key: () if how == "Null" else values for how, key, values in permission.conditions}
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
    """Yield a permission once for each value that a condition leaves to choose: a request has one of them."""
    for place, (how, key, values) in enumerate(permission.conditions):
        if len(values) > 1 and not how.startswith("ForAllValues:"):
            for value in values:
                rest = permission.conditions[place + 1 :]
                yield from _variants(
                    replace(permission, conditions=(*permission.conditions[:place], (how, key, (value,)), *rest))
                )
            return
    yield permission


def _ask(aws: Aws, caller: str, question: Question) -> Answers:
    service = question.actions[0].partition(":")[0]
    context = dict(question.context)
    if service not in GLOBAL or aws.partition == "aws":
        context.setdefault("aws:RequestedRegion", (GLOBAL_REGION if service in GLOBAL else aws.region,))
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyType": "string" if len(values) == 1 else "stringList",
            "ContextKeyValues": list(values),
        }
        for key, values in sorted(context.items())
        if values
    ]
    found = aws.pages(
        "iam",
        "simulate_principal_policy",
        "EvaluationResults",
        PolicySourceArn=caller,
        ActionNames=question.actions,
        ResourceArns=question.resources,
        ContextEntries=entries,
    )
    return answered(found)


def answered(results: Iterable[Mapping[str, Any]]) -> Answers:
    """Return what EvaluationResults say, which name resources one by one or below an action."""
    allowed, barred, open_ = set[Pair](), set[Pair](), set[Pair]()
    for result in results:
        action = str(result["EvalActionName"])
        parts = [
            (part["EvalResourceName"], part["EvalResourceDecision"], part.get("MissingContextValues"))
            for part in result.get("ResourceSpecificResults") or ()
        ] or [(result.get("EvalResourceName", "*"), result["EvalDecision"], result.get("MissingContextValues"))]
        for resource, decision, missing in parts:
            if decision == "allowed":
                allowed.add((action, str(resource)))
            elif missing:
                open_.add((action, str(resource)))
            elif decision == "explicitDeny":
                barred.add((action, str(resource)))
    return Answers(frozenset(allowed), frozenset(barred), frozenset(open_))
