"""What the user's own resource types need, by what they say of themselves, and what own steps allow to tasks."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.aws.permissions import Permission, grants
from provisioner.config.models import Config
from provisioner.engine import own_code
from provisioner.engine.declaration import REFERENCE
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.steps.given import ACTION
from provisioner.steps.offline import given

ALL = "*"


def types() -> Iterator[Permission]:
    """Yield the permissions of all imported types, whether one is declared now or not: a policy outlasts a resource.

    Raises:
        ConfigurationError: one says something that is no action.
    """
    for own in (one for one in RESOURCE_TYPES.values() if own_code.is_own(one)):
        for name in getattr(own, "actions", ()):
            yield from _granted(own, name, *_arns(own))
        for name in getattr(own, "actions_on_all", ()):
            yield from _granted(own, name)


def _granted(own: type[Resource], name: str, *arns: str) -> Iterator[Permission]:
    if not ACTION.fullmatch(name):
        raise ConfigurationError(
            f'{own.type_name}: actions: "{name}" is not an action of IAM, such as "sqs:CreateQueue"'
        )
    service, _, action = name.partition(":")
    yield from grants(service, action, *arns, why=f"own steps: {own.type_name}")


def _arns(own: type[Resource]) -> tuple[str, ...]:
    """Return the pattern of the type's ARNs, behind the account or whole; nothing if it has none, which is all."""
    pattern = getattr(own, "actions_on", "")
    return (pattern,) if isinstance(pattern, str) and pattern else ()


def roles(config: Config) -> Iterator[Permission]:
    """Yield what own steps allow the tasks of services, for the boundary of their roles.

    A resource that AWS has yet to name stands there by the pattern of its type; without one all are allowed.
    """
    if (stack := given(config)) is None:
        return
    for grant in stack.given.grants:
        arns = [arn for resource in grant.resources for arn in _limits(resource)]
        for name in grant.actions:
            service, _, action = name.partition(":")
            yield from grants(service, action, *([] if ALL in arns else arns), why="own steps")


def _limits(resource: str) -> tuple[str, ...]:
    """Return what a resource comes to in a boundary: its ARN, or what its type says; braces stand for themselves."""
    references = list(REFERENCE.finditer(resource))
    if not references:
        return (resource.replace("{", "{{").replace("}", "}}"),)
    own = RESOURCE_TYPES.get(references[0][1].partition("/")[0])
    return (_arns(own) if own else ()) or (ALL,)
