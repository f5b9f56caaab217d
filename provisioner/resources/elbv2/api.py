"""Elastic Load Balancing as an API: its tag calls, its temporary refusals, its rates."""

from __future__ import annotations

from provisioner.aws.api import Api, Limit, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import OURS, OWN, TAGS_AT_ONCE, Permission, creating, grants, retagging, untagging
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

_RATES = "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html"

TAGGED: tuple[Permission, ...] = (
    *grants(
        "elasticloadbalancing",
        "AddTags",
        OWN,
        conditions=creating(
            "elasticloadbalancing:CreateAction",
            *("CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup"),
        ),
        **TAGS_AT_ONCE,
    ),
    *retagging("elasticloadbalancing", "AddTags", OWN),
    *untagging("elasticloadbalancing", "RemoveTags", OWN, conditions=OURS),
)
"""The permissions for the tags of each type."""

API = Api(
    "elbv2",
    "Elastic Load Balancing",
    signing_name="elasticloadbalancing",
    tags=TagCalls(
        "id",
        lambda aws, arn: tag_map(aws.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]),
        lambda aws, arn, tags: aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=keys),
    ),
    transient=(
        Row("not_yet_consistent", "LoadBalancerNotFound|ListenerNotFound|TargetGroupNotFound", "", 60,
            "a new resource has not propagated yet", "terraform-provider-aws#15214"),
        Row("not_yet_consistent", "InvalidSubnet|SubnetNotFound|InvalidSecurityGroup", "", 120,
            "the network has not propagated yet", "openshift/installer#1110"),
        Row("not_yet_consistent", "InvalidConfigurationRequest", "Access Denied for bucket|validation transient issue",
            120, "the bucket policy has not propagated yet",
            "aws-load-balancer-controller#1956, terraform-aws-ecs-fargate#49"),
        Row("not_yet_consistent", "ValidationError", "VPC ID .* is not found", 120, "the VPC has not propagated yet",
            "ansible#31919, terraform-aws-modules/terraform-aws-alb#294"),
        # `in_use` and not `not_yet_consistent`: the certificate of an earlier run may also have been issued moments ago
        Row("in_use", "UnsupportedCertificate", "", 180, "the certificate is not visible to the load balancer yet",
            "terraform-provider-aws#41789"),
        Row("in_use", "PriorityInUse", "", 60, "another rule still has this priority", "ELBv2 API, CreateRule"),
        Row("in_use", "ResourceInUse", "", 600, "it is still in use by a listener or a rule",
            "terraform-provider-aws#2456"),
        Row("in_use", "OperationNotPermitted", "provisioning|state", 600, "it is still being provisioned", "ELBv2 API"),
        # `in_use` and not `not_yet_consistent`, as for UnsupportedCertificate
        Row("in_use", "CertificateNotFound", "", 300, "the certificate is not visible to the load balancer yet",
            "terraform-provider-aws elbv2/listener.go"),
        Row("in_use", "OperationNotPermitted", "deletion protection is enabled", 60,
            "the disabled protection has not propagated yet",
            "cloud-custodian test_appelb_delete_force (the answer's words)"),
    ),
    rates=(
        Limit("all", 40, 10, _RATES, ("*",)),
        Limit("together", 10, 0.2, _RATES, ("CreateLoadBalancer", "SetSubnets")),
        Limit("together", 20, 4, _RATES, ("DeregisterTargets", "RegisterTargets")),
        Limit("together", 40, 10, _RATES, ("Describe*",)),
        Limit("together", 20, 3, _RATES, ("*",)),
    ),
)  # fmt: skip
