"""ECS task definitions, whose revisions never change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws, batches
from provisioner.aws.errors import not_found
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, HERE, OWN, Conditions, grants
from provisioner.aws.redaction import without_secret_variables
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.errors import OutcomeUnknown
from provisioner.engine.resource import Change, Changes, Observed, Resource
from provisioner.engine.traits import ListedOneByOne
from provisioner.resources import members
from provisioner.resources.ecs.api import API, TAGGED
from provisioner.resources.ecs.standing_revisions import standing

CONTENT_TAG = "provisioner:content"
"""The tag with the hash of a revision's registered fields, by which its content is found for comparison."""
CONTAINERS, STORAGE = "container_definitions", "ephemeral_storage"
NEWEST = 10
"""The number of a family's newest revisions that are read even if the tagging API does not know them yet."""

_UNPRIVILEGED: Conditions = (("StringEqualsIfExists", "ecs:privileged", ("false",)),)
"""No container has the root of its host (Service Authorization Reference, RegisterTaskDefinition)."""


@dataclass(frozen=True)
class TaskDefinition(ListedOneByOne, Resource):
    """A family of task definitions, represented by its newest revision that is this stack's.

    A revision cannot change: other content is registered as a new revision, and older ones stay for a rollback. A
    revision that somebody else registered in the family, such as a pipeline, is not this stack's, whatever its tags.
    """

    family: str
    requires_compatibilities: Sequence[str]
    network_mode: str
    cpu: str
    memory: str
    execution_role_arn: str
    task_role_arn: str
    runtime_platform: Mapping[str, str]
    container_definitions: Sequence[Mapping[str, Any]]
    volumes: Sequence[Mapping[str, Any]] = ()
    ephemeral_storage: Mapping[str, int] | None = None

    type_name = "task_definition"
    api = API
    arn = "task-definition/{family}:*"
    permissions = (
        *TAGGED,
        *grants("ecs", "ListTaskDefinitionFamilies ListTaskDefinitions DescribeTaskDefinition"),
        *grants("ecs", "RegisterTaskDefinition", OWN, conditions=(*ASKED, *_UNPRIVILEGED)),
        *grants("ecs", "DeleteTaskDefinitions", OWN),
        # this action supports no resources
        *grants("ecs", "DeregisterTaskDefinition", conditions=HERE),
    )
    identity = ("family",)
    derived = ("id",)
    outputs = ("arn",)
    unordered = frozenset({"requires_compatibilities", "volumes"})
    versioned = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["family"] for fields in known}
        half = _half_removed(aws, names) if aws.include_unrecorded else {}
        # families that were just read need no second read
        return cls._shown(aws, known, _families(aws, names), names - half.keys(), half)

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        return cls._shown(aws, known, ids, {*ids}, {})

    @classmethod
    def _shown(
        cls,
        aws: Aws,
        known: Sequence[Mapping[str, Any]],
        families: Collection[str],
        suspected: Collection[str],
        half: Mapping[str, Sequence[str]],
    ) -> Iterator[Observed]:
        """Yield the existing ones of these families; each is described by itself.

        Args:
            suspected: the families in which to look for remains of an interrupted teardown, if that is asked for.
            half: the remains already known, as `_half_removed` returns them.
        """
        contents = _by_content(known)
        names = {fields["family"] for fields in known}
        # a family that this run deleted has no remains
        suspected = {*suspected} - aws.deleted if aws.include_unrecorded else set()
        left = dict(half)
        unchanged = cls._standing(aws, known, families)
        yield from unchanged.values()
        tagged, families = set(aws.tagged("ecs", cls)), sorted({*families} - unchanged.keys())
        recorded = {str(one.id): str(one.outputs["arn"]) for one in aws.knowledge.of(cls) if one.outputs.get("arn")}
        newest = aws.each(lambda family: _newest(aws, family, recorded.get(family, "")), families)
        for family, first in zip(families, newest, strict=True):
            many = NEWEST if family in names else 0
            if first and (live := cls._registered(aws, contents, family, _looked_at(aws, family, first, tagged, many))):
                yield live
                left.pop(family, None)
            elif family in suspected and (inactive := _ours(aws, family, "INACTIVE")):
                left[family] = inactive
            elif family in names and first:
                yield Observed(family, {"family": family}, owned=False, status="ACTIVE")
        for family, arns in ((family, arns) for family, arns in left.items() if arns):
            tags, outputs = _tags(aws, arns[0]), {"arn": arns[0]}
            yield observed(aws, family, {"family": family}, tags, outputs, status="INACTIVE")

    @classmethod
    def _standing(cls, aws: Aws, known: Sequence[Mapping[str, Any]], families: Collection[str]) -> dict[str, Observed]:
        """Return the families whose newest active revision is the recorded one, and was registered as declared.

        A revision never changes: only whether it is active, and its tags.
        """
        declared = {one.resource.family for one in aws.knowledge.declarations.values() if type(one.resource) is cls}
        wanted = {fields["family"]: fields for fields in reversed(known) if fields["family"] in declared}
        found: dict[str, Observed] = {}
        for record in () if aws.include_unrecorded else aws.knowledge.of(cls):
            family, arn = str(record.id), str(record.outputs.get("arn") or "")
            fields = wanted.get(family)
            if fields is None or family not in families or not arn or record.phase != "ready":
                continue
            if aws.owns(tags := aws.tags_of(arn, dict)) and content_of(fields) == _hash(record.arguments):
                found[family] = observed(aws, family, fields, tags, {"arn": arn}, status="ACTIVE")
        unchanged = standing(aws, {family: str(live.outputs["arn"]) for family, live in found.items()})
        return {family: live for family, live in found.items() if family in unchanged}

    @staticmethod
    def _registered(
        aws: Aws, contents: Mapping[str, Mapping[str, Any]], family: str, revisions: Iterator[Revision]
    ) -> Observed | None:
        """Return the newest revision that this tool registered, and not a copy of it by a pipeline.

        Pipelines copy a revision with its tags, hash included, and change the copy: the hash alone proves nothing. If
        no revision with a known hash has exactly its content, return the oldest one that contains it, or else the
        newest copy.
        """
        copied = closest = None
        for revision in revisions:
            fields = contents.get(revision.tags.get(CONTENT_TAG, ""))
            live = observed(aws, family, revision.content, revision.tags, {"arn": revision.arn}, status="ACTIVE")
            if fields is None:
                return live
            wanted, shown = (_bare(TaskDefinition.held(content)) for content in (_normal(fields), revision.content))
            if wanted == shown:
                return replace(live, attributes=_with_variables(fields, revision.content))
            copied = copied or live
            if _within(wanted, shown):
                # AWS may start to add members to all revisions: then the oldest one with a hash is the original
                closest = replace(live, attributes=_with_variables(fields, revision.content))
        return closest or copied

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        if (found := _active(aws, id)) is None:
            return None
        return observed(aws, id, found.content, found.tags, {"arn": found.arn}, status="ACTIVE")

    def create(self, aws: Aws, token: str) -> Observed:
        tags = aws.tags(self.address) | {CONTENT_TAG: content_of(self.fields())}
        made = aws.client("ecs").register_task_definition(
            **{name: value for name, value in members.arguments(_NAMES, self.fields()).items() if value is not None},
            tags=tag_pairs(tags, "key", "value"),
        )["taskDefinition"]
        aws.note_tags(made["taskDefinitionArn"], tags)
        aws.deleted.discard(self.family)
        outputs = {"arn": made["taskDefinitionArn"]}
        return Observed(self.family, self.fields(), outputs, address=self.address, status="ACTIVE")

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # AWS keeps deregistered revisions for ever, and deletes at most 10 in a call
        found = [str(live.outputs["arn"])] if live.status == "ACTIVE" and live.outputs.get("arn") else []
        # the revision that was found is deleted even if this list, which may lag, does not show it
        active, failures = list(dict.fromkeys([*_ours(aws, live.id, "ACTIVE"), *found])), []
        for group in batches([*active, *_ours(aws, live.id, "INACTIVE")], 10):
            for arn in (arn for arn in group if arn in active):
                # a revision that stays active after a lost answer is listed again; an inactive one would be left half
                # deleted
                with suppress(OutcomeUnknown):
                    aws.client("ecs").deregister_task_definition(taskDefinition=arn)
            failures += aws.client("ecs").delete_task_definitions(taskDefinitions=group)["failures"]
        if not failures:
            aws.deleted.add(live.id)

    @classmethod
    def shown(cls, changes: Changes) -> Changes:
        """Hide the containers' variables that look like secrets."""
        if (one := changes.get(CONTAINERS)) is None:
            return changes
        return {**changes, CONTAINERS: Change(*without_secret_variables(one.old, one.new))}


_NAMES = {
    "family": "family",
    "requires_compatibilities": "requiresCompatibilities",
    "network_mode": "networkMode",
    "cpu": "cpu",
    "memory": "memory",
    "execution_role_arn": "executionRoleArn",
    "task_role_arn": "taskRoleArn",
    "runtime_platform": "runtimePlatform",
    "container_definitions": "containerDefinitions",
    "volumes": "volumes",
    STORAGE: "ephemeralStorage",
}
"""The fields' names in RegisterTaskDefinition."""


def content_of(fields: Mapping[str, Any]) -> str:
    """Return the hash of a task definition's fields, independent of the order of their keys.

    Some readers of tags may not read task definitions: so it includes only the state's digest of the variables' values.
    """
    return _hash(TaskDefinition.held(fields))


def _hash(fields: Mapping[str, Any]) -> str:
    # without fields that are not set: a field that a newer version of this tool adds changes no hash
    said = {name: value for name, value in fields.items() if value is not None}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _by_content(known: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return fields by their hash, and by the hash of earlier versions, which included the variables' values.

    For equal hashes the first fields count: declared ones come before recorded ones, which have no values.
    """
    return {hash_of(fields): fields for hash_of in (_hash, content_of) for fields in reversed(known)}


def _with_variables(fields: Mapping[str, Any], shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return fields with the variables' values of the revision shown: recorded fields have no values."""
    values = {
        (container["name"], one["name"]): one["value"]
        for container in shown["container_definitions"]
        for one in container.get("environment", ())
    }
    containers = [
        {**one, "environment": [variable | {"value": values[one["name"], variable["name"]]} for variable in named]}
        if (named := [variable for variable in one.get("environment", ()) if "name" in variable])
        else one
        for one in fields["container_definitions"]
    ]
    # older records do not have all fields
    return {**fields, STORAGE: shown.get(STORAGE), CONTAINERS: containers}


@dataclass(frozen=True)
class Revision:
    """One revision: its content without AWS's additions, its tags, and whether it is active."""

    arn: str
    content: Mapping[str, Any]
    tags: Mapping[str, str]
    active: bool = True


def _described(aws: Aws, name: str) -> Revision:
    """Return a revision by its ARN, or a family's newest active one by the family's name."""
    answer = aws.client("ecs").describe_task_definition(taskDefinition=name, include=["TAGS"])
    shown = answer["taskDefinition"]
    content = {field: shown[name] for field, name in _NAMES.items() if name in shown}
    tags, active = tag_map(answer.get("tags"), "key", "value"), shown.get("status", "ACTIVE") == "ACTIVE"
    return Revision(shown["taskDefinitionArn"], _normal(content), tags, active)


def _active(aws: Aws, family: str) -> Revision | None:
    """Return a family's newest active revision, if it has one."""
    try:
        return _described(aws, family)
    except ClientError as error:
        if not not_found(error, "ecs"):
            raise
        return None


def _newest(aws: Aws, family: str, recorded: str) -> Revision | None:
    """Return a family's newest active revision, if it has one; or the recorded one, if only ours are newer.

    Newer ones of ours were withdrawn: their deployment failed, or was rolled back.
    """
    first = _active(aws, family)
    if first is None or recorded in ("", first.arn) or not aws.owns(first.tags):
        return first
    try:
        before = _described(aws, recorded)
    except ClientError as error:
        if not not_found(error, "ecs"):
            raise
        return first
    return before if before.active and aws.owns(before.tags) else first


def _looked_at(aws: Aws, family: str, first: Revision, tagged: Collection[str], many: int) -> Iterator[Revision]:
    """Yield a family's revisions that carry this stack's tags, newest first, reading each only when it is needed.

    If the newest is a copy, deregistered ones count as well, unless the declared revision is to run again: pipelines
    deregister the revisions that they replace, and their deployments are to stay.

    Args:
        first: the newest one.
        tagged: the ARNs that the tagging API shows as this stack's.
        many: how many of the newest are read even if the tagging API does not show them.
    """
    if aws.owns(first.tags):
        yield first
    arns = revisions(aws, family)
    if not aws.redeploy:
        arns = sorted([*arns, *revisions(aws, family, "INACTIVE")], key=_number, reverse=True)
    for number, arn in enumerate(arns):
        if arn != first.arn and (number < many or arn in tagged):
            revision = _described(aws, arn)
            if aws.owns(revision.tags):
                yield revision


def _normal(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return AWS's or declared fields in a common form, in which they can be compared."""
    return {
        **content,
        # shown in another order than they were registered in (terraform-provider-aws#36029, aws-cdk#20732)
        "container_definitions": _by_name(map(_container, content["container_definitions"]), "name"),
        "volumes": [_without_empty(volume) for volume in content.get("volumes", ())],
        STORAGE: content.get(STORAGE),
    }


def _bare(value: Any) -> Any:
    """Return a value without members that are false or empty, and with sets in a fixed order."""
    if isinstance(value, Mapping):
        bare = {key: _bare(item) for key, item in value.items()}
        for key in TaskDefinition.unordered & bare.keys():
            bare[key] = sorted(bare[key], key=repr)
        return {key: item for key, item in bare.items() if item not in ([], {}, None, False)}
    return [_bare(item) for item in value] if isinstance(value, (list, tuple)) else value


def _within(wanted: Any, shown: Any) -> bool:
    """Say whether the shown value contains everything that is wanted; it may contain more."""
    if isinstance(wanted, Mapping):
        return isinstance(shown, Mapping) and all(key in shown and _within(wanted[key], shown[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(shown, list) and len(wanted) == len(shown) and all(map(_within, wanted, shown))
    return bool(wanted == shown)


def _families(aws: Aws, names: Collection[str]) -> set[str]:
    """Return the families that may exist in this stack: these names, and families that carry its tags.

    For a family that is not recorded, or that this run deleted, a list tells whether it exists, if its name has the
    stack's prefix. If a closer look is wanted, all listed families with the stack's prefix are added.
    """
    tagged = [arn for arn in aws.tagged("ecs", TaskDefinition) if ":task-definition/" in arn]
    possible = {*names, *(arn.rpartition("/")[2].rpartition(":")[0] for arn in tagged)}
    search = {"familyPrefix": f"{aws.name}-", "status": "ACTIVE"}
    certain = {*aws.recorded(TaskDefinition)} - aws.deleted
    uncertain = {name for name in possible - certain if name.startswith(search["familyPrefix"])}
    if not aws.include_unrecorded and not uncertain:
        return possible
    listed = {*aws.pages("ecs", "list_task_definition_families", "families", **search)}
    return (possible - uncertain) | (listed if aws.include_unrecorded else listed & uncertain)


def revisions(aws: Aws, family: str, status: str = "ACTIVE") -> list[str]:
    """Return the ARNs of a family's revisions, newest first."""
    which = {"familyPrefix": family, "status": status, "sort": "DESC"}
    return [*aws.pages("ecs", "list_task_definitions", "taskDefinitionArns", **which)]


def _number(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def _ours(aws: Aws, family: str, status: str) -> list[str]:
    return [arn for arn in revisions(aws, family, status) if aws.owns(_tags(aws, arn))]


def _half_removed(aws: Aws, names: Collection[str]) -> dict[str, list[str]]:
    """Return this stack's INACTIVE revisions by family: a teardown was interrupted between deregister and delete.

    A family without any is included with an empty list.
    """
    # this list also has families with active revisions
    search = {"familyPrefix": f"{aws.name}-", "status": "INACTIVE"}
    families = {*aws.pages("ecs", "list_task_definition_families", "families", **search)}
    families |= {name for name in names if not name.startswith(search["familyPrefix"])}
    left = sorted(families - aws.deleted)
    inactive = aws.each(lambda family: _ours(aws, family, "INACTIVE"), left)
    return dict(zip(left, inactive, strict=True))


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    return aws.tags_of(arn, lambda: _described(aws, arn).tags)


def _container(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container definition in the form of a declaration: without defaults, lists of names in order."""
    container = {k: v for k, v in _without_empty(shown).items() if (k, v) != ("cpu", 0)}
    for key, name in (("environment", "name"), ("secrets", "name"), ("dependsOn", "containerName")):
        if key in container:
            container[key] = _by_name(container[key], name)
    if capabilities := container.get("linuxParameters", {}).get("capabilities"):
        # Sets, which AWS shows in any order.
        listed = {key: sorted(names) for key, names in capabilities.items()}
        container["linuxParameters"] = container["linuxParameters"] | {"capabilities": listed}
    if "portMappings" in container:
        # With awsvpc the host's port is the container's.
        container["portMappings"] = [
            {"containerPort": port["containerPort"], "protocol": port.get("protocol", "tcp")}
            for port in container["portMappings"]
        ]
    return container


def _by_name(values: Iterable[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    return sorted(values, key=lambda one: str(one.get(name, "")))


def _without_empty(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a structure without members that AWS shows empty, at any depth: many of them were never set."""
    inner = {k: _without_empty(v) if isinstance(v, Mapping) else v for k, v in shown.items()}
    return {key: value for key, value in inner.items() if value not in ([], {}, None)}
