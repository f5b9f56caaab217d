"""Local Zones: an account sees them after it has opted in, and few services are there."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import add, on_reset, refuse, wrap

LOCAL = "local-zone"
_opted_in: set[str] = set()
on_reset(_opted_in.clear)

for _name, _region, _id in (
    ("ap-northeast-1-tpe-1a", "ap-northeast-1", "apne1-tpe1-az1"),
    ("us-west-2-lax-1a", "us-west-2", "usw2-lax1-az1"),
):
    RegionsAndZonesBackend.zones[_region].append(Zone(_name, _region, _id, LOCAL))


def group_of(zone: Any) -> str:
    """Return the name of a zone's group: of a Local Zone, its name without the letter."""
    return str(zone.name[:-1] if zone.zone_type == LOCAL else f"{zone.region_name}-zg-1")


def opt_in_status(zone: Any) -> str:
    """Return the opt-in status of a zone (API reference, AvailabilityZone, optInStatus)."""
    if zone.zone_type != LOCAL:
        return "opt-in-not-required"
    return "opted-in" if group_of(zone) in _opted_in else "not-opted-in"


@wrap(EC2Backend, "describe_availability_zones")
def describe_availability_zones(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeAvailabilityZones: leave out the Local Zones that the account has not opted in to."""
    return [zone for zone in original(self, *args, **kwargs) if opt_in_status(zone) != "not-opted-in"]


@wrap(EC2Response, "describe_availability_zones")
def describe_all_zones(original: Any, self: Any) -> Any:
    """DescribeAvailabilityZones: with AllAvailabilityZones, show the others too."""
    if not self._get_param("AllAvailabilityZones"):
        return original(self)
    names, ids = self._get_param("ZoneNames", []), self._get_param("ZoneIds", [])
    zones = RegionsAndZonesBackend.describe_availability_zones(self.ec2_backend, None, names, ids)
    return ActionResult({"AvailabilityZones": zones})


@add(EC2Response, "modify_availability_zone_group")
def modify_availability_zone_group(self: Any) -> ActionResult:
    """ModifyAvailabilityZoneGroup: opt in to a group; only AWS Support opts out again (API reference)."""
    name = self._get_param("GroupName")
    known = {group_of(zone) for zone in RegionsAndZonesBackend.zones[self.region] if zone.zone_type == LOCAL}
    if name not in known:
        refuse("InvalidParameterValue", f"The availability zone group {name} is not valid.")
    if self._get_param("OptInStatus") != "opted-in":
        refuse("OptInRequired", f"To opt out of {name}, contact AWS Support.")
    _opted_in.add(name)
    return ActionResult({"Return": True})
