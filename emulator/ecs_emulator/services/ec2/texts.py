"""Error messages of EC2 that several rules use; `{}` stands for a name."""

from __future__ import annotations

ADDRESSES_MAPPED = (
    "Network {} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
)
CANNOT_ASSUME_ROLE = "Unable to assume given IAM role: '{}'"
HAS_DEPENDENT = "resource {} has a dependent object"
NO_PREFIX_LIST = "The prefix list ID '{}' does not exist"
NO_SECURITY_GROUP = "The security group '{}' does not exist"
NO_SUBNET = "The subnet ID '{}' does not exist"
NO_VPC = "The vpc ID '{}' does not exist"
PRIVATE_DNS_NEEDS = (
    "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}"
)
ROUTE_TABLE_IN_USE = "The routeTable '{}' has dependencies and cannot be deleted."
SUBNET_IN_USE = "The subnet '{}' has dependencies and cannot be deleted."
VPC_IN_USE = "The vpc '{}' has dependencies and cannot be deleted."
