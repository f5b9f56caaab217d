"""Elastic Load Balancing."""

from __future__ import annotations

from ecs_emulator.services.elbv2 import texts
from ecs_emulator.services.model import FORMS, Bounds, Codes, EmulatedApi, Pages, Refusal, in_form, unseen_tags

API = EmulatedApi(
    "elbv2",
    signing="elasticloadbalancing",
    responses="elbv2.responses:ELBV2Response",
    invalid="ValidationError",
    pages=Pages(Bounds(400, 1, 400), "ValidationError", "ValidationError"),
    codes=Codes("Throttling", **FORMS),
    refusals=(
        Refusal(
            "elasticloadbalancing",
            "CreateListener",
            25,
            "UnsupportedCertificate",
            texts.CERTIFICATE_NOT_FIT,
            r"(?m)^Certificates\.member\.1\.CertificateArn=(.+)$",
            "terraform-provider-aws#41789",
        ),
        Refusal(
            "elasticloadbalancing",
            "CreateListener",
            30,
            "CertificateNotFound",
            texts.NO_CERTIFICATE,
            r"(?m)^Certificates\.member\.1\.CertificateArn=(.+)$",
            "terraform-provider-aws elbv2/listener.go",
        ),
        Refusal(
            "elasticloadbalancing",
            "CreateTargetGroup",
            5,
            "ValidationError",
            "The VPC ID '{}' is not found",
            in_form("VpcId"),
            "ansible#31919",
        ),
        Refusal(
            "elasticloadbalancing",
            "CreateListener",
            5,
            "LoadBalancerNotFound",
            texts.NO_LOAD_BALANCERS,
            in_form("LoadBalancerArn"),
            "terraform-provider-aws#15214",
        ),
        unseen_tags(
            "elasticloadbalancing",
            "ModifyLoadBalancerAttributes",
            in_form("LoadBalancerArn"),
            "terraform-provider-aws#6055 (which call: inferred)",
            "AccessDenied",
        ),
        unseen_tags(
            "elasticloadbalancing",
            "CreateListener",
            in_form("LoadBalancerArn"),
            "terraform-provider-aws#6055 (which call: inferred)",
            "AccessDenied",
        ),
        Refusal(
            "elasticloadbalancing",
            "ModifyLoadBalancerAttributes",
            5,
            "LoadBalancerNotFound",
            texts.NO_LOAD_BALANCER,
            in_form("LoadBalancerArn"),
            "terraform-provider-aws#15214",
        ),
        Refusal(
            "elasticloadbalancing",
            "ModifyLoadBalancerAttributes",
            5,
            "InvalidConfigurationRequest",
            texts.NO_ACCESS_TO_BUCKET,
            r"(?ms)(?=.*^Attributes\.member\.\d+\.Key=access_logs\.s3\.bucket$)"
            r".*^Attributes\.member\.\d+\.Value=([a-z0-9-]+-logs)$",
            "aws-load-balancer-controller#1956",
        ),
        Refusal(
            "elasticloadbalancing",
            "DeleteLoadBalancer",
            5,
            "ResourceInUse",
            "Load balancer '{}' cannot be deleted because it is currently associated with another service",
            in_form("LoadBalancerArn"),
            "ELBv2 API",
        ),
        Refusal(
            "elasticloadbalancing",
            "DeleteTargetGroup",
            10,
            "ResourceInUse",
            texts.TARGET_GROUP_IN_USE,
            in_form("TargetGroupArn"),
            "terraform-provider-aws#2456",
        ),
    ),
    modules=(
        "certificates",
        "rules",
        "listener_rules",
        "balancers",
        "health",
        "members",
        "transforms",
    ),
)
