"""Refuse invalid requests of CreateService, UpdateService and RunTask, and choose launch type or strategy."""

from __future__ import annotations

from typing import Any

from ecs_emulator.ecs.clusters import check_strategy, strategy_entries
from ecs_emulator.ecs.dispatch import check_name
from ecs_emulator.ecs.records import FARGATE, Cluster, Shape, TaskDefinition
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse
from ecs_emulator.services.ecs import texts


def checked_definition(store: Store, name: str) -> TaskDefinition:
    """Return the requested task definition; refuse a missing one, and one in another status than ACTIVE."""
    definition = store.definition(name)
    if definition is None or definition.status in ("DELETED", "DELETE_IN_PROGRESS"):
        refuse("ClientException", "TaskDefinition not found.")
    if definition.status != "ACTIVE":
        refuse("ClientException", "TaskDefinition is inactive")
    return definition


def check_service(name: str, request: Shape) -> None:
    """Refuse a new service with an invalid name, token or count (API reference, CreateService)."""
    check_name("Service", name)
    if len(request.get("clientToken") or "") > 36:
        refuse("InvalidParameterException", "clientToken is longer than 36 characters.")
    if request.get("schedulingStrategy", "REPLICA") == "REPLICA" and request.get("desiredCount") is None:
        refuse("InvalidParameterException", "The desired count is required for the REPLICA scheduling strategy.")
    check_count(request)


def check_count(request: Shape) -> None:
    """Refuse a desired count below 0."""
    if int(request.get("desiredCount") or 0) < 0:
        refuse("InvalidParameterException", "The desired count must be 0 or more.")


def check_deployment(shape: Shape) -> None:
    """Refuse percentages that block a deployment, and a rebalancing without room for one more task.

    The first is refused with these words (recorded by several projects; developer guide, "Service definition
    parameters"), the second is documented (developer guide, "Balancing an Amazon ECS service across Availability
    Zones": not available with 100% for maximumPercent; aws-cdk#32263).
    """
    configuration = shape["deploymentConfiguration"]
    if configuration["maximumPercent"] == 100 and configuration["minimumHealthyPercent"] == 100:
        refuse(
            "InvalidParameterException",
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        )
    if configuration["maximumPercent"] <= 100 and shape["availabilityZoneRebalancing"] == "ENABLED":
        refuse(
            "InvalidParameterException",
            "Availability Zone rebalancing does not support a maximumPercent of 100 or less.",
        )


def check_placement(request: Shape, on_fargate: bool) -> None:
    """Refuse a platform version outside Fargate, and placement on Fargate (API reference, CreateService)."""
    version = request.get("platformVersion")
    if version and not on_fargate:
        refuse("InvalidParameterException", "The platform version must be null when the launch type is EC2.")
    if version and version not in ("LATEST", "1.3.0", "1.4.0"):
        refuse("PlatformUnknownException", "The specified platform does not exist.")
    if on_fargate and (request.get("placementConstraints") or request.get("placementStrategy")):
        refuse("InvalidParameterException", "Placement constraints and strategies are not supported with FARGATE.")


def check_exec(request: Shape, definition: TaskDefinition) -> None:
    """Refuse ECS Exec without a task role: the agent uses the role to reach Systems Manager."""
    if request.get("enableExecuteCommand") and not definition.shape.get("taskRoleArn"):
        refuse(
            "InvalidParameterException",
            "The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task role "
            "in your task definition and try again.",
        )


def launch_settings(store: Store, cluster: Cluster, request: Shape, definition: TaskDefinition) -> Shape:
    """Return `launchType` or `capacityProviderStrategy` for the answer; without both, the cluster's default."""
    launch_type, strategy = request.get("launchType"), request.get("capacityProviderStrategy")
    if launch_type and strategy:
        refuse(
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )
    if launch_type:
        _check_compatible(definition, launch_type)
        return {"launchType": launch_type}
    chosen = strategy or cluster.strategy
    if not chosen:
        _check_compatible(definition, "EC2")
        return {"launchType": "EC2"}
    check_strategy(store, chosen, cluster.providers)
    entries = strategy_entries(chosen)
    if not any(entry["weight"] for entry in entries):
        refuse("InvalidParameterException", "At least one capacity provider in a strategy needs a weight above 0.")
    _check_compatible(definition, "FARGATE" if entries[0]["capacityProvider"] in FARGATE else "EC2")
    return {"capacityProviderStrategy": entries}


def network(store: Store, request: Shape, definition: TaskDefinition, on_fargate: bool) -> Shape:
    """Return the network configuration with AWS's defaults, after checks; empty if the network mode takes none."""
    given = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition.shape.get("networkMode") != "awsvpc":
        if given:
            refuse(
                "InvalidParameterException",
                "Network Configuration is not valid for the given networkMode of this task definition.",
            )
        return {}
    if not given or not given.get("subnets"):
        refuse(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )
    _check_lengths(given)
    known = {subnet.id: subnet for subnet in store.ec2.describe_subnets()}
    for subnet in given["subnets"]:
        if subnet not in known:
            refuse(
                "InvalidParameterException",
                f"Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist "
                "(ErrorCode: InvalidSubnetID.NotFound)",
            )
    vpc = known[given["subnets"][0]].vpc_id
    for group in given.get("securityGroups", []):
        found = store.ec2.get_security_group_from_id(group)
        if found is None:
            refuse(
                "InvalidParameterException",
                f"Error retrieving security group information for [{group}]: The security group '{group}' does not "
                "exist (ErrorCode: InvalidGroup.NotFound)",
            )
        if found.vpc_id != vpc or any(known[subnet].vpc_id != vpc for subnet in given["subnets"]):
            refuse("InvalidParameterException", "All subnets and security groups must be in the same VPC.")
    public = given.get("assignPublicIp", "DISABLED")
    if public == "ENABLED" and not on_fargate:
        refuse("InvalidParameterException", "Assign public IP is not supported for this launch type.")
    return {
        "awsvpcConfiguration": {
            "subnets": list(given["subnets"]),
            "securityGroups": list(given.get("securityGroups", [])),
            "assignPublicIp": public,
        }
    }


def _check_lengths(given: Shape) -> None:
    """Refuse more than 16 subnets or 5 security groups (API reference, AwsVpcConfiguration)."""
    for name, most in (("subnets", 16), ("securityGroups", 5)):
        if len(given.get(name, [])) > most:
            refuse("InvalidParameterException", f"{name} can have at most {most} items.")


def check_balancers(store: Store, balancers: list[Shape], definition: TaskDefinition) -> None:
    """Refuse target groups that do not exist or get no traffic, and ports that no container has."""
    for balancer in balancers:
        arn = balancer.get("targetGroupArn", "")
        group = store.elbv2.target_groups.get(arn)
        if group is None:
            refuse(
                "InvalidParameterException",
                texts.CANNOT_VALIDATE_GROUP,
            )
        if not _forwarded(store, arn):
            refuse(
                "InvalidParameterException",
                texts.GROUP_WITHOUT_BALANCER.format(arn),
            )
        if definition.shape.get("networkMode") == "awsvpc" and group.target_type != "ip":
            refuse(
                "InvalidParameterException",
                f"The provided target group {arn} has target type {group.target_type}, which is incompatible with the "
                "awsvpc network mode specified in the task definition.",
            )
        _check_port(definition, balancer.get("containerName", ""), balancer.get("containerPort"))


def check_registries(store: Store, registries: list[Shape], definition: TaskDefinition) -> None:
    """Refuse Cloud Map services that do not exist, and ports that the named container does not have."""
    if len(registries) > 1:
        refuse("InvalidParameterException", "A service cannot have several service registries.")
    known = {service.arn for service in store.discovery.services.values()}
    for registry in registries:
        if registry.get("registryArn") not in known:
            refuse(
                "InvalidParameterException",
                f"The service registry {registry.get('registryArn')} does not exist in AWS Cloud Map.",
            )
        if registry.get("containerName"):
            _check_port(definition, registry["containerName"], registry.get("containerPort"))


def _forwarded(store: Store, arn: str) -> bool:
    return any(
        arn in _targets(action)
        for balancer in store.elbv2.load_balancers.values()
        for listener in balancer.listeners.values()
        for actions in (listener.default_actions, *(rule.actions for rule in listener.rules.values()))
        for action in actions
    )


def _targets(action: Any) -> set[str]:
    data = action if isinstance(action, dict) else action.data
    forward = data.get("ForwardConfig") or {}
    return {str(data.get("TargetGroupArn"))} | {str(one["TargetGroupArn"]) for one in forward.get("TargetGroups", [])}


def _check_compatible(definition: TaskDefinition, launch_type: str) -> None:
    if launch_type not in (*definition.shape["compatibilities"], *definition.shape.get("requiresCompatibilities", [])):
        refuse("InvalidParameterException", f"Task definition does not support launch_type {launch_type}.")


def _check_port(definition: TaskDefinition, name: str, port: int | None) -> None:
    container = next((one for one in definition.shape["containerDefinitions"] if one["name"] == name), None)
    if container is None:
        refuse("InvalidParameterException", f"The container {name} does not exist in the task definition.")
    if port is not None and port not in [mapping.get("containerPort") for mapping in container["portMappings"]]:
        refuse("InvalidParameterException", f"The container {name} did not have a container port {port} defined.")
