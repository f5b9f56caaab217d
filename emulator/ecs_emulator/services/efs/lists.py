"""EFS's lists, in pages: their tokens and sizes are in the query, which the pages of other services are not."""

from __future__ import annotations

import json
from typing import Any

from moto.efs.responses import EFSResponse

from ecs_emulator.paging import Listing, listings, page
from ecs_emulator.patch import replace

_JSON = {"Content-Type": "application/json"}


def _asked(response: Any, listing: Listing) -> dict[str, Any]:
    """Return the members of a request's query that are given."""
    names = ("FileSystemId", "MountTargetId", "AccessPointId", "CreationToken", listing.token, listing.limit)
    return {name: value for name in names if (value := response._get_param(name))}


def _shown(response: Any, operation: str, listed: Any) -> Any:
    listing = listings("efs")[operation]
    request = _asked(response, listing)
    return json.dumps(page(listing, request, lambda: {listing.keys[0]: listed(request)})), _JSON


@replace(EFSResponse, "describe_file_systems")
def describe_file_systems(self: Any) -> Any:
    """DescribeFileSystems: list all file systems, or one by its id or token."""

    def listed(request: dict[str, Any]) -> list[Any]:
        _, found = self.efs_backend.describe_file_systems(
            max_items=1_000_000,
            creation_token=request.get("CreationToken"),
            file_system_id=request.get("FileSystemId"),
        )
        return [one.info_json() for one in found]

    return _shown(self, "DescribeFileSystems", listed)


@replace(EFSResponse, "describe_mount_targets")
def describe_mount_targets(self: Any) -> Any:
    """DescribeMountTargets: list the mount targets of a file system or an access point, or one by its id."""

    def listed(request: dict[str, Any]) -> list[Any]:
        _, found = self.efs_backend.describe_mount_targets(
            1_000_000,
            request.get("FileSystemId"),
            request.get("MountTargetId"),
            request.get("AccessPointId"),
            None,
        )
        return [one.info_json() for one in found]

    return _shown(self, "DescribeMountTargets", listed)


@replace(EFSResponse, "describe_access_points")
def describe_access_points(self: Any) -> Any:
    """DescribeAccessPoints: list all access points, the ones of a file system, or one by its id."""

    def listed(request: dict[str, Any]) -> list[Any]:
        found = self.efs_backend.describe_access_points(request.get("AccessPointId"), request.get("FileSystemId"))
        return [one.info_json() for one in found]

    return _shown(self, "DescribeAccessPoints", listed)
