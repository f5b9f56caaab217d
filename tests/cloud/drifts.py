"""Changes by hand to a standing stack, one plain call or two each, and edits of its configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from tests.cloud.lookups import NAME

Client = Callable[[str], Any]
Ids = Mapping[str, str]
"""The recorded id by address."""


def by_hand(name: str, client: Client, ids: Ids) -> None:
    """Make one of the changes in `DRIFTS`; do nothing if an earlier one removed its resource."""
    with suppress(ClientError, KeyError):
        DRIFTS[name](client, ids)


def _rule(client: Client, ids: Ids, call: str, port: int) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    getattr(client("ec2"), call)(GroupId=ids["security_group/frontend"], IpPermissions=[rule])


def _no_ingress(client: Client, ids: Ids) -> None:
    ec2, group = client("ec2"), ids["security_group/backend"]
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])


def _no_way_out(client: Client, ids: Ids) -> None:
    client("ec2").delete_route(RouteTableId=ids["route_table/public"], DestinationCidrBlock="0.0.0.0/0")


def _lose_tag(client: Client, ids: Ids) -> None:
    client("ec2").delete_tags(Resources=[ids["security_group/alb"]], Tags=[{"Key": "provisioner:address"}])


def _foreign_tag(client: Client, ids: Ids) -> None:
    client("ec2").create_tags(Resources=[ids["security_group/alb"]], Tags=[{"Key": "Owner", "Value": "somebody"}])


def _target_group(client: Client, ids: Ids) -> None:
    client("elbv2").modify_target_group(TargetGroupArn=ids["target_group/frontend"], HealthCheckPath="/other")


def _delay(client: Client, ids: Ids) -> None:
    attribute = {"Key": "deregistration_delay.timeout_seconds", "Value": "77"}
    client("elbv2").modify_target_group_attributes(TargetGroupArn=ids["target_group/frontend"], Attributes=[attribute])


def _policy(client: Client, ids: Ids) -> None:
    client("application-autoscaling").deregister_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=ids["scalable_target/backend"],
        ScalableDimension="ecs:service:DesiredCount",
    )


def _service(client: Client, ids: Ids, **changes: Any) -> None:
    client("ecs").update_service(cluster=NAME, service=f"{NAME}-backend", **changes)


def _alias(client: Client, ids: Ids) -> None:
    route53 = client("route53")
    zone = ids["hosted_zone/private"]
    for record in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]:
        if record["Type"] == "CNAME":
            change = {"Action": "DELETE", "ResourceRecordSet": record}
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def _role(client: Client, ids: Ids) -> None:
    client("iam").put_role_policy(
        RoleName=ids["role/execution"],
        PolicyName="extra",
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}',
    )


DRIFTS: Mapping[str, Callable[[Client, Ids], None]] = {
    "a rule more": lambda client, ids: _rule(client, ids, "authorize_security_group_ingress", 81),
    "no rule any more": _no_ingress,
    "no route out": _no_way_out,
    "no address tag": _lose_tag,
    "a foreign tag": _foreign_tag,
    "another health path": _target_group,
    "another delay": _delay,
    "no scaling": _policy,
    "more tasks": lambda client, ids: _service(client, ids, desiredCount=3),
    "no exec": lambda client, ids: _service(client, ids, enableExecuteCommand=False),
    "no alias of the database": _alias,
    "another policy of a role": _role,
    "no HTTP listener": lambda client, ids: client("elbv2").delete_listener(ListenerArn=ids["listener/http"]),
    "no log group": lambda client, ids: client("logs").delete_log_group(logGroupName=ids["log_group/backend"]),
    "another retention": lambda client, ids: client("logs").put_retention_policy(
        logGroupName=ids["log_group/frontend"], retentionInDays=30
    ),
    "no lifecycle policy": lambda client, ids: client("ecr").delete_lifecycle_policy(
        repositoryName=ids["repository/backend"]
    ),
    "no repository": lambda client, ids: client("ecr").delete_repository(
        repositoryName=ids["repository/frontend"], force=True
    ),
    "no host names": lambda client, ids: client("ec2").modify_vpc_attribute(
        VpcId=ids["vpc/main"], EnableDnsHostnames={"Value": False}
    ),
    "no insights": lambda client, ids: client("ecs").update_cluster_settings(
        cluster=NAME, settings=[{"name": "containerInsights", "value": "disabled"}]
    ),
    "another size of the database": lambda client, ids: client("rds").modify_db_cluster(
        DBClusterIdentifier=NAME, ServerlessV2ScalingConfiguration={"MinCapacity": 1, "MaxCapacity": 8}
    ),
    "a larger group": lambda client, ids: client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=ids["auto_scaling_group/main"], MaxSize=9
    ),
}

EDITS: Mapping[str, tuple[str, str]] = {
    "larger group": (r"\A", "capacity = { max = 7 }\n"),
    "longer logs": (r"\A", "logs = { retention_days = 14 }\n"),
    "larger database": (r"^\[database\]$", "[database]\nmax_acu = 8"),
    "variable": (r"^port = 8080$", 'port = 8080\nenvironment = { LEVEL = "debug" }'),
    "more tasks": (r"^scaling = \{ min = 1, max = 10 \}$", "scaling = { min = 2, max = 4 }"),
    "memory": (r"^port = 8080$", "port = 8080\nmemory = 1024"),
    "health": (r"^port = 80$", 'port = 80\nhealth = "/well"'),
    "image": (r"frontend:1", "frontend:2"),
    "another service": (r"\Z", '\n[services.worker]\nimage = "worker:1"\nport = 9000\npublic = true\npath = "/w/*"\n'),
}


def edited(text: str, name: str) -> str:
    """Return the configuration after one of `EDITS`; unchanged if an earlier edit took its place."""
    pattern, replacement = EDITS[name]
    return re.sub(pattern, lambda _: replacement, text, count=1, flags=re.MULTILINE)
