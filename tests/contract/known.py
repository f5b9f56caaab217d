"""Known differences of the embedded cloud's answers from the recorded ones, with their reasons.

`EXPLAINED` are no faults of the cloud: the recorded resources were set up in another way, or are older than a member.
`OPEN` are faults to repair. An entry of it without a match fails the test: the list can only shrink.
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
        """Return whether a difference is one of these."""
        return (
            re.fullmatch(self.what, one.what) is not None
            and re.fullmatch(self.operation, one.operation) is not None
            and re.fullmatch(self.path, one.path) is not None
        )


EXPLAINED = (
    Known(r".*", "surplus", r"\.(Next\w+|nextToken|Marker|IsTruncated)", "there when there are more pages"),
    Known(r"acm\.DescribeCertificate", "format", r".*InUseBy\[\]", ASKED),
    Known(r"acm\.DescribeCertificate", "missing", r".*\.(Issuer|KeyUsages)", "not there while validation is pending"),
    Known(
        r"acm\..*",
        "missing",
        r".*\.(DomainName|DomainValidationOptions|SubjectAlternativeNames)",
        "ACM's details lag behind the request",
    ),
    Known(r"acm\.ListCertificates", "surplus", r".*\.(IssuedAt|NotAfter|NotBefore)", "there once it is issued"),
    Known(r"application-autoscaling\..*", "surplus", r".*\.ScalableTargetARN", NEWER),
    Known(r"autoscaling\.DescribeAutoScalingGroups", "surplus", r".*\.Status", "there while a group is deleted"),
    Known(r"ec2\.CreateSubnet|ec2\.DescribeLaunchTemplates", "surplus", r".*\.Tags", ASKED),
    Known(r"ec2\.(Create(Subnet|Vpc)|DescribeVpcs)", "surplus", r".*\.BlockPublicAccessStates.*", NEWER),
    Known(r"ec2\.DescribeInstances", "surplus", r".*\.(InstanceLifecycle|SpotInstanceRequestId)", ASKED),
    Known(r"ec2\.DescribeInstances", "surplus", r".*\.SriovNetSupport", "there for types with enhanced networking"),
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
    Known(r"ecs\.De(lete|register|scribe)TaskDefinitions?", "(missing|surplus)", r".*", ASKED),
    Known(
        r"ecs\..*Services?",
        "surplus",
        r".*\.(currentService(Deployment|Revisions)|re(setOnHealthyTask|sourceManagementType)|thresholdConfiguration)",
        NEWER,
    ),
    Known(r"ecs\.RegisterTaskDefinition", "(missing|surplus)", r".*(?<!capabilities)(?<!devices)", ASKED),
    Known(r"ecs\.RegisterTaskDefinition", "format", r".*\.registeredBy", "it is a user who rehearses"),
    Known(r"ecs\.DescribeClusters", "surplus", r".*\.attachments(Status)?", "asked for by `include`"),
    Known(r"ecs\.DescribeContainerInstances", "surplus", r".*\.capacityProviderName", ASKED),
    Known(r"ecs\.DescribeTasks", "missing", r".*\.platformVersion", "of Fargate's tasks only"),
    Known(r"ecs\.DescribeTasks", "surplus", r".*", "how far a task is says which members it has"),
    Known(r"elbv2\.DescribeListeners", "missing", r".*\.(ForwardConfig|TargetGroupArn)", ASKED),
    Known(r"elbv2\.DescribeListeners", "surplus", r".*\.(Certificates|RedirectConfig|SslPolicy)", ASKED),
    Known(r"elbv2\.DescribeTargetGroups", "surplus", r".*\.(HealthCheckPath|Matcher|ProtocolVersion)", ASKED),
    Known(r"logs\.DescribeLogGroups", "surplus", r".*\.retentionInDays", ASKED),
    Known(r"rds\.DescribeDBClusterParameters", "missing", r".*", ASKED),
    Known(r"rds\.DescribeDBClusters", "format", r".*\.DatabaseName", ASKED),
    Known(r"rds\.DescribeDBClusters", "surplus", r".*\.(BacktrackWindow|ServerlessV2ScalingConfiguration)", ASKED),
    Known(r"rds\.DescribeDBClusters", "surplus", r".*\.EngineLifecycleSupport", NEWER),
    Known(r"resourcegroupstaggingapi\.GetResources", "format", r".*", ASKED),
    Known(r"route53\.ListHostedZones", "(format|surplus)", r".*\.(CallerReference|Comment|LinkedService)", ASKED),
    Known(
        r"servicediscovery\.(Get|List).*", "surplus", r".*\.(ServiceCount|InstanceCount|HealthCheckCustomConfig)", ASKED
    ),
    Known(r"servicediscovery\.\w+Namespaces?", "surplus", r".*\.ResourceOwner", NEWER),
    Known(r"ssm\.DescribeParameters", "surplus", r".*\.KeyId", ASKED),
)
OPEN = (Known(r"ec2\.DescribeVpcEndpointServices", "missing", r".*", "AWS: zone ids, the Region, address types"),)
UNMODELLED: tuple[str, ...] = ()
"""Members of answers that no model has, and that are still to be removed: as regular expressions."""
LACKING = frozenset(
    {
        # AWS sends it from the second page on
        "route53.ListHostedZones .Marker",
        # AWS sends none of a private zone
        "route53.CreateHostedZone .DelegationSet",
    }
)
"""Members that a model requires and that the cloud does not send yet."""
