"""Where the embedded cloud's answers differ from the recorded ones, and why that is so.

`EXPLAINED` is no fault of the cloud's: the recorded things were set up in another way, or are older than a member.
`OPEN` is not mended yet. An entry that nothing matches any more fails the test: both tables can only shrink.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.contract.shapes import Difference

ASKED = "depends on what was asked for: the recorded things were set up in another way"
NEWER = "newer than the recorded answers; it is in the API reference of today"


@dataclass(frozen=True)
class Known:
    """Differences of an operation, by regular expressions of the operation and of the members' paths."""

    operation: str
    what: str
    path: str
    why: str

    def covers(self, one: Difference) -> bool:
        """Whether a difference is one of these."""
        return (
            re.fullmatch(self.what, one.what) is not None
            and re.fullmatch(self.operation, one.operation) is not None
            and re.fullmatch(self.path, one.path) is not None
        )


EXPLAINED = (
    Known(r"acm\.DescribeCertificate", "format", r".*InUseBy\[\]", ASKED),
    Known(r"acm\.DescribeCertificate", "missing", r".*\.(Issuer|KeyUsages)", "not there while validation is pending"),
    Known(r"acm\.ListCertificates", "surplus", r".*\.(IssuedAt|NotAfter|NotBefore)", "there once it is issued"),
    Known(r"application-autoscaling\..*", "surplus", r".*\.ScalableTargetARN", NEWER),
    Known(r"autoscaling\.DescribeAutoScalingGroups", "surplus", r".*\.Status", "there while a group is deleted"),
    Known(r"ec2\.CreateSubnet|ec2\.DescribeLaunchTemplates", "surplus", r".*\.Tags", ASKED),
    Known(r"ec2\.DescribeLaunchTemplateVersions", "surplus", r".*\.(IamInstanceProfile|MetadataOptions)", ASKED),
    Known(r"ec2\.DescribeLaunchTemplateVersions", "missing", r".*\.InstanceType", "the group says which types"),
    Known(r"ec2\.DescribeLaunchTemplate.*", "format", r".*\.CreatedBy", "it is the root user who rehearses"),
    Known(r"ec2\.DescribeSecurityGroups", "surplus", r".*\.Description", ASKED),
    Known(r"ec2\.RevokeSecurityGroupEgress", "surplus", r"\.Return", "placebo does not keep it; AWS answers true"),
    Known(r"ecr\.(Create|Delete)Repository", "surplus", r"\.repository\..*", "of 2019, before these members"),
    Known(r"ecs\.DeleteService", "missing", r".*", ASKED),
    Known(r"ecs\..*Service", "surplus", r".*\.tags", "older: services had no tags"),
    Known(r"ecs\.DeleteService", "surplus", r".*\.(capacityProviderStrategy|deploymentCircuitBreaker)", ASKED),
    Known(r"ecs\..*Services?", "surplus", r".*\.(availabilityZoneRebalancing|bakeTimeInMinutes|strategy)", NEWER),
    Known(r"ecs\.De(lete|register)TaskDefinitions?", "(missing|surplus)", r".*", ASKED),
    Known(r"ecs\.RegisterTaskDefinition", "(missing|surplus)", r".*(?<!capabilities)(?<!devices)", ASKED),
    Known(r"ecs\.DescribeClusters", "surplus", r".*\.attachments(Status)?", "asked for by `include`"),
    Known(r"ecs\.DescribeContainerInstances", "surplus", r".*\.capacityProviderName", ASKED),
    Known(r"ecs\.DescribeTasks", "missing", r".*\.platformVersion", "of Fargate's tasks only"),
    Known(r"ecs\.DescribeTasks", "surplus", r".*\.(containerInstanceArn|exitCode|memory)", ASKED),
    Known(r"elbv2\.DescribeListeners", "missing", r".*\.(ForwardConfig|TargetGroupArn)", ASKED),
    Known(r"elbv2\.DescribeListeners", "surplus", r".*\.(Certificates|RedirectConfig|SslPolicy)", ASKED),
    Known(r"elbv2\.DescribeTargetGroups", "surplus", r".*\.(HealthCheckPath|Matcher|ProtocolVersion)", ASKED),
    Known(r"logs\.DescribeLogGroups", "surplus", r".*\.retentionInDays", ASKED),
    Known(r"rds\.DescribeDBClusterParameters", "missing", r".*", ASKED),
    Known(r"rds\.DescribeDBClusters", "format", r".*\.DatabaseName", ASKED),
    Known(r"rds\.DescribeDBClusters", "surplus", r".*\.(BacktrackWindow|ServerlessV2ScalingConfiguration)", ASKED),
    Known(r"resourcegroupstaggingapi\.GetResources", "format", r".*", ASKED),
    Known(r"route53\.ListHostedZones", "(format|surplus)", r".*\.(CallerReference|Comment|LinkedService)", ASKED),
    Known(r"servicediscovery\.List.*", "surplus", r".*\.(ServiceCount|InstanceCount|HealthCheckCustomConfig)", ASKED),
    Known(r"ssm\.DescribeParameters", "surplus", r".*\.KeyId", ASKED),
)
OPEN = (
    Known(r"acm\..*", "format", r".*\.(KeyAlgorithm|Serial)", "AWS: RSA-2048, and hexadecimal pairs"),
    Known(r"application-autoscaling\..*", "missing", r".*\.(RoleARN|SuspendedState)", "AWS: always"),
    Known(r"ec2\.DescribeAvailabilityZones", "missing", r".*", "AWS: the zone's group, and whether one opted in"),
    Known(r"ec2\.(Create|Describe)Subnets?", "missing", r".*\.(EnableDns64|MapCustomerOwnedIpOnLaunch)", "AWS: always"),
    Known(r"ec2\.DescribeRouteTables", "missing", r".*\.PropagatingVgws", "AWS: an empty list"),
    Known(r"ec2\.DescribeVpcEndpoints", "missing", r".*\.(DnsOptions|IpAddressType|RequesterManaged)", "AWS: always"),
    Known(r"ec2\.DescribeVpcEndpointServices", "missing", r".*", "AWS: zone ids, the Region, address types"),
    Known(r"ec2\.DescribeVpcs", "format", r".*\.DhcpOptionsId", "AWS: dopt-…"),
    Known(r"ecs\..*", "format", r".*\.(createdBy|registeredBy)", "AWS: the caller's ARN, of iam"),
    Known(r"sts\.GetCallerIdentity", "format", r"\.Arn", "AWS: the caller's ARN, of iam"),
    Known(
        r"ecs\.DescribeContainerInstances", "missing", r".*Resources\[\]\..*", "AWS: each value, 0 if of another type"
    ),
    Known(r"ecs\.RegisterTaskDefinition", "missing", r".*\.(capabilities|devices)", "AWS: both, empty"),
    Known(r"ecs\.DescribeTasks", "surplus", r".*\.inferenceAccelerators", "AWS: not of these tasks"),
    Known(r"elbv2\.DescribeListeners", "surplus", r".*\.AlpnPolicy", "AWS: of TLS listeners only"),
    Known(r"elbv2\.DescribeLoadBalancers", "missing", r".*\.LoadBalancerAddresses", "AWS: an empty list"),
    Known(r"iam\.ListInstanceProfiles", "(missing|surplus)", r".*", "AWS: not the tags, nor what a list leaves out"),
    Known(r"logs\.DescribeLogGroups", "missing", r".*\.logGroupClass", "AWS: always"),
    Known(r"rds\.DescribeDBClusters", "surplus", r".*\.(PubliclyAccessible|StorageType)", "AWS: not of Aurora"),
    Known(r"rds\..*", "format", r".*\.KmsKeyId", "AWS: the key's ARN"),
    Known(r"rds\.DescribeDBInstances", "missing", r".*\.PendingModifiedValues", "AWS: always"),
    Known(r"rds\.DescribeDBInstances", "surplus", r".*\.DBSubnetGroupArn", "AWS: not inside an instance"),
    Known(r"rds\.DescribeDBSubnetGroups", "missing", r".*\.SubnetOutpost", "AWS: always, empty"),
    Known(r"route53\.GetHostedZone", "surplus", r".*\.(CallerReference|Id)", "AWS: of reusable sets only"),
    Known(r"route53\.ListHostedZonesByVPC", "missing", r"\.MaxItems", "AWS: always"),
    Known(r"servicediscovery\.ListNamespaces", "surplus", r".*\.ResourceOwner", "AWS: of shared ones"),
    Known(r"servicediscovery\.ListServices", "surplus", r".*\.NamespaceId", "AWS: not in lists"),
    Known(r"ssm\.DescribeParameters", "missing", r".*\.Policies", "AWS: an empty list"),
    Known(r"ssm\.DescribeParameters", "format", r".*\.LastModifiedUser", "AWS: the caller's ARN"),
)
UNMODELLED = (
    r"servicediscovery\.ListNamespaces \.Namespaces\[\]\.(NAME|TYPE|HTTP_NAME|CreatorRequestId|UpdateDate)",
    r"servicediscovery\.ListServices \.Services\[\]\.(NAMESPACE_ID|NamespaceId|CreatorRequestId)",
)
"""Members of answers that no model has, and that are not taken away yet."""
LACKING = frozenset(
    {
        "application-autoscaling.DescribeScalableTargets .ScalableTargets[].RoleARN",
        "route53.ListHostedZonesByVPC .MaxItems",
        # AWS sends it from the second page on
        "route53.ListHostedZones .Marker",
        # AWS sends none of a private zone
        "route53.CreateHostedZone .DelegationSet",
    }
)
"""Members that a model requires and that are not there yet."""
