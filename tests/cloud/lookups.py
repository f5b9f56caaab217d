"""Functions that read single settings of the stack from an inventory."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.cloud.inventory import Inventory, Resource

NAME = "ecs-sample-dev"
REGION = "ap-northeast-1"
ACCOUNT = "123456789012"
PROVIDER = f"asg-{NAME}"
"""A capacity provider's name must not begin with ecs (ECS API, CreateCapacityProvider)."""
OWNER = {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner"}


def one(things: Iterable[Resource], **where: Any) -> Resource:
    """The single resource with these members."""
    found = [resource for resource in things if all(resource.get(key) == value for key, value in where.items())]
    assert len(found) == 1, f"{len(found)} with {where}"
    return found[0]


def subnets(made: Inventory, ids: Iterable[str]) -> list[str]:
    """The CIDRs of subnets."""
    cidrs = {subnet["SubnetId"]: subnet["CidrBlock"] for subnet in made["subnets"]}
    return sorted((cidrs[subnet] for subnet in ids), key=lambda cidr: int(cidr.split(".")[2]))


def endpoints(made: Inventory, kind: str) -> list[str]:
    """The services that endpoints of one type lead to, without AWS's own prefix."""
    prefix = f"com.amazonaws.{REGION}."
    return [e["ServiceName"].removeprefix(prefix) for e in made["endpoints"] if e["VpcEndpointType"] == kind]


def group_names(made: Inventory, ids: Iterable[str]) -> list[str]:
    """The names of security groups, without the stack's own name."""
    groups = {group["GroupId"]: group["GroupName"] for group in made["security_groups"]}
    return sorted(groups[group].removeprefix(f"{NAME}-") for group in ids)


def rules(made: Inventory, direction: str) -> dict[str, set[tuple[int, str]]]:
    """Return the allowed sources (IpPermissions) or targets (IpPermissionsEgress) by group: port, and peer."""
    groups = {group["GroupId"]: group["GroupName"].removeprefix(f"{NAME}-") for group in made["security_groups"]}
    return {
        name: {
            (rule.get("FromPort", -1), peer)
            for rule in one(made["security_groups"], GroupId=number)[direction]
            for peer in (
                *(peer["CidrIp"] for peer in rule.get("IpRanges", ())),
                *(groups[peer["GroupId"]] for peer in rule.get("UserIdGroupPairs", ())),
                *("prefix list of s3" for peer in rule.get("PrefixListIds", ()) if _is_s3(made, peer["PrefixListId"])),
            )
        }
        for number, name in groups.items()
    }


def _is_s3(made: Inventory, prefix_list: str) -> bool:
    """Return whether it is S3's prefix list: the only list in the route tables."""
    shown = [route for table in made["route_tables"] for route in table["Routes"] if "DestinationPrefixListId" in route]
    return {route["DestinationPrefixListId"] for route in shown} == {prefix_list}


def endpoint_policies(made: Inventory) -> dict[str, tuple[Any, Any, Any]]:
    """Return the only statement of each endpoint's policy: its condition, actions and resource."""
    found = {}
    for endpoint in made["endpoints"]:
        (statement,) = document(endpoint["PolicyDocument"])["Statement"]
        assert (statement["Effect"], statement["Principal"]) == ("Allow", "*")
        condition = statement.get("Condition", {}).get("StringEquals", {})
        name = endpoint["ServiceName"].removeprefix(f"com.amazonaws.{REGION}.")
        found[name] = (condition, statement["Action"], statement["Resource"])
    return found


def undescribed(made: Inventory) -> list[Any]:
    """Rules without a description."""
    return [
        (group["GroupName"], peer)
        for group in made["security_groups"]
        for rule in (*group["IpPermissions"], *group["IpPermissionsEgress"])
        for peers in ("IpRanges", "UserIdGroupPairs", "PrefixListIds")
        for peer in rule.get(peers, ())
        if not peer.get("Description")
    ]


def routes(made: Inventory) -> dict[str, dict[str, str]]:
    """Return the ways out by the subnets that use them: destination, and sort of gateway."""
    return {
        ",".join(subnets(made, [a["SubnetId"] for a in table["Associations"] if "SubnetId" in a])): {
            route.get("DestinationCidrBlock") or "prefix list": route["GatewayId"].split("-")[0]
            for route in table["Routes"]
            if route.get("GatewayId") != "local"
        }
        for table in made["route_tables"]
        if any("SubnetId" in association for association in table["Associations"])
    }


def role(made: Inventory, suffix: str) -> Resource:
    """One of the stack's roles."""
    return one(made["roles"], RoleName=f"{NAME}-{suffix}")


def managed(made: Inventory, suffix: str) -> list[str]:
    """The names of a role's managed policies."""
    return sorted(policy["PolicyName"] for policy in role(made, suffix)["AttachedManagedPolicies"])


def document(policy: Any) -> Mapping[str, Any]:
    """Return a policy document, parsed if it is text."""
    parsed: Mapping[str, Any] = json.loads(policy) if isinstance(policy, str) else policy
    return parsed


def trusted(made: Inventory) -> dict[str, list[str]]:
    """Return the services that may assume each role."""
    return {
        role["RoleName"].removeprefix(f"{NAME}-"): [
            statement["Principal"]["Service"] for statement in document(role["AssumeRolePolicyDocument"])["Statement"]
        ]
        for role in made["roles"]
    }


def conditions(made: Inventory) -> dict[str, Any]:
    """Return the condition on which each role may be assumed."""
    return {
        role["RoleName"].removeprefix(f"{NAME}-"): statement.get("Condition")
        for role in made["roles"]
        for statement in document(role["AssumeRolePolicyDocument"])["Statement"]
    }


def inline(made: Inventory, suffix: str) -> dict[str, list[str]]:
    """The actions that each of a role's own policies allows."""
    return {
        policy["PolicyName"]: sorted(
            action
            for statement in document(policy["PolicyDocument"])["Statement"]
            for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
        )
        for policy in role(made, suffix).get("RolePolicyList", ())
    }


def readable_parameters(made: Inventory, name: str) -> set[str]:
    """The resources that an execution role may read from Parameter Store."""
    statements = [
        statement
        for policy in role(made, name)["RolePolicyList"]
        for statement in document(policy["PolicyDocument"])["Statement"]
        if "ssm:GetParameters" in statement["Action"]
    ]
    resources = [statement["Resource"] for statement in statements]
    return {arn.partition(":parameter")[2] for r in resources for arn in (r if isinstance(r, list) else [r])}


def record(made: Inventory, name: str, kind: str) -> Resource:
    """One record."""
    return one(made["records"], Name=name, Type=kind)


def template(made: Inventory) -> Resource:
    """The launch template's newest data."""
    (only,) = made["launch_templates"]
    version: Resource = one(only["versions"], DefaultVersion=True)["LaunchTemplateData"]
    return version


def user_data(made: Inventory) -> list[str]:
    """The agent's settings in the launch template."""
    text = base64.b64decode(template(made)["UserData"]).decode()
    return sorted(word for line in text.splitlines() for word in line.split() if word.startswith("ECS_"))


def definition(made: Inventory, service: str) -> Resource:
    """The revision of its task definition that a service runs."""
    (runs,) = [resource["taskDefinition"] for resource in made["ecs_services"] if resource["serviceName"] == service]
    return one(made["task_definitions"], taskDefinitionArn=runs)


def container(made: Inventory, service: str) -> Resource:
    """The only container of a service's task definition."""
    (only,) = definition(made, service)["containerDefinitions"]
    return dict(only)


def environment(made: Inventory, service: str) -> dict[str, str]:
    """Return the environment variables of a service's container."""
    return {pair["name"]: pair["value"] for pair in container(made, service)["environment"]}


def service(made: Inventory, name: str) -> Resource:
    """An ECS service."""
    return one(made["ecs_services"], serviceName=name)


def untagged(made: Inventory) -> list[str]:
    """Return the resources that lack the owner tags, of all sorts that take tags."""
    missing = []
    for sort in TAGGED:
        for resource in made[sort]:
            pairs: Any = next((resource[key] for key in ("Tags", "tags", "TagList", "TagSet") if resource.get(key)), [])
            if not isinstance(pairs, Mapping):
                pairs = {p.get("Key", p.get("key")): p.get("Value", p.get("value")) for p in pairs}
            # AWS makes these with the VPC, and instances are known to the state all together
            created_by_aws = resource.get("GroupName") == "default" or (
                sort == "route_tables" and not _has_subnets(resource)
            )
            known = "provisioner:address" in pairs or sort == "instances"
            if not created_by_aws and not (known and {key: pairs.get(key) for key in OWNER} == OWNER):
                missing.append(f"{sort}: {json.dumps(resource)[:300]}")
    return missing


def _has_subnets(table: Resource) -> bool:
    return any("SubnetId" in association for association in table["Associations"])


TAGGED = (
    *("vpcs", "subnets", "internet_gateways", "route_tables", "security_groups", "endpoints", "launch_templates"),
    *("roles", "certificates", "log_groups", "namespaces", "discovery_services", "repositories", "load_balancers"),
    *("target_groups", "listeners", "auto_scaling_groups", "clusters", "capacity_providers", "ecs_services"),
    *("task_definitions", "db_clusters", "db_instances", "parameters", "instances"),
)


def each(things: Iterable[Resource], *path: str) -> set[Any]:
    """The different values at a path."""
    values = set()
    for resource in things:
        value: Any = resource
        for key in path:
            value = value[key]
        values.add(value)
    return values


def pick(resource: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Some members of a resource."""
    return {key: resource.get(key) for key in keys}


def balancer(made: Inventory) -> Resource:
    """The only load balancer."""
    (only,) = made["load_balancers"]
    return only


def listener(made: Inventory, port: int) -> Resource:
    """The listener on a port."""
    return one(made["listeners"], Port=port)


def cluster(made: Inventory) -> Resource:
    """The ECS cluster."""
    return one(made["clusters"], clusterName=NAME)


def provider(made: Inventory) -> Resource:
    """The group's capacity provider."""
    return dict(one(made["capacity_providers"], name=PROVIDER)["autoScalingGroupProvider"])


def group(made: Inventory) -> Resource:
    """The Auto Scaling group."""
    return one(made["auto_scaling_groups"], AutoScalingGroupName=NAME)


def policy(made: Inventory) -> dict[str, Any]:
    """The group's mixed instances policy."""
    return dict(group(made)["MixedInstancesPolicy"])


def database(made: Inventory) -> Resource:
    """The Aurora cluster."""
    (only,) = made["db_clusters"]
    return only


def database_subnets(made: Inventory) -> list[str]:
    """The CIDRs that the database may use."""
    (only,) = made["db_subnet_groups"]
    return subnets(made, [subnet["SubnetIdentifier"] for subnet in only["Subnets"]])


def lifecycle(made: Inventory) -> list[tuple[str, str, int]]:
    """The rules that expire images, in their order: which ones, how counted. The same in every repository."""
    (only,) = {json.dumps(repository["lifecycle"]["rules"]) for repository in made["repositories"]}
    rules = sorted(json.loads(only), key=lambda rule: rule["rulePriority"])
    selections = [rule["selection"] for rule in rules]
    which = [",".join(s.get("tagPatternList", [s["tagStatus"]])) for s in selections]
    return [(tags, s["countType"], s["countNumber"]) for tags, s in zip(which, selections, strict=True)]
