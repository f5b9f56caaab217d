"""Actions that the printed policies allow on other resources than the stack's, because AWS has no way to limit them.

Names, tags or condition keys of the service limit all other actions (Service Authorization Reference).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.aws.permissions import Permission
from provisioner.permissions.boundary import ROLES
from provisioner.permissions.table import TABLE

_OF_STACK = re.compile(
    r"\{(stack|project|environment|boundary|bucket|certificate|key|key_alias|logs_key|logs_key_alias|acl|certified|fqdn|proven|domain|private|discovery|secrets|client_secrets|client_parameters|topic)\}"
)
"""Placeholders in patterns for the stack's own names."""
_NO_TYPES = "it knows no resource types"
_REACHED = "in the boundary: be reached by Session Manager and ECS Exec"
_OPENED = "in the boundary, and in `--shell`: open the channel of a session whose token one has"
_OTHERS = "take over and end the sessions of ECS Exec of others in the Region"
_ANYBODYS = "their ids say neither whose they are nor where"
_BY_ID = "zones are known by ID only, and have no keys for tags"
_RULES = "take rules out of a security group without the tag `ManagedBy`, in the VPC of `[network] vpc` or in any"
_DEFAULT_GROUP = "the VPC's default group has no tags, and no ID that is known beforehand"

_NO_VPC = "the key `ec2:Vpc` wants the VPC's ID, which nobody knows before the stack is there"

_OF_STATES = (
    "in the boundary: change the rule on which Step Functions waits for tasks",
    "it is one for the account, and AWS names it",
)

UNLIMITED: Mapping[str, tuple[str, str]] = {
    "application-autoscaling:TagResource": (
        "put the stack's tags on a scalable target that has no `ManagedBy` yet, and then change it",
        "there is no key for the call that creates",
    ),
    "cloudfront:TagResource": (
        "put the stack's tags on a distribution or VPC origin that has no `ManagedBy` yet, and then change it",
        "there is no key for the call that creates",
    ),
    "ec2:CreateNetworkInterface": (
        "create interfaces in any subnet of the VPC of `[network] vpc`, or of any VPC, for mount targets of EFS",
        _NO_VPC,
    ),
    "ec2:DeleteNetworkInterface": (
        "delete unused interfaces in the VPC of `[network] vpc`, or in any VPC, as EFS does for mount targets",
        _NO_VPC,
    ),
    "ec2:ModifyNetworkInterfaceAttribute": (
        "change the groups of interfaces in the VPC of `[network] vpc`, or in any VPC, as EFS does",
        _NO_VPC,
    ),
    "ec2:DeleteSecurityGroup": (
        "delete the group of GuardDuty's endpoint in any VPC, by GuardDuty's tag",
        _NO_VPC,
    ),
    "ec2:DeleteVpcEndpoints": (
        "delete GuardDuty's endpoint in any VPC, by GuardDuty's tag and the name of its service",
        "endpoints have no key for their VPC",
    ),
    "ec2:RevokeSecurityGroupEgress": (_RULES, _DEFAULT_GROUP),
    "ec2:RevokeSecurityGroupIngress": (_RULES, _DEFAULT_GROUP),
    "ec2:RunInstances": (
        "give instances of the stack any disks, in its subnets, of its types, from Amazon's images",
        "which disks an image and a template of the stack need is not known beforehand",
    ),
    "ecs:DeregisterTaskDefinition": ("deregister any task definition of the Region", _NO_TYPES),
    "ecs:DiscoverPollEndpoint": ("in the boundary: ask where ECS's agents report to", _NO_TYPES),
    "ecs:PutAccountSettingDefault": ("change that one setting of the account in the Region", _NO_TYPES),
    "events:PutRule": _OF_STATES,
    "events:PutTargets": _OF_STATES,
    "iam:CreateServiceLinkedRole": (
        "create the service-linked roles of the services that the stack uses",
        "they are the account's",
    ),
    "route53:AssociateVPCWithHostedZone": (
        "associate a VPC of the Region, or the one of `[network] vpc`, with any private zone of the account",
        _BY_ID,
    ),
    "route53:ChangeResourceRecordSets": (
        "write the names of the stack's private domains in any zone that has them, and names may be the same",
        _BY_ID,
    ),
    "route53:ChangeTagsForResource": ("tag any zone", _BY_ID),
    "route53:CreateHostedZone": (
        "create private zones of any name for a VPC of the Region, or for the one of `[network] vpc`",
        "there is no key for the name, and none knows the VPC's ID before the stack is there",
    ),
    "route53:DeleteHostedZone": ("delete any zone that has no records", _BY_ID),
    "servicediscovery:TagResource": (
        "put the stack's tags on any namespace or service of Cloud Map in the Region, and then change it",
        _NO_TYPES,
    ),
    "sns:SetSubscriptionAttributes": ("change any subscription of the account in the Region", _NO_TYPES),
    "sns:Unsubscribe": ("end any subscription of the account to a topic in the Region", _NO_TYPES),
    "ssm:ResumeSession": (_OTHERS, _ANYBODYS),
    "ssm:StartSession": ("forward ports of the stack's tasks, by which nothing is logged", "the documents are AWS's"),
    "ssm:TerminateSession": (_OTHERS, _ANYBODYS),
    "ssm:UpdateInstanceInformation": ("in the boundary: report to Systems Manager", _NO_TYPES),
    "ssmmessages:CreateControlChannel": (_REACHED, _NO_TYPES),
    "ssmmessages:CreateDataChannel": (_REACHED, _NO_TYPES),
    "ssmmessages:OpenControlChannel": (_REACHED, _NO_TYPES),
    "ssmmessages:OpenDataChannel": (_OPENED, _NO_TYPES),
    "wafv2:DisassociateWebACL": (
        "take any web ACL off the stack's load balancer",
        "somebody else may have put it there",
    ),
}
"""Actions that write: their possible effect outside of the stack, and the reason why no policy can forbid it."""


_OF_GROUPS = ("ec2:SecurityGroupID", "ec2:Vpc")
_OF_SESSIONS = ("ssm:resourceTag/aws:ssmmessages:session-id", "ssm:resourceTag/aws:ssmmessages:target-id")
_OF_AGENTS = ("ec2:SourceInstanceARN", "ssm:SourceInstanceARN")
OWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "ec2:CreateNetworkInterface": (
        *("ec2:AvailabilityZone", "ec2:AvailabilityZoneId", "ec2:NetworkInterfaceID", "ec2:SecurityGroupID"),
        *("ec2:SubnetID", "ec2:Vpc"),
    ),
    "ec2:DeleteNetworkInterface": (
        *("ec2:AvailabilityZone", "ec2:ManagedResourceOperator", "ec2:NetworkInterfaceID", "ec2:Subnet", "ec2:Vpc"),
    ),
    "ec2:DeleteSecurityGroup": _OF_GROUPS,
    "ec2:ModifyNetworkInterfaceAttribute": (
        *("ec2:Attribute", "ec2:Attribute/${AttributeName}", "ec2:AvailabilityZone", "ec2:AvailabilityZoneId"),
        *("ec2:CpuOptionsAmdSevSnp", "ec2:EbsOptimized", "ec2:InstanceAutoRecovery"),
        *("ec2:InstanceBandwidthWeighting", "ec2:InstanceID", "ec2:InstanceMarketType", "ec2:InstanceMetadataTags"),
        *("ec2:InstanceProfile", "ec2:InstanceType", "ec2:ManagedResourceOperator", "ec2:MetadataHttpEndpoint"),
        *("ec2:MetadataHttpPutResponseHopLimit", "ec2:MetadataHttpTokens", "ec2:NetworkInterfaceID"),
        *("ec2:PlacementGroup", "ec2:ProductCode", "ec2:RootDeviceType", "ec2:SecurityGroupID", "ec2:Subnet"),
        *("ec2:Tenancy", "ec2:Vpc"),
    ),
    "ec2:DeleteVpcEndpoints": ("ec2:VpceMultiRegion", "ec2:VpceServiceName", "ec2:VpceServiceRegion"),
    "ec2:RevokeSecurityGroupEgress": _OF_GROUPS,
    "ec2:RevokeSecurityGroupIngress": _OF_GROUPS,
    "ec2:RunInstances": (
        *("ec2:AssociatePublicIpAddress", "ec2:AuthorizedService", "ec2:AvailabilityZone", "ec2:AvailabilityZoneId"),
        *("ec2:CpuOptionsAmdSevSnp", "ec2:EbsOptimized", "ec2:Encrypted", "ec2:ImageID", "ec2:ImageType"),
        *("ec2:InstanceAutoRecovery", "ec2:InstanceBandwidthWeighting", "ec2:InstanceID", "ec2:InstanceMarketType"),
        *("ec2:InstanceMetadataTags", "ec2:InstanceProfile", "ec2:InstanceType", "ec2:IsLaunchTemplateResource"),
        *("ec2:LaunchTemplate", "ec2:ManagedResourceOperator", "ec2:MetadataHttpEndpoint"),
        *("ec2:MetadataHttpPutResponseHopLimit", "ec2:MetadataHttpTokens", "ec2:NetworkInterfaceID", "ec2:Owner"),
        *("ec2:ParentSnapshot", "ec2:PlacementGroup", "ec2:ProductCode", "ec2:Public", "ec2:RootDeviceType"),
        *("ec2:SecurityGroupID", "ec2:Subnet", "ec2:SubnetID", "ec2:Tenancy", "ec2:VolumeID"),
        *("ec2:VolumeInitializationRate", "ec2:VolumeIops", "ec2:VolumeSize", "ec2:VolumeThroughput"),
        *("ec2:VolumeType", "ec2:Vpc"),
    ),
    "ecs:PutAccountSettingDefault": ("ecs:account-setting",),
    "events:PutRule": (
        *("events:ManagedBy", "events:creatorAccount", "events:detail-type", "events:detail.eventTypeCode"),
        *("events:detail.service", "events:detail.userIdentity.principalId", "events:source"),
    ),
    "events:PutTargets": ("events:ManagedBy", "events:TargetArn", "events:creatorAccount"),
    "iam:CreateServiceLinkedRole": ("iam:AWSServiceName",),
    "route53:AssociateVPCWithHostedZone": ("route53:VPCs",),
    "route53:ChangeResourceRecordSets": tuple(
        f"route53:ChangeResourceRecordSets{end}" for end in ("Actions", "NormalizedRecordNames", "RecordTypes")
    ),
    "route53:CreateHostedZone": ("route53:VPCs",),
    "ssm:ResumeSession": _OF_SESSIONS,
    "ssm:StartSession": ("ssm:AccessRequestId", "ssm:SessionDocumentAccessCheck"),
    "ssm:TerminateSession": _OF_SESSIONS,
    "ssm:UpdateInstanceInformation": _OF_AGENTS,
    "ssmmessages:CreateControlChannel": _OF_AGENTS,
}
"""The condition keys that AWS has for these actions, without the keys of all services, of tags and of the Region.

Source: Service Authorization Reference. An action that is not named has none.
"""


def unlimited_reads() -> set[str]:
    """Return the actions that only read, and are allowed on all resources: mostly lists, which AWS returns whole."""
    return {it.name for it in (*TABLE, *ROLES) if not it.writes and not _limited(it)}


def _limited(it: Permission) -> bool:
    by_key = any(_OF_STACK.search(value) for _, _, values in it.conditions for value in values)
    return by_key or all(_OF_STACK.search(arn) for arn in it.resources)
