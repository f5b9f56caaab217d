"""The resource types: how each is found, created, changed and deleted; one or more files for each AWS API.

Not here: steps, state, terminal.
"""

from __future__ import annotations

from provisioner.engine.resource import MODULES

MODULES.extend(
    f"{__name__}.{module}"
    for module in (
        "account", "acm", "application_autoscaling", "autoscaling", "copied_images", "delegation", "ec2_endpoints",
        "ec2_flow_logs", "ec2_launch", "ec2_network", "ec2_security", "ecr", "ecs_cluster", "ecs_drain", "ecs_service",
        "ecs_task_definition", "elbv2", "elbv2_listeners", "guardduty", "iam", "images", "logs", "rds", "rds_groups",
        "route53", "s3", "servicediscovery", "ssm", "wafv2",
    )
)  # fmt: skip
