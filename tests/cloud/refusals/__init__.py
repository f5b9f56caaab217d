"""Everything that AWS refuses of this stack, as data: a table a service, each row with its source and its call."""

from __future__ import annotations

from tests.cloud.refusals import (
    acm,
    alarms,
    autoscaling,
    cloudcontrol,
    cloudwatch,
    ec2,
    ec2_endpoints,
    ec2_nat,
    ecr,
    ecs_clusters,
    ecs_connect,
    ecs_services,
    ecs_tasks,
    elbv2,
    events,
    iam,
    logs,
    rds,
    route53,
    scheduler,
    secretsmanager,
    servicediscovery,
    ssm,
    wafv2,
)
from tests.cloud.refusals.case import Case

_TABLES = (
    ec2,
    ec2_endpoints,
    ec2_nat,
    elbv2,
    acm,
    route53,
    servicediscovery,
    iam,
    ecs_clusters,
    ecs_tasks,
    ecs_services,
    ecs_connect,
    autoscaling,
    rds,
    ssm,
    secretsmanager,
    ecr,
    logs,
    cloudwatch,
    wafv2,
    scheduler,
    alarms,
    events,
    cloudcontrol,
)
CASES: tuple[Case, ...] = tuple(case for table in _TABLES for case in table.CASES)
