"""Permissions from the resource types, for the resources that a stack declares. It makes no call.

The stack is declared with placeholders for values that only AWS knows, and with services of every kind besides its own.
So a policy is the same for all services: names end behind the stack's name, and the rest of a name is open. The policy
is a superset of one stack's calls: a stack without a database may add one later. An option's permissions are in it only
if the option is set. Own steps and their types, and AWS's types by Cloud Control, are declared too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.aws.permissions import OWN, Permission, Use, arn_of
from provisioner.config.scaling import Scaling, Time
from provisioner.config.services import Service
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
_PLACED = re.compile(r"-\{account\}-\{region\}-(?=.)")
_OF_THE_TOOL = re.compile(r"\w+")
"""Matches the names of the tool's types: the user's own types and AWS's types have a namespace."""
TIMED = Scaling(schedule={"any": Time(at="cron(0 8 * * ? *)")})
SORTS: Mapping[str, Service] = {
    "any-first": Service(image=IMAGE, port=80, public=True, database=True, launch="ec2"),
    "any-other": Service(image=IMAGE, port=80, public=True, calls=("any-first",), scaling=TIMED),
}
"""Services of all kinds: on instances and on Fargate, several public, with the database, and with scaling."""


def of_types(config: Config) -> Iterator[Permission]:
    """Yield the permissions of the types that a configuration declares, with `{stack}` and the like in the names.

    Equal permissions of several types, such as for tags, become one permission on the resources of all.
    """
    found: dict[Permission, set[str]] = {}
    for permission in _of_each_type(config):
        everything = permission.resources == ("*",)
        alike = replace(permission, resources=("*",) if everything else (), named=False, when="")
        found.setdefault(alike, set()).update(permission.resources)
    for permission, resources in found.items():
        yield _limited(permission, resources)


def _of_each_type(config: Config) -> Iterator[Permission]:
    # an own type without a declared resource may have to delete an earlier resource
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
    # at its end, `down` checks whether resources of the stack are left, of all types
    for resource_type in (one for name, one in sorted(all_types().items()) if _OF_THE_TOOL.fullmatch(name)):
        if resource_type not in by_type:
            looks = filter(_looks, resource_type.permissions)
            yield from (replace(one, use=Use.OTHER, why="leftover resources of a stack") for one in looks)


def _looks(permission: Permission) -> bool:
    """Return whether a permission is a read on `*` that its type makes with any settings."""
    return permission.reader and permission.resources == ("*",) and permission.use is not Use.OPTION


def of_any() -> Iterator[Permission]:
    """Yield the permissions of all types of the tool, declared or not; the stack's name replaces each field.

    Equal permissions of several types, such as to read tags, are yielded once.
    """
    yield from dict.fromkeys(
        _with_arns(permission, {_any(resource_type, STACK)})
        for name, resource_type in sorted(all_types().items())
        for permission in (resource_type.permissions if _OF_THE_TOOL.fullmatch(name) else ())
    )


def _stack(config: Config) -> Stack:
    """Return the stack that the steps declare, with placeholders for the configuration's names and AWS's facts."""
    # the services stay, for steps that name them; with ready images, no build directory is read
    own = {name: _ready(one) for name, one in config.services.items()}
    jobs = {name: _ready(one) for name, one in config.jobs.items()}
    unnamed: dict[str, Any] = {"project": "{project}", "env": "{environment}", "region": "{region}"}
    unnamed |= {"services": {**SORTS, **own}, "jobs": jobs, "database": config.database or Database()}
    config = config.model_copy(update=unnamed)
    facts = replace(offline.facts(config), account="{account}", partition="{partition}", boundary="{boundary}")
    # a takeover of the name, and a certificate that goes with its host, need the list of certificates
    return run(config, replace(facts, engine=True, local=False, taken=frozenset({config.address})))


def _ready(workload: W) -> W:
    """Return a workload with ready images in all its containers."""
    ready: dict[str, Any] = {"image": IMAGE, "build": None}
    sidecars = {name: one.model_copy(update=ready) for name, one in workload.sidecars.items()}
    return workload.model_copy(update={**ready, "sidecars": sidecars})


def _with_arns(permission: Permission, arns: Iterable[str]) -> Permission:
    return _limited(permission, {one.replace(OWN, arn) for one in permission.resources for arn in arns})


def _limited(permission: Permission, resources: Iterable[str]) -> Permission:
    several = tuple(sorted(resources))
    return replace(permission, resources=several, named=all("{stack}" in one for one in several))


def arn(resource: Resource | type[Resource], fields: Mapping[str, Any], stack: str = STACK) -> str:
    """Return the ARN of a resource for a policy, cut behind the stack's name if more of a name follows.

    Args:
        stack: the stack's name, as it is in the fields.
    """
    names = {name: f"{{{name}}}" for name in ("account", "partition", "region", "stack")}
    names |= {name: _cut(value, stack) if isinstance(value, str) else value for name, value in fields.items()}
    signed = resource.api.signing_name if resource.api else resource.service
    return arn_of(signed, resource.arn.format_map(names))


def _any(resource_type: type[Resource], value: str) -> str:
    return arn(resource_type, dict.fromkeys(resource_type.__dataclass_fields__, value))


def _cut(name: str, named: str) -> str:
    before, stack, rest = REFERENCE.sub("*", name).partition(named)
    if place := _PLACED.match(rest):
        # a bucket's name: nothing of another stack begins like this
        rest = f"{place[0]}*"
    elif stack and rest and "{account}" not in rest:
        rest = f"{rest[0]}*"
    return before + ("{stack}" if stack else "") + rest
