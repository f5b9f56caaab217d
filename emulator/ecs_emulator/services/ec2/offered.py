"""Members of EC2's requests without an effect here: refused by name, or left aside for a reason.

`not_offered.json` has those that are refused, by operation; `tests/cloud/members.py` finds them in the code. A member
that says nothing (false, empty), or what AWS does without it, is no reason to refuse a request.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import ServiceError, wrap
from ecs_emulator.services.ec2.tagging import once

TABLE: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("not_offered.json").read_text(encoding="utf-8"),
)
USUAL: dict[str, Any] = {
    "Attribute": "createVolumePermission",
    "AvailabilityMode": "zonal",
    "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
    "InterfaceType": "interface",
    "IpAddressType": "ipv4",
    "KeyFormat": "pem",
    "MaintenanceOptions": {"AutoRecovery": "default"},
    "PrivateDnsHostnameTypeOnLaunch": "ip-name",
}
"""Values that AWS takes without a member (API references, Default)."""
_MANAGED = "no resource is managed by another service here"
_AT_ONCE = "states change at once, or by the clock, without a guest that could refuse"
IGNORED: dict[str, dict[str, str]] = {
    "CopySnapshot": dict.fromkeys(("DestinationRegion", "PresignedUrl"), "added by the SDKs, for their own call"),
    "CreateImage": {"NoReboot": "an instance does not reboot for an image"},
    "CreateVpcEndpoint": {"ResourceConfigurationArn": "an endpoint of a resource is shown without a service's name"},
    "DescribeAddressesAttribute": {"Attribute": "there is one"},
    "DescribeImages": dict.fromkeys(("IncludeDeprecated", "IncludeDisabled"), "no image is deprecated or disabled"),
    "DescribeInstanceStatus": {"IncludeManagedResources": _MANAGED},
    "DescribeInstances": {"IncludeManagedResources": _MANAGED},
    "DescribeLaunchTemplateVersions": {"IncludeManagedResources": _MANAGED},
    "DescribeLaunchTemplates": {"IncludeManagedResources": _MANAGED},
    "DescribeNetworkInterfaces": {"IncludeManagedResources": _MANAGED},
    "DescribeRegions": {"AllRegions": "all Regions are enabled"},
    "DescribeReservedInstances": dict.fromkeys(("OfferingClass", "OfferingType"), "there are none"),
    "DescribeSpotPriceHistory": dict.fromkeys(("StartTime", "EndTime"), "there is one price of each, that of now"),
    "DescribeVolumes": {"IncludeManagedResources": _MANAGED},
    "DescribeVolumesModifications": {"IncludeManagedResources": _MANAGED},
    "DetachNetworkInterface": {"Force": _AT_ONCE},
    "DetachVolume": {"Force": _AT_ONCE},
    "ModifyImageAttribute": {"Attribute": "the other members say it too"},
    "RunInstances": {"AdditionalInfo": "reserved (API reference)"},
    "StartInstances": {"AdditionalInfo": "reserved (API reference)"},
    "StopInstances": dict.fromkeys(("Force", "SkipOsShutdown"), _AT_ONCE),
    "TerminateInstances": dict.fromkeys(("Force", "SkipOsShutdown"), _AT_ONCE),
}
"""By operation, the members without an effect that are accepted, each with its reason."""


@wrap(EC2Response, "call_action")
def call_action(original: Any, self: Any) -> TYPE_RESPONSE:
    """Refuse a request with a member that would have no effect."""
    operation = self._get_action()
    asked = [name for name in TABLE.get(operation, ()) if _says(self.params.get(name), USUAL.get(name))]
    if not asked or self.params.get("DryRun"):
        answer: TYPE_RESPONSE = original(self)
        return answer
    words = f"The embedded cloud does not offer the parameter {asked[0]} of {operation}"
    refused: TYPE_RESPONSE = self.serialized(ActionResult(ServiceError("InvalidParameterValue", words)))
    return refused


def _says(value: Any, usual: Any) -> bool:
    """Return whether a value asks for anything but the usual."""
    if isinstance(value, dict) and not isinstance(usual, dict):
        return any(_says(one, usual) for one in value.values())
    return value not in (None, False, "", [], {}, 0) and value != usual


@wrap(EC2Response, "run_instances")
def run_instances(original: Any, self: Any) -> Any:
    """RunInstances: launch MaxCount instances, as there is always capacity for more than MinCount."""
    self.params = {**self.params, "MinCount": self.params.get("MaxCount", self.params.get("MinCount"))}
    return original(self)


@wrap(EC2Response, "register_image")
def register_image(original: Any, self: Any) -> Any:
    """RegisterImage: show the image as it was asked for, with its tags."""
    tags = self._parse_tag_specification().get("image", {})
    answer = original(self)
    image = self.ec2_backend.amis[answer.result["ImageId"]]
    image.architecture = self._get_param("Architecture", image.architecture)
    image.root_device_name = self._get_param("RootDeviceName", image.root_device_name)
    image.virtualization_type = self._get_param("VirtualizationType", image.virtualization_type)
    if tags:
        image.add_tags(tags)
    return answer


@wrap(EC2Response, "create_dhcp_options")
def create_dhcp_options(original: Any, self: Any) -> Any:
    """CreateDhcpOptions: give the set its tags."""
    tags = self._parse_tag_specification().get("dhcp-options", {})
    answer = original(self)
    if tags:
        self.ec2_backend.create_tags([answer.result["DhcpOptions"].id], tags)
    return answer


for _method in (
    "allocate_hosts",
    "copy_image",
    "create_carrier_gateway",
    "create_egress_only_internet_gateway",
    "create_fleet",
    "create_managed_prefix_list",
    "create_network_acl",
    "create_network_interface",
    "create_volume",
    "create_vpc_endpoint_service_configuration",
    "modify_launch_template",
    "request_spot_instances",
    "run_instances",
):
    once(_method)
