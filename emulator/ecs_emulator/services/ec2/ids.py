"""Lists of EC2 by ids: an id that is not there is refused in AWS's words, and no member that names ids is ignored.

The codes are those of the list of codes (EC2 API reference, errors-overview) and of terraform-provider-aws
(ec2/errors.go). Words that no source has follow those of their neighbours.
"""

from __future__ import annotations

from typing import Any, NoReturn, cast

from botocore import xform_name
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import ServiceError, refuse, wrap
from ecs_emulator.services.ec2 import texts
from ecs_emulator.services.ec2.answers import Listing

_NONE = "The {} ID '{{}}' does not exist"
_GONE = "Transit Gateway {}{{}} was deleted or does not exist."
_ADDRESS, _VOLUME = ("InvalidAllocationID.NotFound", _NONE.format("allocation")), "The volume '{}' does not exist."
_ATTACHED = ("InvalidTransitGatewayAttachmentID.NotFound", _GONE.format("Attachment "))
_MIRROR = ("InvalidTrafficMirror{}Id.NotFound", "trafficMirror{}")

# fmt: off
TABLE: dict[str, dict[str, tuple[str, str]]] = {
    "DescribeAddresses": {
        "PublicIps": ("InvalidAddress.NotFound", "Address '{}' not found."),
        "AllocationIds": _ADDRESS,
    },
    "DescribeAddressesAttribute": {"AllocationIds": _ADDRESS},
    "DescribeAvailabilityZones": {
        "ZoneNames": ("InvalidParameterValue", "Invalid availability zone: [{}]"),
        "ZoneIds": ("InvalidParameterValue", "Invalid availability zone-id: [{}]"),
    },
    "DescribeCarrierGateways": {
        "CarrierGatewayIds": ("InvalidCarrierGatewayID.NotFound", _NONE.format("carrierGateway"))},
    "DescribeCustomerGateways": {
        "CustomerGatewayIds": ("InvalidCustomerGatewayID.NotFound", _NONE.format("customerGateway"))},
    "DescribeDhcpOptions": {"DhcpOptionsIds": ("InvalidDhcpOptionID.NotFound", _NONE.format("dhcpOption"))},
    "DescribeFleets": {"FleetIds": ("InvalidFleetId.NotFound", _NONE.format("fleet"))},
    "DescribeHosts": {"HostIds": ("InvalidHostID.NotFound", _NONE.format("host"))},
    "DescribeIamInstanceProfileAssociations": {
        "AssociationIds": ("InvalidAssociationID.NotFound", _NONE.format("association"))},
    "DescribeInternetGateways": {
        "InternetGatewayIds": ("InvalidInternetGatewayID.NotFound", _NONE.format("internetGateway"))},
    "DescribeKeyPairs": {
        "KeyNames": ("InvalidKeyPair.NotFound", "The key pair '{}' does not exist"),
        "KeyPairIds": ("InvalidKeyPair.NotFound", _NONE.format("key pair")),
    },
    "DescribeNetworkAcls": {"NetworkAclIds": ("InvalidNetworkAclID.NotFound", _NONE.format("networkAcl"))},
    "DescribeRegions": {"RegionNames": ("InvalidParameterValue", "Invalid region: [{}]")},
    "DescribeReservedInstancesOfferings": {
        "ReservedInstancesOfferingIds": ("InvalidReservedInstancesOfferingId", _NONE.format("offering"))},
    "DescribeSecurityGroups": {
        "GroupIds": ("InvalidGroup.NotFound", texts.NO_SECURITY_GROUP),
        "GroupNames": ("InvalidGroup.NotFound", texts.NO_SECURITY_GROUP),
    },
    "DescribeSnapshots": {"SnapshotIds": ("InvalidSnapshot.NotFound", "The snapshot '{}' does not exist.")},
    "DescribeSpotFleetRequests": {
        "SpotFleetRequestIds": ("InvalidSpotFleetRequestId.NotFound", _NONE.format("spot fleet request"))},
    **{f"DescribeTrafficMirror{kind}s": {
        f"TrafficMirror{kind}Ids": (_MIRROR[0].format(kind), _NONE.format(_MIRROR[1].format(kind)))}
        for kind in ("Filter", "Session", "Target")},
    **{f"DescribeTransitGateway{kind}Attachments": {"TransitGatewayAttachmentIds": _ATTACHED}
        for kind in ("", "Peering", "Vpc")},
    "DescribeTransitGatewayRouteTables": {
        "TransitGatewayRouteTableIds": ("InvalidRouteTableID.NotFound", _GONE.format("Route Table "))},
    "DescribeTransitGateways": {"TransitGatewayIds": ("InvalidTransitGatewayID.NotFound", _GONE.format(""))},
    "DescribeVolumes": {"VolumeIds": ("InvalidVolume.NotFound", _VOLUME)},
    "DescribeVolumesModifications": {"VolumeIds": ("InvalidVolume.NotFound", _VOLUME)},
    "DescribeVpcClassicLink": {"VpcIds": ("InvalidVpcID.NotFound", texts.NO_VPC)},
    "DescribeVpcClassicLinkDnsSupport": {"VpcIds": ("InvalidVpcID.NotFound", texts.NO_VPC)},
    "DescribeVpcPeeringConnections": {
        "VpcPeeringConnectionIds": ("InvalidVpcPeeringConnectionID.NotFound", _NONE.format("vpcPeeringConnection"))},
    "DescribeVpcs": {"VpcIds": ("InvalidVpcID.NotFound", texts.NO_VPC)},
    "DescribeVpnGateways": {"VpnGatewayIds": ("InvalidVpnGatewayID.NotFound", _NONE.format("vpnGateway"))},
}
# fmt: on
"""By operation and member, the code and message for an id that nothing has.

The others have a rule of their own (instances, images), or answer what there is (egress-only internet gateways, for
which terraform-provider-aws expects no code).
"""
NARROWED = {
    "DescribeAccountAttributes": ("AttributeNames",),
    "DescribeSnapshots": ("OwnerIds",),
    "DescribeSpotPriceHistory": ("ProductDescriptions",),
}
"""Members that narrow a list, without a code for unknown names."""
PAGED = {
    "DescribeHosts": ("HostIds", "hostIdSet"),
    "DescribeImages": ("ImageIds", "imagesSet"),
    "DescribeInstanceCreditSpecifications": ("InstanceIds", "instancesSet"),
    "DescribeInstanceStatus": ("InstanceIds", "instancesSet"),
    "DescribeInstances": ("InstanceIds", "instancesSet"),
    "DescribeNetworkInterfaces": ("NetworkInterfaceIds", "networkInterfaceIdSet"),
    "DescribeSnapshots": ("SnapshotIds", "snapshotSet"),
    "DescribeVolumes": ("VolumeIds", "volumeSet"),
}
"""Lists that come in pages only without ids, and AWS's name of the ids (aws-cli#1976, aws-sdk-ruby#3028)."""


@wrap(EC2Response, "call_action")
def call_action(original: Any, self: Any) -> TYPE_RESPONSE:
    """Refuse MaxResults beside ids, where AWS does."""
    ids, name = PAGED.get(self._get_action(), ("", ""))
    asked = self.params
    if not ids or not asked.get(ids) or asked.get("MaxResults") is None or asked.get("DryRun"):
        answer: TYPE_RESPONSE = original(self)
        return answer
    words = f"The parameter {name} cannot be used with the parameter maxResults"
    refused: TYPE_RESPONSE = self.serialized(ActionResult(ServiceError("InvalidParameterCombination", words)))
    return refused


def _lay(operation: str) -> None:
    where, rows = Listing(operation), TABLE.get(operation, {})
    members = (*rows, *NARROWED.get(operation, ()))

    @wrap(EC2Response, xform_name(operation))
    def listed(original: Any, self: Any) -> Any:
        asked = {name: _named(self, name) for name in members if self.params.get(name)}
        if not asked:
            return original(self)
        try:
            answer = dict(cast(dict[str, Any], original(self).result))
        except ServiceException as error:
            _reword(original, self, rows, error)
        reader = where.reader(self)
        for member, names in asked.items():
            shown = [(one, {*reader.texts(one, where.item, (member[:-1],))}) for one in answer.get(where.key) or ()]
            missing = [name for name in names if not any(name in texts for _, texts in shown)]
            if missing and member in rows:
                code, words = rows[member]
                refuse(code, words.format(missing[0]))
            answer[where.key] = [one for one, texts in shown if texts.intersection(names)]
        return ActionResult(answer)


def _named(response: Any, member: str) -> list[str]:
    """Return the names in a member; an owner `self` is the caller's account."""
    names = [str(name) for name in response.params[member]]
    return [response.current_account if name == "self" else name for name in names] if member == "OwnerIds" else names


def _reword(original: Any, response: Any, rows: dict[str, tuple[str, str]], error: ServiceException) -> NoReturn:
    """Refuse the first id that moto does not know, as AWS words it; raise moto's error if it is about no id."""
    params = response.params
    for member, (code, words) in rows.items():
        for name in params.get(member) or ():
            response.params = {**{key: value for key, value in params.items() if key not in rows}, member: [name]}
            try:
                original(response)
            except ServiceException as alone:
                if alone.code.endswith(".NotFound"):
                    refuse(code, words.format(name))
            finally:
                response.params = params
    raise error


for _operation in dict.fromkeys((*TABLE, *NARROWED)):
    _lay(_operation)
