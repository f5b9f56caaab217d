"""A standing stack as the version before closed security defaults left it, on the cloud and in the state."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.state.local import LocalStore, read
from provisioner.state.model import Record
from tests.cloud.lookups import NAME
from tests.cloud.project import Project

OPEN = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "anywhere"}]}
FULL_ACCESS = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
SSM_CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
APART = "security_group_egress/"
FORMER = {
    "security groups: what may go out",
    "endpoints: for this account's identities alone, where AWS takes a policy",
    "IAM: for tasks of this account and Region only",
    "IAM: the instances' policies",
    "IAM: Session Manager on instances, and no parameters",
    "ALB: HTTPS",
    "database: no connection without TLS",
    "database: called by the name in its certificate",
}
"""Security checks that do not hold then."""


def make_former(project: Project) -> None:
    """Undo, on the cloud and in the state, the changes of later versions."""
    records = _records(project)
    _roles(project.cloud.client("iam"))
    _network(project.cloud.client("ec2"), records)
    elb, rds = project.cloud.client("elbv2"), project.cloud.client("rds")
    elb.modify_listener(ListenerArn=records["listener/https"].id, SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06")
    parameter = {"ParameterName": "require_secure_transport", "ApplyMethod": "immediate"}
    rds.reset_db_cluster_parameter_group(DBClusterParameterGroupName=NAME, Parameters=[parameter])
    definition, containers = _revision(project.cloud.client("ecs"))
    with LocalStore(_directory(project), NAME, "test", "0") as store:
        for address, record in records.items():
            if address.startswith(APART):
                store.drop(address)
            else:
                store.put(_former(record, definition, containers))


def ids(project: Project) -> dict[str, str | None]:
    """Return the recorded id of each resource of that version."""
    return {address: record.id for address, record in _records(project).items() if not address.startswith(APART)}


def _directory(project: Project) -> Path:
    (found,) = project.state.glob(f"*/{NAME}")
    return found


def _records(project: Project) -> dict[str, Record]:
    return dict(read(_directory(project), NAME).records)


def _former(record: Record, definition: str, containers: Any) -> Record:
    """Return a record as it was written then."""
    arguments = {name: value for name, value in record.arguments.items() if name != "policy_document"}
    dependencies = [dependency.replace(APART, "security_group/") for dependency in record.dependencies]
    if record.type == "security_group" and arguments["egress"] is None:
        world = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0", "Description": "anywhere"}
        arguments["egress"] = [world]
    if record.address == "service/backend":
        arguments["task_definition"] = definition
    if record.address == "task_definition/backend":
        arguments["container_definitions"] = containers
        return replace(
            record,
            id=definition,
            outputs={**record.outputs, "arn": definition},
            arguments=arguments,
            dependencies=dependencies,
        )
    return replace(record, arguments=arguments, dependencies=dependencies)


def _roles(iam: Any) -> None:
    instance, execution = f"{NAME}-instance", f"{NAME}-execution"
    iam.attach_role_policy(RoleName=instance, PolicyArn=SSM_CORE)
    iam.delete_role_policy(RoleName=instance, PolicyName="session-manager")
    trust = iam.get_role(RoleName=execution)["Role"]["AssumeRolePolicyDocument"]
    for statement in trust["Statement"]:
        del statement["Condition"]
    iam.update_assume_role_policy(RoleName=execution, PolicyDocument=json.dumps(trust))


def _network(ec2: Any, records: dict[str, Record]) -> None:
    for address, record in records.items():
        if address.startswith(APART):
            (group,) = ec2.describe_security_groups(GroupIds=[record.id])["SecurityGroups"]
            ec2.revoke_security_group_egress(GroupId=record.id, IpPermissions=group["IpPermissionsEgress"])
            ec2.authorize_security_group_egress(GroupId=record.id, IpPermissions=[OPEN])
        if record.type == "vpc_endpoint" and record.arguments["policy_document"]:
            ec2.modify_vpc_endpoint(VpcEndpointId=record.id, PolicyDocument=json.dumps(FULL_ACCESS))


def _revision(ecs: Any) -> tuple[str, Any]:
    """Register the backend's revision that calls the database by its alias, and have the service run it."""
    family = f"{NAME}-backend"
    shown = ecs.describe_task_definition(taskDefinition=family, include=["TAGS"])
    settings = {name: shown["taskDefinition"][name] for name in _SETTINGS}
    containers = shown["taskDefinition"]["containerDefinitions"]
    for pair in containers[0]["environment"]:
        pair["value"] = "database.db.internal" if pair["name"] == "DB_HOST" else pair["value"]
    made = ecs.register_task_definition(**settings, containerDefinitions=containers, tags=shown["tags"])
    arn = made["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=NAME, service="backend", taskDefinition=arn)
    return str(arn), containers


_SETTINGS = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "volumes", "requiresCompatibilities"),
    *("cpu", "memory", "runtimePlatform"),
)
