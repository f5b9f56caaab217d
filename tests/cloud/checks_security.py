"""Checks of a security reviewer on the standing stack: permissions, and allowed connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.cloud.inventory import Inventory
from tests.cloud.lookups import (
    ACCOUNT,
    REGION,
    conditions,
    container,
    database,
    each,
    endpoint_policies,
    environment,
    inline,
    listener,
    managed,
    pick,
    readable_parameters,
    rules,
    trusted,
    undescribed,
)


class Check(NamedTuple):
    """One check: its row in the description of the stack, its subject, its reader, and the expected value."""

    row: str
    what: str
    read: Callable[[Inventory], Any]
    expected: Any


CHANNELS = [
    f"ssmmessages:{name}"
    for name in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
]
OF_THIS_ACCOUNT = {
    "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"},
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
}
OWN, OWN_DATA = {"aws:PrincipalAccount": ACCOUNT}, {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}
LAYERS = f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*"
S3 = "prefix list of s3"

SECURITY = (
    # -- who may talk to whom --------------------------------------------------------------------------------------
    Check("security groups", "who may come in", lambda m: rules(m, "IpPermissions"), {
        "alb": {(443, "127.0.0.1/32"), (80, "127.0.0.1/32")},
        "endpoints": {(443, "10.0.0.0/16")},
        "ecs-instance": set(),
        "frontend": {(80, "alb")},
        "backend": {(8080, "frontend")},
        "database": {(3306, "backend")},
        "default": set(),
    }),
    Check("security groups", "what may go out", lambda m: rules(m, "IpPermissionsEgress"), {
        "alb": {(80, "frontend")},
        "endpoints": set(),
        "ecs-instance": {(443, "10.0.0.0/16"), (443, S3)},
        "frontend": {(443, "10.0.0.0/16"), (8080, "backend")},
        "backend": {(443, "10.0.0.0/16"), (443, S3), (3306, "database")},
        "database": set(),
        "default": set(),
    }),
    Check("security groups", "a description on every rule", undescribed, []),
    Check("security groups", "a description on every group", lambda m: "" in each(m["security_groups"], "Description"),
          False),
    Check("login", "nobody comes in by SSH", lambda m: {
        port for ports in rules(m, "IpPermissions").values() for port, _ in ports
    }, {80, 443, 3306, 8080}),
    Check("endpoints", "for this account's identities alone, where AWS takes a policy", endpoint_policies, {
        "ecr.api": (OWN, "*", "*"),
        "ecr.dkr": (OWN, "*", "*"),
        "ecs": (OWN, "*", "*"),
        "ecs-agent": ({}, "*", "*"),
        "ecs-telemetry": ({}, "*", "*"),
        "logs": (OWN_DATA, "*", "*"),
        "ssm": (OWN_DATA, "*", "*"),
        "ssmmessages": (OWN, "*", "*"),
        "s3": ({}, "s3:GetObject", LAYERS),
    }),
    # -- who may do what -------------------------------------------------------------------------------------------
    Check("IAM", "the roles and whom they trust", trusted, {
        "instance": ["ec2.amazonaws.com"],
        "execution": ["ecs-tasks.amazonaws.com"],
        "execution-backend": ["ecs-tasks.amazonaws.com"],
        "task-frontend": ["ecs-tasks.amazonaws.com"],
        "task-backend": ["ecs-tasks.amazonaws.com"],
    }),
    Check("IAM", "for tasks of this account and Region only", conditions, {
        "instance": None,
        "execution": OF_THIS_ACCOUNT,
        "execution-backend": OF_THIS_ACCOUNT,
        "task-frontend": OF_THIS_ACCOUNT,
        "task-backend": OF_THIS_ACCOUNT,
    }),
    Check("IAM", "the instances' policies", lambda m: managed(m, "instance"), ["AmazonEC2ContainerServiceforEC2Role"]),
    Check("IAM", "Session Manager on instances, and no parameters", lambda m: inline(m, "instance"), {
        "session-manager": ["ssm:UpdateInstanceInformation", *CHANNELS]
    }),
    Check("IAM", "tasks open a shell and do nothing else", lambda m: [
        inline(m, f"task-{name}") for name in ("frontend", "backend")
    ], [{"exec": CHANNELS}] * 2),
    Check("IAM", "the execution policy", lambda m: [
        managed(m, name) for name in ("execution", "execution-backend")
    ], [["AmazonECSTaskExecutionRolePolicy"]] * 2),
    Check("IAM", "a service's execution role reads its own parameters, and no others", lambda m: {
        name: readable_parameters(m, name) for name in ("execution", "execution-backend")
    }, {
        "execution": set(),
        "execution-backend": {"/ecs-sample-dev/database/password", "/ecs-sample-dev/database/url"},
    }),
    Check("services", "ECS Exec where the stack is not protected", lambda m: each(
        m["ecs_services"], "enableExecuteCommand"
    ), {True}),
    # -- on the way ------------------------------------------------------------------------------------------------
    Check("ALB", "HTTPS", lambda m: pick(listener(m, 443), "Protocol", "SslPolicy"), {
        "Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    }),
    Check("database", "no connection without TLS", lambda m: [
        g["own"].get("require_secure_transport") for g in m["db_cluster_parameter_groups"] if g["own"]
    ], ["ON"]),
    Check("database", "called by the name in its certificate", lambda m: environment(m, "backend")["DB_HOST"]
          == database(m)["Endpoint"], True),
    Check("database", "the image says which authorities it trusts", lambda m: [
        pair["name"] for pair in container(m, "backend")["environment"] if pair["name"] == "DB_CA_BUNDLE"
    ], []),
)  # fmt: skip
