"""The permissions that stand with the resource types, for what a stack declares of them, told without a call.

The stack is declared with placeholders for what only AWS knows, and with services of every sort besides its own. So a
policy says the same whichever services it has: names stand in it up to the stack's own name, and what comes behind that
is left open. It is a superset of what one stack calls: also one that has no database yet may make one. What an option
declares is in it only where the option is set. Own steps and their types, and AWS's by Cloud Control, are declared too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.aws.permissions import OWN, Permission, Use, arn_of
from provisioner.config.services import Scaling, Service
from provisioner.config.tables import Database
from provisioner.config.workload import Workload
from provisioner.engine import own_code
from provisioner.engine.declaration import REFERENCE
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.engine.resource_types import all_types
from provisioner.steps import offline
from provisioner.steps.stack import Stack, run

if TYPE_CHECKING:
    from provisioner.config.models import Config

W = TypeVar("W", bound=Workload)

STACK = "{project}-{environment}"
IMAGE = "public.ecr.aws/any/any:1"
_OF_THE_TOOL = re.compile(r"\w+")
"""The names of the tool's types: the user's own and AWS's have a namespace."""
SORTS: Mapping[str, Service] = {
    "any-first": Service(image=IMAGE, port=80, public=True, database=True, launch="ec2"),
    "any-other": Service(image=IMAGE, port=80, public=True, calls=("any-first",), scaling=Scaling()),
}
"""Services of all sorts: on instances and on Fargate, several that are public, with the database, and that scale."""


def of_types(config: Config) -> Iterator[Permission]:
    """Yield what the types say of that which a configuration declares, with `{stack}` and the like in the names.

    What several types say alike, such as of tags, is one permission for the resources of all of them.
    """
    found: dict[Permission, set[str]] = {}
    for permission in _of_each_type(config):
        everything = permission.resources == ("*",)
        alike = replace(permission, resources=("*",) if everything else (), named=False, when="")
        found.setdefault(alike, set()).update(permission.resources)
    for permission, resources in found.items():
        yield _limited(permission, resources)


def _of_each_type(config: Config) -> Iterator[Permission]:
    # an own type without a resource may have had one, and have to delete it
    by_type: dict[type[Resource], list[Resource]] = {one: [] for one in RESOURCE_TYPES.values() if own_code.is_own(one)}
    for item in _stack(config).declared.values():
        by_type.setdefault(type(item.resource), []).append(item.resource)
    for resource_type in sorted(by_type, key=lambda one: one.type_name):
        there = by_type[resource_type]
        for permission in resource_type.permissions:
            wanted = [one for one in there if not permission.when or one.fields()[permission.when]]
            if not there:
                yield _with_arns(permission, {_any(resource_type, f"{STACK}-any")})
            elif wanted:
                yield _with_arns(permission, {arn(one, one.fields()) for one in wanted})
    # `down` looks at the end whether anything of the stack is left, of whichever type
    for resource_type in (one for name, one in sorted(all_types().items()) if _OF_THE_TOOL.fullmatch(name)):
        if resource_type not in by_type:
            looks = filter(_looks, resource_type.permissions)
            yield from (replace(one, use=Use.OTHER, why="what may be left of a stack") for one in looks)


def _looks(permission: Permission) -> bool:
    """Whether a permission is a read that a type makes whatever is declared."""
    return permission.reader and permission.resources == ("*",) and permission.use is not Use.OPTION


def of_any() -> Iterator[Permission]:
    """Yield what all types of the tool say, whatever is declared: in place of a field stands the stack's name."""
    for name, resource_type in sorted(all_types().items()):
        for permission in resource_type.permissions if _OF_THE_TOOL.fullmatch(name) else ():
            yield _with_arns(permission, {_any(resource_type, STACK)})


def _stack(config: Config) -> Stack:
    """Return all that steps declare, with placeholders for names that a configuration has, and for AWS's facts."""
    # its own services are there for steps that name them; no directory is read for what is built
    own = {name: _ready(one) for name, one in config.services.items()}
    jobs = {name: _ready(one) for name, one in config.jobs.items()}
    unnamed: dict[str, Any] = {"project": "{project}", "env": "{environment}", "region": "{region}"}
    unnamed |= {"services": {**SORTS, **own}, "jobs": jobs, "database": config.database or Database()}
    config = config.model_copy(update=unnamed)
    facts = replace(offline.facts(config), account="{account}", partition="{partition}", boundary="{boundary}")
    return run(config, replace(facts, engine=True, local=False))


def _ready(workload: W) -> W:
    """Return a workload whose containers all have ready images."""
    ready: dict[str, Any] = {"image": IMAGE, "build": None}
    sidecars = {name: one.model_copy(update=ready) for name, one in workload.sidecars.items()}
    return workload.model_copy(update={**ready, "sidecars": sidecars})


def _with_arns(permission: Permission, arns: Iterable[str]) -> Permission:
    return _limited(permission, {one.replace(OWN, arn) for one in permission.resources for arn in arns})


def _limited(permission: Permission, resources: Iterable[str]) -> Permission:
    several = tuple(sorted(resources))
    return replace(permission, resources=several, named=all("{stack}" in one for one in several))


def arn(resource: Resource | type[Resource], fields: Mapping[str, Any], stack: str = STACK) -> str:
    """Return the ARN of a resource as a policy has it: cut behind the stack's name where a service's may follow.

    Args:
        stack: the stack's name in the fields.
    """
    names = {name: f"{{{name}}}" for name in ("account", "partition", "region", "stack")}
    names |= {name: _cut(value, stack) if isinstance(value, str) else value for name, value in fields.items()}
    signed = resource.api.signing_name if resource.api else resource.service
    return arn_of(signed, resource.arn.format_map(names))


def _any(resource_type: type[Resource], value: str) -> str:
    return arn(resource_type, dict.fromkeys(resource_type.__dataclass_fields__, value))


def _cut(name: str, named: str) -> str:
    before, stack, rest = REFERENCE.sub("*", name).partition(named)
    if stack and rest and "{account}" not in rest:
        rest = f"{rest[0]}*"
    return before + ("{stack}" if stack else "") + rest
