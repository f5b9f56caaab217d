"""One permission: an action of AWS, on which resources, under which conditions, and when a stack wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypedDict

from provisioner.aws.reads import READS

if TYPE_CHECKING:
    from provisioner.config.models import Config

Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values, as IAM has them (IAM user guide, "Condition")."""

PLACES = {"iam": "iam::{account}", "route53": "route53::", "s3": "s3::"}
"""How the ARNs of services without Regions go on after the partition; the others have Region and account."""

OWN = "{own}"
"""In the `permissions` of a resource type: the ARNs of what a stack declares of it, by the type's `arn`."""
WHOLE = ("{acl}", "{boundary}", "{key}", "{logs_key}", "{secrets}", "{topic}", OWN)
"""What stands for whole ARNs, as the configuration has them, and what is declared."""

OURS: Conditions = (
    ("StringEquals", "aws:ResourceTag/Environment", ("{environment}",)),
    ("StringEquals", "aws:ResourceTag/ManagedBy", ("provisioner",)),
    ("StringEquals", "aws:ResourceTag/Project", ("{project}",)),
)
"""The resource carries the stack's owner tags, as `Aws.tags` writes them."""
ASKED: Conditions = tuple((how, key.replace("Resource", "Request"), values) for how, key, values in OURS)
"""The call puts the stack's owner tags on it."""
UNOWNED: Conditions = (("Null", "aws:ResourceTag/ManagedBy", ("true",)),)
"""The resource belongs to no stack, neither this one nor another."""
BOUND: Conditions = (("StringEquals", "iam:PermissionsBoundary", ("{boundary}",)),)
"""The role has the stack's boundary, or is given it by the call (IAM user guide, "Permissions boundaries")."""
HERE: Conditions = (("StringEquals", "aws:RequestedRegion", ("{region}",)),)
"""For writes that know no resource: in the stack's Region (IAM user guide, global condition keys)."""


CHANGED = "a setting changes in place"
UNSHOWN_TAGS = "tags that the bulk read does not show yet"
FAILURE = "a failure is looked into"
"""Why an action is needed in other cases."""


def retagging(service: str, action: str, *resources: str) -> Iterator[Permission]:
    """Yield the permissions for tags on what is there: on the stack's own, and for `import` on what is nobody's."""
    renamed = "a resource has another address"
    yield from grants(service, action, *resources, conditions=(*ASKED, *OURS), use=Use.OTHER, why=renamed)
    yield from grants(
        service,
        action,
        *resources,
        conditions=(*ASKED, *UNOWNED),
        use=Use.OTHER,
        why="import",
        parts=frozenset({Part.IMPORT}),
    )


def creating(key: str, *operations: str) -> Conditions:
    """Tags come in the call that creates; of what is there, not even with these tags (EC2 user guide, and the like)."""
    return (*ASKED, ("StringEquals", key, tuple(sorted(operations))))


class Use(Enum):
    """When an action is needed."""

    LIFE = "in the life of a stack: up, a change, plan, status, down"
    OPTION = "in the life of a stack with an option"
    OTHER = "in other cases"
    IMPLIED = "AWS checks it at other calls"


class Part(Enum):
    """Which of the printed policies an action is in."""

    MAIN = "what every command needs but those below"
    IMPORT = "what `import` needs besides"
    RUN = "what `run` needs"
    SHELL = "what `exec` and `tunnel` need"
    STATE = "what `state init` needs"
    DOCTOR = "what `doctor` asks of the account, besides what `plan` reads"
    PRICES = "what `prices refresh` needs"


EVERY: frozenset[Part] = frozenset({Part.MAIN})
ASKED_BEFOREHAND: frozenset[Part] = frozenset({Part.MAIN, Part.DOCTOR})
"""What `doctor` asks, and `up` before it writes anything."""


class Purpose(TypedDict):
    """Why AWS checks an action at other calls, and the document that says so."""

    use: Use
    why: str
    source: str


TAGS_AT_ONCE: Purpose = {
    "use": Use.IMPLIED,
    "why": "tags in the calls that create",
    "source": "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html",
}


@dataclass(frozen=True)
class Permission:
    """What one action is allowed to be done to.

    Attributes:
        service: the service's prefix in IAM.
        action: the action's name; `service:action` is what a policy says.
        resources: ARNs with wildcards; `{stack}`, `{region}` and the like stand for the stack's own.
        conditions: what AWS has to find true besides.
        use: when it is needed.
        why: the option, the case, or the calls that AWS checks it for.
        source: AWS's document, where the Service Authorization Reference does not say it all.
        wanted: whether a configuration needs it.
        reader: whether who only looks (plan, status, top, doctor, list, output, logs) needs it.
        parts: the policies that it is in.
        named: whether all its resources are the stack's by their names.
        when: in the `permissions` of a type, the field that says which of its resources want it; all if there is none.
    """

    service: str
    action: str
    resources: tuple[str, ...]
    conditions: Conditions
    use: Use
    why: str
    source: str
    wanted: Callable[[Config], bool]
    reader: bool
    parts: frozenset[Part] = EVERY
    named: bool = False
    when: str = ""

    @property
    def name(self) -> str:
        """`service:Action`, as in a policy."""
        return f"{self.service}:{self.action}"

    @property
    def writes(self) -> bool:
        """Whether it can change anything, by the rule that the clients of `plan` refuse calls by."""
        return READS.match(self.action) is None


def always(_: Config) -> bool:
    """Every stack wants it."""
    return True


def grants(
    service: str,
    actions: str,
    *resources: str,
    conditions: Conditions = (),
    use: Use = Use.LIFE,
    why: str = "",
    source: str = "",
    wanted: Callable[[Config], bool] = always,
    reader: bool | None = None,
    parts: frozenset[Part] = EVERY,
    when: str = "",
) -> Iterator[Permission]:
    """Yield the permissions of some actions of a service that have all else in common.

    Args:
        actions: their names, separated by spaces.
        resources: what comes after the account in their ARNs, or whole ARNs; all resources if none is given.
        reader: whether who only looks needs them; if left out, whether they are reads.
        parts: the policies that they are in.
        when: the field that says which of a type's resources want them.
    """
    arns = tuple(sorted(arn_of(service, resource) for resource in resources)) or ("*",)
    named = all("{stack}" in arn for arn in arns)
    for action in actions.split():
        reads = READS.match(action) is not None if reader is None else reader
        yield Permission(
            service, action, arns, tuple(sorted(conditions)), use, why, source, wanted, reads, parts, named, when
        )


def arn_of(service: str, resource: str) -> str:
    """Return the ARN of a resource, of which this comes after the account, or which is a whole ARN already."""
    if resource.startswith(("arn:", OWN)) or resource in WHOLE:
        return resource
    return f"arn:{{partition}}:{PLACES.get(service, service + ':{region}:{account}')}:{resource}"


def filled(permissions: Iterable[Permission], names: Mapping[str, str]) -> Iterator[Permission]:
    """Yield the permissions with a stack's own names in their resources and conditions."""
    from dataclasses import replace

    for permission in permissions:
        yield replace(
            permission,
            resources=tuple(text.format_map(names) for text in permission.resources),
            conditions=tuple(_filled(condition, names) for condition in permission.conditions),
        )


def _filled(condition: tuple[str, str, tuple[str, ...]], names: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    how, key, patterns = condition
    values = tuple(pattern.format_map(names) for pattern in patterns)
    # where the account is not known its place is a wildcard, which StringEquals does not know. ArnLike compares part by
    # part, so that no path of a policy can pretend to be the rest of an ARN (IAM user guide, ARN condition operators)
    wild = how == "StringEquals" and any(value.startswith("arn:") and "*" in value for value in values)
    # the environment may be a pattern of several
    several = "*" in names["environment"] and any("{environment}" in pattern for pattern in patterns)
    return ("ArnLike" if wild else "StringLike" if several and how == "StringEquals" else how), key, values
