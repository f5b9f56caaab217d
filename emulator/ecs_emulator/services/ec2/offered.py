"""Requests of EC2 whose members have their effect here, and the refusal of members that have none."""

from __future__ import annotations

from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import ServiceError, wrap
from ecs_emulator.rules import offered
from ecs_emulator.services.ec2.tagging import once


@wrap(EC2Response, "call_action")
def call_action(original: Any, self: Any) -> TYPE_RESPONSE:
    """Refuse a request with a member that would have no effect."""
    words = offered.words("ec2", self._get_action(), self.params)
    if not words or self.params.get("DryRun"):
        answer: TYPE_RESPONSE = original(self)
        return answer
    refused: TYPE_RESPONSE = self.serialized(ActionResult(ServiceError("InvalidParameterValue", words)))
    return refused


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
