"""VPC endpoints: their services, states, interfaces, routes and conflicts."""

from __future__ import annotations

import json
import secrets
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES, VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_vpc_ep_id

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.ec2 import texts
from ecs_emulator.services.ec2.interfaces import create_interface, remove
from ecs_emulator.services.ec2.tagging import once
from ecs_emulator.services.ec2.zones import LOCAL

_NO_SERVICE = "The Vpc Endpoint Service '{}' does not exist"

_SPARSE_ZONE = "use1-az3"
_GATEWAYS = ("s3", "dynamodb")
# Regions opened since 2024 have no ec2messages (Systems Manager guide, ec2messages, ssmmessages, and other APIs).
_WITHOUT_EC2MESSAGES = ("ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1")
_WITHOUT_POLICY = ("ecs-agent", "ecs-telemetry")  # awsdocs/amazon-ecs-developer-guide#55
_WITHOUT_SERVICE = ("Resource", "ServiceNetwork")
"""The types of VPC Lattice's endpoints: DescribeVpcEndpoints gives no ServiceName for them (its reference)."""
_PRIVATE_NAMES = {
    "ecr.api": "api.ecr.{}",
    "ecr.dkr": "*.dkr.ecr.{}",
    "ecs-agent": "ecs-a.{}",
    "ecs-telemetry": "ecs-t.{}",
}

once("create_vpc_endpoint")


def _zones(ec2: Any) -> list[str]:
    zones = [zone for zone in ec2.describe_availability_zones() if zone.zone_type != LOCAL]
    return [zone.name for zone in zones if zone.zone_id != _SPARSE_ZONE]


def private_name(service: str, region: str) -> str:
    """Return the public name that private DNS takes over, as `logs.ap-northeast-1.amazonaws.com`."""
    return _PRIVATE_NAMES.get(service, service + ".{}").format(region) + ".amazonaws.com"


def services(ec2: Any) -> list[dict[str, Any]]:
    """Return AWS's own services, for DescribeVpcEndpointServices; S3 and DynamoDB as both Gateway and Interface."""
    region = ec2.region_name
    found = []
    retired = {"ec2messages"} if region in _WITHOUT_EC2MESSAGES else set()
    for service in sorted({*AWS_ENDPOINT_SERVICES, "dynamodb"} - retired):
        for service_type in ("Gateway", "Interface") if service in _GATEWAYS else ("Interface",):
            entry: dict[str, Any] = {
                "ServiceName": f"com.amazonaws.{region}.{service}",
                "ServiceId": f"vpce-svc-{abs(hash((region, service, service_type))) % 16**17:017x}",
                "ServiceType": [{"ServiceType": service_type}],
                "AvailabilityZones": _zones(ec2),
                "Owner": "amazon",
                "BaseEndpointDnsNames": [f"{service}.{region}.vpce.amazonaws.com"],
                "VpcEndpointPolicySupported": service not in _WITHOUT_POLICY,
                "AcceptanceRequired": False,
                "ManagesVpcEndpoints": False,
                "Tags": [],
            }
            if service_type == "Interface":
                name = private_name(service, region)
                entry |= {"PrivateDnsName": name, "PrivateDnsNames": [{"PrivateDnsName": name}]}
                entry["PrivateDnsNameVerificationState"] = "verified"
            found.append(entry)
    return found


@replace(EC2Response, "describe_vpc_endpoint_services")
def describe_vpc_endpoint_services(self: Any) -> ActionResult:
    """DescribeVpcEndpointServices: support service names; filters come later (`filters`)."""
    known = services(self.ec2_backend)
    for name in self._get_param("ServiceNames", []):
        if name not in {service["ServiceName"] for service in known}:
            refuse("InvalidServiceName", _NO_SERVICE.format(name))
    names = self._get_param("ServiceNames", [])
    chosen = [service for service in known if not names or service["ServiceName"] in names]
    names_shown = list(dict.fromkeys(service["ServiceName"] for service in chosen))
    return ActionResult({"ServiceNames": names_shown, "ServiceDetails": chosen})


@replace(EC2Backend, "create_vpc_endpoint")
def create_vpc_endpoint(
    self: Any,
    vpc_id: str,
    service_name: Any,
    endpoint_type: str | None,
    policy_document: str | None,
    route_table_ids: list[str],
    subnet_ids: list[str] | None = None,
    network_interface_ids: list[str] | None = None,
    dns_entries: dict[str, str] | None = None,
    client_token: str | None = None,
    security_group_ids: list[str] | None = None,
    tags: dict[str, str] | None = None,
    private_dns_enabled: bool | None = None,
) -> VPCEndPoint:
    """CreateVpcEndpoint: check as AWS does; only an interface endpoint is `pending` first."""
    service_type = endpoint_type or "Gateway"
    vpc = self.get_vpc(vpc_id)
    if service_type not in _WITHOUT_SERVICE:
        _check_service(self, service_name, service_type)
    _check_policy(self, service_name, policy_document)
    endpoint = VPCEndPoint(  # type: ignore[abstract]
        self, random_vpc_ep_id(), vpc_id, service_name, service_type, policy_document, [], [], tags=tags, dns_entries=[]
    )
    if service_type == "Gateway":
        endpoint.private_dns_enabled = False
        endpoint.destination_prefix_list_id = _prefix_list(self, service_name)
        self.vpc_end_points[endpoint.id] = endpoint
        try:
            for table_id in route_table_ids:
                _add_route(self, endpoint, table_id)
        except Exception:
            _drop(self, endpoint)
            raise
        return endpoint
    groups = security_group_ids or [self.get_default_security_group(vpc_id).id]
    subnets = [_usable_subnet(self, vpc_id, service_name, subnet_id) for subnet_id in subnet_ids or []]
    _check_zones(subnets)
    _check_groups(self, groups)
    endpoint.private_dns_enabled = bool(private_dns_enabled)
    if private_dns_enabled and service_name:
        _check_private_dns(self, vpc, service_name)
    endpoint.security_group_ids = list(groups)
    endpoint.state = "pending"
    endpoint.ready_at = later(durations.ENDPOINT_CREATE)  # type: ignore[attr-defined]
    for subnet in subnets:
        _add_interface(self, endpoint, subnet)
    _name(self, endpoint)
    self.vpc_end_points[endpoint.id] = endpoint
    return endpoint


def _check_service(ec2: Any, name: str | None, service_type: str) -> None:
    service_types = [entry["ServiceType"][0]["ServiceType"] for entry in services(ec2) if entry["ServiceName"] == name]
    if not service_types:
        refuse("InvalidServiceName", _NO_SERVICE.format(name))
    if service_type not in service_types:
        supported = ", ".join(service_types)
        refuse(
            "InvalidParameter",
            f"VpcEndpointType ({service_type}) does not match endpoint service supported types ([{supported}]).",
        )


def _check_policy(ec2: Any, service_name: Any, document: str | None) -> None:
    """Refuse a malformed or unsupported policy (refusal: awslabs/landing-zone-accelerator-on-aws#224)."""
    if not document:
        return
    shown = [entry for entry in services(ec2) if entry["ServiceName"] == service_name]
    if not all(entry["VpcEndpointPolicySupported"] for entry in shown):
        refuse("InvalidParameter", f"Service {service_name} only supports the full-access endpoint policy.")
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, KeyError, TypeError):
        statements = None
    if not statements:
        refuse("InvalidPolicyDocument", "The policy document is not a valid JSON policy document.")


def _usable_subnet(ec2: Any, vpc_id: str, service_name: str | None, subnet_id: str) -> Any:
    subnet = ec2.get_subnet(subnet_id)
    if subnet.vpc_id != vpc_id:
        refuse("InvalidParameter", f"The subnet ID '{subnet_id}' does not belong to the VPC '{vpc_id}'")
    if subnet.availability_zone not in _zones(ec2):
        refuse(
            "InvalidParameter",
            f"The VPC endpoint service {service_name} does not support the availability zone of the subnet: "
            f"{subnet_id}.",
        )
    return subnet


def _check_zones(subnets: list[Any]) -> None:
    zones = [subnet.availability_zone for subnet in subnets]
    for subnet in subnets:
        if zones.count(subnet.availability_zone) > 1:
            refuse(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet.id}.",
            )


def _check_groups(ec2: Any, groups: list[str]) -> None:
    for group_id in groups:
        if ec2.get_security_group_from_id(group_id) is None:
            refuse("InvalidGroup.NotFound", texts.NO_SECURITY_GROUP.format(group_id))


def _check_private_dns(ec2: Any, vpc: Any, service_name: str) -> None:
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        refuse(
            "InvalidParameter",
            texts.PRIVATE_DNS_NEEDS.format(vpc.id),
        )
    settle(ec2)
    for other in ec2.vpc_end_points.values():
        if other.vpc_id == vpc.id and other.service_name == service_name and other.private_dns_enabled:
            name = private_name(service_name.split(".", 3)[3], ec2.region_name)
            refuse(
                "InvalidParameter",
                f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name} in "
                f"the VPC {vpc.id}",
            )


def _add_interface(ec2: Any, endpoint: Any, subnet: Any) -> None:
    interface = create_interface(
        ec2,
        subnet,
        endpoint.security_group_ids,
        f"VPC Endpoint Interface {endpoint.id}",
        "amazon-aws",
        interface_type="vpc_endpoint",
    )
    endpoint.subnet_ids.append(subnet.id)
    endpoint.network_interface_ids.append(interface.id)


def _drop_interface(ec2: Any, endpoint: Any, subnet_id: str) -> None:
    for interface_id in list(endpoint.network_interface_ids):
        interface = ec2.enis.get(interface_id)
        if interface is not None and interface.subnet.id == subnet_id:
            remove(ec2, interface)
            endpoint.network_interface_ids.remove(interface_id)
            endpoint.subnet_ids.remove(subnet_id)


def _name(ec2: Any, endpoint: Any) -> None:
    if endpoint.service_name is None:
        return
    service, region = endpoint.service_name.split(".", 3)[3], ec2.region_name
    label, zone_id = f"{endpoint.id}-{secrets.token_hex(4)}", f"Z{secrets.token_hex(8).upper()[:13]}"
    zones = [ec2.get_subnet(subnet_id).availability_zone for subnet_id in endpoint.subnet_ids]
    names = [label, *(f"{label}-{zone}" for zone in zones)]
    entries = [{"dns_name": f"{n}.{service}.{region}.vpce.amazonaws.com", "hosted_zone_id": zone_id} for n in names]
    if endpoint.private_dns_enabled:
        entries.append({"dns_name": private_name(service, region), "hosted_zone_id": "ZONEIDPENDING"})
    endpoint.dns_entries = entries


def _prefix_list(ec2: Any, service_name: str) -> str:
    return next(str(entry.id) for entry in ec2.managed_prefix_lists.values() if entry.prefix_list_name == service_name)


def _add_route(ec2: Any, endpoint: Any, table_id: str) -> None:
    table, target = ec2.get_route_table(table_id), endpoint.destination_prefix_list_id
    if any(route.destination_prefix_list_id == target for route in table.routes):
        refuse(
            "RouteAlreadyExists",
            f"route table {table_id} already has a route with destination-prefix-list-id {target}",
        )
    ec2.create_route(table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=target)
    endpoint.route_table_ids.append(table_id)


def _drop_route(ec2: Any, endpoint: Any, table_id: str) -> None:
    if table_id in ec2.route_tables:
        ec2.delete_route(table_id, None, destination_prefix_list_id=endpoint.destination_prefix_list_id)
    endpoint.route_table_ids.remove(table_id)


def _drop(ec2: Any, endpoint: Any) -> None:
    for table_id in list(endpoint.route_table_ids):
        _drop_route(ec2, endpoint, table_id)
    for subnet_id in list(endpoint.subnet_ids or []):
        _drop_interface(ec2, endpoint, subnet_id)
    ec2.vpc_end_points.pop(endpoint.id, None)
    ec2.tags.pop(endpoint.id, None)


def settle(ec2: Any) -> None:
    """Complete the creations and deletions of endpoints whose time has come."""
    for endpoint in list(ec2.vpc_end_points.values()):
        if endpoint.state == "pending" and passed(endpoint.ready_at):
            endpoint.state = "available"
        elif endpoint.state == "deleting" and passed(endpoint.gone_at):
            _drop(ec2, endpoint)


@wrap(EC2Backend, "describe_vpc_endpoints")
def describe_vpc_endpoints(original: Any, self: Any, vpc_end_point_ids: Any, filters: Any = None) -> Any:
    """DescribeVpcEndpoints: show the present state; a deleted endpoint is `deleting` for a while, then gone."""
    settle(self)
    return original(self, vpc_end_point_ids, filters)


@replace(EC2Response, "delete_vpc_endpoints")
def delete_vpc_endpoints(self: Any) -> ActionResult:
    """DeleteVpcEndpoints: delete after a while; an unknown endpoint is listed in `Unsuccessful` and is no error.

    Routes of a gateway endpoint disappear at once, interfaces of an interface endpoint together with the endpoint.
    """
    ec2 = self.ec2_backend
    settle(ec2)
    failed = []
    for endpoint_id in self._get_param("VpcEndpointIds", []):
        endpoint = ec2.vpc_end_points.get(endpoint_id)
        if endpoint is None:
            message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": message}
            failed.append({"ResourceId": endpoint_id, "Error": error})
        elif endpoint.state != "deleting":
            endpoint.state, endpoint.gone_at = "deleting", later(durations.ENDPOINT_DELETE)
            for table_id in list(endpoint.route_table_ids):
                _drop_route(ec2, endpoint, table_id)
    return ActionResult({"Unsuccessful": failed})


@replace(EC2Response, "modify_vpc_endpoint")
def modify_vpc_endpoint(self: Any) -> ActionResult:
    """ModifyVpcEndpoint: change route tables and routes, subnets and interfaces, groups, policy and private DNS."""
    ec2, params = self.ec2_backend, self.params
    endpoint = ec2.describe_vpc_endpoints([params["VpcEndpointId"]])[0]
    if endpoint.state == "deleting":
        refuse("InvalidParameter", f"Endpoint {endpoint.id} is in state deleting and cannot be modified")
    for table_id in params.get("RemoveRouteTableIds", []):
        if table_id in endpoint.route_table_ids:
            _drop_route(ec2, endpoint, table_id)
    for table_id in params.get("AddRouteTableIds", []):
        if table_id not in endpoint.route_table_ids:
            _add_route(ec2, endpoint, table_id)
    _modify_groups(ec2, endpoint, params.get("AddSecurityGroupIds", []), params.get("RemoveSecurityGroupIds", []))
    _modify_subnets(ec2, endpoint, params.get("AddSubnetIds", []), params.get("RemoveSubnetIds", []))
    _modify_private_dns(ec2, endpoint, params.get("PrivateDnsEnabled"))
    if params.get("PolicyDocument"):
        _check_policy(ec2, endpoint.service_name, params["PolicyDocument"])
        endpoint.policy_document = params["PolicyDocument"]
    if params.get("ResetPolicy") and endpoint.vpc_endpoint_type == "Gateway":
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
    return ActionResult({"Return": True})


def _modify_subnets(ec2: Any, endpoint: Any, added: list[str], removed: list[str]) -> None:
    for subnet_id in removed:
        _drop_interface(ec2, endpoint, subnet_id)
    fresh = [name for name in added if name not in endpoint.subnet_ids]
    subnets = [_usable_subnet(ec2, endpoint.vpc_id, endpoint.service_name, subnet_id) for subnet_id in fresh]
    _check_zones([*(ec2.get_subnet(subnet_id) for subnet_id in endpoint.subnet_ids or []), *subnets])
    for subnet in subnets:
        _add_interface(ec2, endpoint, subnet)


def _modify_private_dns(ec2: Any, endpoint: Any, wanted: bool | None) -> None:
    if wanted is None or wanted == endpoint.private_dns_enabled:
        return
    if wanted:
        _check_private_dns(ec2, ec2.get_vpc(endpoint.vpc_id), endpoint.service_name)
    endpoint.private_dns_enabled = wanted
    _name(ec2, endpoint)


def _modify_groups(ec2: Any, endpoint: Any, added: list[str], removed: list[str]) -> None:
    _check_groups(ec2, added)
    kept = [group for group in endpoint.security_group_ids if group not in removed]
    endpoint.security_group_ids = [*kept, *(group for group in added if group not in kept)]
    for interface_id in endpoint.network_interface_ids:
        ec2.enis[interface_id]._group_set = [
            ec2.get_security_group_from_id(group_id) for group_id in endpoint.security_group_ids
        ]
