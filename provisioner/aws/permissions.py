"""One permission: an action of AWS, its resources and conditions, and the situations in which a stack needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypedDict

from provisioner.aws.reads import READS

if TYPE_CHECKING:
    from provisioner.config.models import Config

Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values, as in IAM's policies (IAM user guide, "Condition")."""

PLACES = {"cloudfront": "cloudfront::{account}", "iam": "iam::{account}", "route53": "route53::", "s3": "s3::"}
"""The part after the partition in ARNs of services without Regions; other services have Region and account."""

OWN = "{own}"
"""The placeholder in a type's `permissions` for the ARNs of the stack's declared resources, by the type's `arn`."""
WHOLE = (
    *("{acl}", "{boundary}", "{certificate}", "{key}", "{listener}", "{listener_rules}", "{logs_key}", "{secrets}"),
    *("{client_parameters}", "{client_secrets}", "{topic}", OWN),
)
"""Placeholders for whole ARNs, from the configuration or of declared resources."""
SEVERAL = ("certificate", "certified", "fqdn", "instance_types")
"""Placeholders for several values, which stand with commas between them in the names."""
PROVEN = "proven"
"""The placeholder for each domain that a record proves to ACM: a permission with it becomes one for each domain."""

OURS: Conditions = (
    ("StringEquals", "aws:ResourceTag/Environment", ("{environment}",)),
    ("StringEquals", "aws:ResourceTag/ManagedBy", ("provisioner",)),
    ("StringEquals", "aws:ResourceTag/Project", ("{project}",)),
)
"""The resource carries the stack's owner tags, as `Aws.tags` writes them."""
NOT_ANOTHERS: Conditions = tuple(
    (f"{how}IfExists", key, values) for how, key, values in OURS if key != "aws:ResourceTag/ManagedBy"
)
"""The resource carries no other stack's tags.

A resource without the tags passes: it is being created, or IAM does not know its tags yet
(hashicorp/terraform-provider-aws#6055 and #27028).
"""
ASKED: Conditions = tuple((how, key.replace("Resource", "Request"), values) for how, key, values in OURS)
"""The call puts the stack's owner tags on the resource."""
UNOWNED: Conditions = (("Null", "aws:ResourceTag/ManagedBy", ("true",)),)
"""The resource belongs to no stack."""
BOUND: Conditions = (("StringEquals", "iam:PermissionsBoundary", ("{boundary}",)),)
"""The role has the stack's boundary, or the call sets it (IAM user guide, "Permissions boundaries")."""
HERE: Conditions = (("StringEquals", "aws:RequestedRegion", ("{region}",)),)
"""For writes without a resource: only in the stack's Region (IAM user guide, global condition keys)."""


CHANGED = "a setting changes in place"
UNSHOWN_TAGS = "tags that the bulk read does not show yet"
FAILURE = "a failure is diagnosed"
"""Reasons for permissions that are needed outside the normal life of a stack."""


def retagging(service: str, action: str, *resources: str) -> Iterator[Permission]:
    """Yield the permissions to tag existing resources: the stack's own, and for `import` ones without an owner."""
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


def untagging(service: str, actions: str, *resources: str, conditions: Conditions = ()) -> Iterator[Permission]:
    """Yield the permissions to remove tags that are no longer in `[tags]`, but never a tag by which it is found."""
    why = "a tag leaves [tags]"
    yield from grants(
        service, actions, *resources, conditions=(*conditions, *_NO_OWNER), use=Use.OTHER, why=why, wanted=_with_tags
    )


def _with_tags(config: Config) -> bool:
    """Return whether a stack has tags of its user."""
    return bool(config.tags)


def creating(key: str, *operations: str) -> Conditions:
    """Allow tagging only inside create calls, never on existing resources (EC2 user guide, and others)."""
    return (*ASKED, ("StringEquals", key, tuple(sorted(operations))))


_NO_OWNER: Conditions = (
    ("ForAllValues:StringNotLike", "aws:TagKeys", ("Environment", "ManagedBy", "Project", "provisioner:*")),
)
"""The call removes no owner tag (IAM user guide, condition operators for several keys or values)."""
OF_TASKS = ("execution", "execution-*", "task-*")
"""The kinds of the roles that ECS hands to tasks: the ends of their names, behind the stack's."""


def passing(
    service: str,
    why: str,
    *kinds: str,
    parts: frozenset[Part] | None = None,
    wanted: Callable[[Config], bool] | None = None,
) -> Iterator[Permission]:
    """Yield the permission to pass roles to one service: only roles of these kinds, by their names.

    Tags of roles are no way to limit it (IAM user guide, id_roles_use_passrole).
    """
    yield from grants(
        "iam",
        "PassRole",
        *(f"role{{role_path}}{{stack}}-{kind}" for kind in kinds),
        conditions=(("StringEquals", "iam:PassedToService", (service,)),),
        use=Use.IMPLIED,
        why=why,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
        parts=parts or EVERY,
        wanted=wanted or always,
    )


class Use(Enum):
    """The situations in which an action is needed."""

    LIFE = "in the life of a stack: up, a change, plan, status, down"
    OPTION = "in the life of a stack with an option"
    OTHER = "in other cases"
    IMPLIED = "AWS checks it at other calls"


class Part(Enum):
    """The printed policies that an action can be in."""

    MAIN = "the actions of every command, except the policies below"
    IMPORT = "the additional actions of `import`"
    RUN = "the actions of `run`"
    SHELL = "the actions of `exec` and `tunnel`"
    STATE = "the actions of `state init`"
    DOCTOR = "the reads of `doctor` that `plan` does not make"
    PRICES = "the actions of `cost --refresh`"


EVERY: frozenset[Part] = frozenset({Part.MAIN})
ASKED_BEFOREHAND: frozenset[Part] = frozenset({Part.MAIN, Part.DOCTOR})
"""The policies' parts that `doctor` checks, and that `up` checks before it writes anything."""


class Purpose(TypedDict):
    """The reason for which AWS checks an action at other calls, and the document that says so."""

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
    """One action with the resources and conditions that it is allowed for.

    Attributes:
        service: the service's prefix in IAM.
        action: the action's name; a policy has `service:action`.
        resources: ARNs with wildcards; placeholders such as `{stack}` and `{region}` stand for the stack's own values.
        conditions: the conditions that AWS must also find true.
        use: the situation that needs it.
        why: the option, the case, or the calls that AWS checks it for.
        source: AWS's document, if the Service Authorization Reference is not enough.
        wanted: tells whether a configuration needs it.
        reader: whether read-only commands (plan, status, top, doctor, list, output, logs) need it.
        parts: the policies that contain it.
        named: whether the names in all its ARNs are the stack's own.
        when: in the `permissions` of a type, the field that selects the resources which need it; empty: all need it.
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
        """The name in a policy: `service:Action`."""
        return f"{self.service}:{self.action}"

    @property
    def writes(self) -> bool:
        """Return whether the action can change anything, by the rule by which the clients of `plan` refuse calls."""
        return READS.match(self.action) is None


def always(_: Config) -> bool:
    """Return True: every stack needs the permission."""
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
    """Yield permissions for several actions of a service that share everything else.

    Args:
        actions: their names, separated by spaces.
        resources: the part of their ARNs after the account, or whole ARNs; all resources if none is given.
        reader: whether read-only commands need them; by default, whether they are reads.
        parts: the policies that contain them.
        when: the field that selects the type's resources which need them.
    """
    arns = tuple(sorted(arn_of(service, resource) for resource in resources)) or ("*",)
    named = all("{stack}" in arn for arn in arns)
    for action in actions.split():
        reads = READS.match(action) is not None if reader is None else reader
        yield Permission(
            service, action, arns, tuple(sorted(conditions)), use, why, source, wanted, reads, parts, named, when
        )


def arn_of(service: str, resource: str) -> str:
    """Return the ARN of a resource from the part after the account; a whole ARN is returned unchanged."""
    if resource.startswith(("arn:", OWN)) or resource in WHOLE:
        return resource
    return f"arn:{{partition}}:{PLACES.get(service, service + ':{region}:{account}')}:{resource}"


def filled(permissions: Iterable[Permission], names: Mapping[str, str]) -> Iterator[Permission]:
    """Yield the permissions with the stack's own names filled into their resources and conditions."""
    from dataclasses import replace

    for permission in permissions:
        each = any(f"{{{PROVEN}}}" in one for _, _, patterns in permission.conditions for one in patterns)
        for domain in names.get(PROVEN, "").split(",") if each else ("",):
            known = {**names, PROVEN: domain}
            yield replace(
                permission,
                resources=tuple(one for text in permission.resources for one in _each(text, known)),
                conditions=tuple(_filled(condition, known) for condition in permission.conditions),
            )


def _each(pattern: str, names: Mapping[str, str]) -> Iterator[str]:
    """Yield a pattern with the names in it, once for each value of a name that has several."""
    several = next((key for key in SEVERAL if f"{{{key}}}" in pattern), "")
    for value in names.get(several, "").split(",") if several else ("",):
        yield pattern.format_map({**names, several: value})


def _filled(condition: tuple[str, str, tuple[str, ...]], names: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    how, key, patterns = condition
    values = tuple(value for pattern in patterns for value in _each(pattern, names))
    # if the account is not known, its place is a wildcard, which StringEquals does not support. ArnLike compares part
    # by part, so that no path in a policy can pose as the rest of an ARN (IAM user guide, ARN condition operators)
    equal = how.removesuffix("IfExists").removeprefix("ForAllValues:") == "StringEquals"
    wild = equal and any(value.startswith("arn:") and "*" in value for value in values)
    # the environment may be a pattern for several environments
    several = "*" in names["environment"] and any("{environment}" in pattern for pattern in patterns)
    operator = "ArnLike" if wild else "StringLike" if several else "StringEquals"
    return (how.replace("StringEquals", operator) if equal else how), key, values
