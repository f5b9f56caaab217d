"""The tags of one resource: each API's calls to read and write them, and the owner that they show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from provisioner.aws.api import Api, Clients, Limit, TagCalls, Tags, api_of
from provisioner.aws.errors import refused
from provisioner.aws.ownership import REGION_TAG, Ownership
from provisioner.engine.resource import Observed, Resource

NOTHING: Mapping[str, Any] = MappingProxyType({})


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> Tags:
    """Return a list of tag pairs as a mapping."""
    return {tag[key]: tag[value] for tag in tags or ()}


def observed(
    aws: Ownership,
    id: str,
    attributes: Mapping[str, Any],
    tags: Mapping[str, str],
    outputs: Mapping[str, Any] | None = None,
    *,
    status: str = "",
    deleting: bool = False,
    problems: Mapping[str, Any] = NOTHING,
    reverted: Mapping[str, str] = NOTHING,
    details: Mapping[str, Any] = NOTHING,
) -> Observed:
    """Return a resource as AWS shows it; it is this stack's if its own tags say so."""
    namesake = aws.other_owner(tags) if tags.get(REGION_TAG, aws.region) != aws.region else ""
    return Observed(
        id,
        attributes,
        outputs or {},
        aws.address_in(tags),
        aws.owns(tags),
        status,
        deleting,
        namesake,
        problems=problems,
        reverted=reverted,
        details=details,
        tags=tags,
    )


class TagsItself:
    """A resource type that reads and writes the tags of its resources with calls of its own."""

    @classmethod
    def read_tags(cls, aws: Any, live: Observed) -> Tags:
        """Return the tags of a resource."""
        raise NotImplementedError

    @classmethod
    def put_tags(cls, aws: Any, live: Observed, tags: Mapping[str, str]) -> None:
        """Put tags on a resource; they replace tags with the same keys."""
        raise NotImplementedError

    @classmethod
    def drop_tags(cls, aws: Any, live: Observed, keys: Collection[str]) -> None:
        """Remove tags from a resource by their keys."""
        raise NotImplementedError

    def own_tags(self) -> Tags:
        """Return the tags that the resource itself declares."""
        raise NotImplementedError


def taggable(resource_type: type[Resource]) -> bool:
    """Say whether resources of this type carry owner tags of their own."""
    return resource_type.has_tags and not resource_type.created_by_aws


def read(aws: Clients, resource_type: type[Resource], live: Observed) -> Tags:
    """Return the tags of a resource whose type is `taggable`."""
    if issubclass(resource_type, TagsItself):
        return resource_type.read_tags(aws, live)
    return _calls(resource_type).read(aws, named(aws, resource_type, live))


def tags_of(aws: Clients, service: str, arn: str, *, known: bool = True) -> Tags:
    """Return the tags of a resource by its ARN, from the bulk read if possible; never read it singly if not `known`."""
    api = api_of(service)
    return aws.tags_of(arn, partial(api.tags.read, aws, arn) if known and api and api.tags else dict)


def put(aws: Clients, resource_type: type[Resource], live: Observed, tags: Mapping[str, str]) -> None:
    """Put tags on a resource of a `taggable` type; they replace tags with the same keys. It can be repeated safely."""
    if issubclass(resource_type, TagsItself):
        resource_type.put_tags(aws, live, tags)
        return
    _calls(resource_type).put(aws, named(aws, resource_type, live), tags)


def drop(aws: Clients, resource_type: type[Resource], live: Observed, keys: Collection[str]) -> None:
    """Remove tags from a resource of a `taggable` type by their keys. It can be repeated safely."""
    if issubclass(resource_type, TagsItself):
        resource_type.drop_tags(aws, live, keys)
        return
    _calls(resource_type).drop(aws, named(aws, resource_type, live), sorted(keys))


def named(aws: Clients, resource_type: type[Resource], live: Observed) -> str:
    """Return the resource's name for the tag calls of its API."""
    if _calls(resource_type).by == "id":
        return live.id
    if "arn" in live.outputs or live.id.startswith("arn:") or not resource_type.arn:
        return str(live.outputs.get("arn", live.id))
    rest = resource_type.arn.format_map({**dict.fromkeys(resource_type.identity, live.id), **live.attributes})
    return f"arn:{aws.partition}:{resource_type.service}:{aws.region}:{aws.account}:{rest}"


def _calls(resource_type: type[Resource]) -> TagCalls:
    """Return the tag calls of a type's API, or the calls of the tagging API if it has none of its own."""
    api = api_of(resource_type.service)
    return (api and api.tags) or ANY_API


def _read_any(aws: Clients, arn: str) -> Tags:
    found = aws.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", ResourceARNList=[arn])
    return next((tag_map(one["Tags"]) for one in found), {})


def _put_any(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    answer = aws.client("resourcegroupstaggingapi").tag_resources(ResourceARNList=[arn], Tags=dict(tags))
    _check(answer, "TagResources")


def _drop_any(aws: Clients, arn: str, keys: Sequence[str]) -> None:
    answer = aws.client("resourcegroupstaggingapi").untag_resources(ResourceARNList=[arn], TagKeys=[*keys])
    _check(answer, "UntagResources")


def _check(answer: Mapping[str, Any], operation: str) -> None:
    for failed in answer.get("FailedResourcesMap", {}).values():
        error = {"Code": failed.get("ErrorCode", "Unknown"), "Message": failed.get("ErrorMessage", "")}
        raise refused(error, operation)


ANY_API = TagCalls("arn", _read_any, _put_any, _drop_any)
"""The tagging API, which serves most APIs by ARN; its reads lag behind (its API reference, TagResources)."""

API = Api(
    "resourcegroupstaggingapi",
    "Resource Groups Tagging",
    signing_name="tagging",
    rates=(
        Limit(
            "each",
            15,
            15,
            "https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html",
            ("GetResources",),
        ),
    ),
)
