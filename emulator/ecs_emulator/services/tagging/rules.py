"""The Resource Groups Tagging API: every taggable resource type of the stack, filtered.

Auto Scaling groups and IAM roles are left out as on AWS ("Services that support the Resource Groups Tagging API":
GetResources returns nothing for them).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import iter_taggable_backends, make_tag_matcher, match_resource_type
from moto.core.responses import ActionResult
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.rules.characters import storable
from ecs_emulator.services.apis import SIGNED, part

Row = tuple[str, dict[str, str], str]

# Moto's own lists of these are incomplete, slow or of another store.
_OWN = ("ecs", "ssm", "elasticloadbalancing", "elasticfilesystem", "rds", "elasticache", "logs")


def _moto(account: str, region: str) -> Iterator[Row]:
    for backend in iter_taggable_backends(account, region):
        if backend.SERVICE_NAMESPACE not in _OWN:
            for item in backend.iter_tagged_resources():
                yield item.arn, dict(item.tags), item.resource_type


def rows(account: str, region: str) -> list[Row]:
    """Return every tagged resource of a Region, sorted by ARN."""
    found: dict[str, Row] = {}
    own = [tags.rows for name in SIGNED if (tags := part(name, "tags")) and hasattr(tags, "rows")]
    for source in (_moto, *own):
        for row in source(account, region):
            if row[1]:
                found[row[0]] = row
    return [found[arn] for arn in sorted(found)]


@replace(ResourceGroupsTaggingAPIResponse, "get_resources")
def get_resources(self: Any) -> ActionResult:
    """GetResources: return tagged resources only."""
    if self._get_param("ResourceARNList") and (self._get_param("TagFilters") or self._get_param("ResourceTypeFilters")):
        refuse("InvalidParameterException", "ResourceARNList cannot be specified with filters or pages")
    if len(self._get_param("TagFilters", [])) > 50:
        refuse("InvalidParameterException", "TagFilters can have at most 50 entries")
    matches = make_tag_matcher(self._get_param("TagFilters", []))
    types, arns = self._get_param("ResourceTypeFilters", []), self._get_param("ResourceARNList", [])
    shown = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        for arn, tags, resource_type in rows(self.current_account, self.region)
        if matches(tags) and match_resource_type(resource_type, types) and (not arns or arn in arns)
    ]
    return ActionResult({"ResourceTagMappingList": shown, "PaginationToken": ""})


@wrap(ResourceGroupsTaggingAPIResponse, "tag_resources")
def tag_resources(original: Any, self: Any) -> Any:
    """TagResources: refuse characters that XML does not allow, which the resource's service could not show."""
    if not all(map(storable, itertools.chain(*self._get_param("Tags", {}).items()))):
        refuse("InvalidParameterException", "Tags have a character that XML does not have.")
    return original(self)


@replace(ResourceGroupsTaggingAPIResponse, "get_tag_keys")
def get_tag_keys(self: Any) -> ActionResult:
    """GetTagKeys: return each key once, even if many resources have it."""
    keys = {key for _, tags, _ in rows(self.current_account, self.region) for key in tags}
    return ActionResult({"TagKeys": sorted(keys), "PaginationToken": ""})


@replace(ResourceGroupsTaggingAPIResponse, "get_tag_values")
def get_tag_values(self: Any) -> ActionResult:
    """GetTagValues: return each value once."""
    key = self._get_param("Key")
    values = {tags[key] for _, tags, _ in rows(self.current_account, self.region) if key in tags}
    return ActionResult({"TagValues": sorted(values), "PaginationToken": ""})
