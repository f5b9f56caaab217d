"""Policies on a running cloud: putting them in force, their checks, and calls that a life does not make."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecs_emulator.authorization.policy import Check, Decision, Statement, decide, read
from ecs_emulator.control import control
from provisioner.aws.permissions import Part, Permission
from provisioner.config import stack_file
from provisioner.permissions.policy import document, statements
from provisioner.permissions.printed import printed
from tests.cloud.conftest import EmbeddedCloud

ITSELF = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"}
"""A permission for the calls that a test makes while policies are in force."""
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PLACE = "ap-northeast-1:123456789012"
DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allowing(*actions: str) -> dict[str, Any]:
    """A statement that allows actions on everything."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def denying(*actions: str) -> dict[str, Any]:
    """A statement that denies them."""
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*"}


def answer(cloud: EmbeddedCloud, service: str, operation: str, **parameters: Any) -> tuple[int, str, str]:
    """HTTP status, code and message of a call that is refused."""
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), operation)(**parameters)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def enforce(cloud: EmbeddedCloud, *documents: Mapping[str, Any]) -> None:
    """Put policies in force; of none, everything is allowed."""
    files = [{"name": f"policy {number}", "text": json.dumps(it)} for number, it in enumerate(documents, 1)]
    control(cloud.process, "POST", "/_cloud/policy", json.dumps(files).encode())


def organized(cloud: EmbeddedCloud, *documents: Mapping[str, Any]) -> None:
    """Put service control policies on the account, as of an organization that it is in; of none, it is in none."""
    files = [{"name": f"policy {number}", "text": json.dumps(it)} for number, it in enumerate(documents, 1)]
    control(cloud.process, "POST", "/_cloud/organization", json.dumps(files).encode())


def bound(cloud: EmbeddedCloud, document: Mapping[str, Any]) -> None:
    """Give the caller a permissions boundary."""
    iam = cloud.client("iam")
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="moto", PermissionsBoundary=arn)


def policies(path: Path, *, read_only: bool = False, part: Part = Part.MAIN) -> list[Mapping[str, Any]]:
    """Return the policies that `provision policy` prints for a configuration."""
    return [*printed(stack_file.load(path), read_only=read_only, parts={part} - {Part.MAIN}, account=None).values()]


@dataclass(frozen=True)
class Asked:
    """One permission check that a cloud made for a call, and its result."""

    call: str
    check: Check
    said: str


def asked(cloud: EmbeddedCloud) -> list[Asked]:
    """Return all checks made since the present policies were put in force."""
    return [
        Asked(
            it["call"],
            Check(it["action"], it["resource"], {key: tuple(values) for key, values in it["context"].items()}),
            it["verdict"],
        )
        for it in json.loads(cloud.control("GET", "policy"))["checks"]
    ]


def denied(found: Iterable[Asked]) -> list[str]:
    """Return the denied actions, each with its call and resource, in words."""
    return [f"{it.call}: {it.check.action} on {it.check.resource}" for it in found if it.said != "allowed"]


def unproven(permissions: Sequence[Permission], checks: Iterable[Check]) -> list[Permission]:
    """Return the permissions without which all of the checks would be allowed all the same."""
    about: dict[str, list[Check]] = {}
    for check in checks:
        about.setdefault(check.action, []).append(check)
    found = []
    for it in permissions:
        # whatever is about another action says nothing of this one's checks, and what is said twice is one
        said = (it.name, it.resources, it.conditions)
        rest = as_read(
            [one for one in permissions if one.name == it.name and (one.name, one.resources, one.conditions) != said]
        )
        if all(decide(rest, check) is Decision.ALLOWED for check in about.get(it.name, ())):
            found.append(it)
    return found


def as_read(permissions: Sequence[Permission]) -> list[Statement]:
    """The permissions as the embedded cloud reads their policy."""
    return read("policy", json.dumps(document(statements(permissions)))) if permissions else []


# -- calls that a plain life does not make -----------------------------------------------------------------------------


@dataclass
class Stack:
    """A stack that stands, with the ids that its state has by address; `called` are the operations that were called."""

    cloud: EmbeddedCloud
    name: str
    ids: Mapping[str, str]
    tags: Mapping[str, str]
    called: set[str] = field(default_factory=set)

    def pairs(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """The stack's tags as a call brings them."""
        return [{key: name, value: text} for name, text in self.tags.items()]

    def association(self, table: str) -> str:
        """Return the id of the first association of a route table."""
        (shown,) = self.cloud.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
        return str(shown["Associations"][0]["RouteTableAssociationId"])

    def call(self, service: str, operation: str, /, **parameters: Any) -> None:
        """Make a call, which may fail of anything but permissions: those are looked at first."""
        client = self.cloud.client(service)
        self.called.add(client.meta.method_to_api_mapping[operation])
        try:
            getattr(client, operation)(**parameters)
        except ClientError as error:
            said = error.response["Error"]
            assert said["Code"] not in DENIED, said["Message"]


def other_calls(stack: Stack) -> None:
    """Make the calls of other cases as the tool makes them: on the stack's resources, refused or without effect.

    That the tool makes them is read off its source (tests/unit/permissions/test_permissions.py).
    """
    for calls in (_network, _names, _balancing, _containers, _capacity, _data, _alarms, _beforehand):
        for service, operation, parameters in calls(stack):
            stack.call(service, operation, **parameters)
    # quotas of services without Regions are asked for in one (Service Quotas user guide)
    stack.cloud.client("service-quotas", "us-east-1").get_service_quota(ServiceCode="route53", QuotaCode="L-4EA4796A")
    _push(stack)


Calls = Iterator[tuple[str, str, dict[str, Any]]]
NOWHERE = "203.0.113.0/24"


def _network(stack: Stack) -> Calls:
    ids = stack.ids
    table, group, subnet = ids["route_table/public"], ids["security_group/alb"], ids["subnet/private-a"]
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": NOWHERE}]}
    yield "ec2", "describe_network_interfaces", {}
    yield "ec2", "describe_tags", {}
    yield "ec2", "describe_vpc_block_public_access_options", {}
    yield "ec2", "delete_route", {"RouteTableId": table, "DestinationCidrBlock": NOWHERE}
    yield "ec2", "replace_route_table_association", {"AssociationId": stack.association(table), "RouteTableId": table}
    gateway = ids["internet_gateway/main"]
    yield (
        "ec2",
        "replace_route",
        {"RouteTableId": table, "DestinationCidrBlock": NOWHERE, "GatewayId": gateway},
    )
    descriptions = (f"update_security_group_rule_descriptions_{way}" for way in ("ingress", "egress"))
    for operation in ("authorize_security_group_egress", "revoke_security_group_ingress", *descriptions):
        yield "ec2", operation, {"GroupId": group, "IpPermissions": [rule], "DryRun": True}
    yield "ec2", "create_tags", {"Resources": [subnet], "Tags": stack.pairs()}
    yield "ec2", "modify_subnet_attribute", {"SubnetId": subnet, "MapPublicIpOnLaunch": {"Value": False}}
    interface, gateway_endpoint = ids["vpc_endpoint/logs"], ids["vpc_endpoint/s3"]
    endpoint = {"VpcEndpointId": interface, "RemoveSubnetIds": [subnet], "AddSecurityGroupIds": [group], "DryRun": True}
    yield "ec2", "modify_vpc_endpoint", endpoint
    yield (
        "ec2",
        "modify_vpc_endpoint",
        {"VpcEndpointId": gateway_endpoint, "RemoveRouteTableIds": [table], "DryRun": True},
    )
    template = {"LaunchTemplateId": ids["launch_template/main"], "DryRun": True}
    yield "ec2", "create_launch_template_version", {**template, "LaunchTemplateData": {}}
    yield "ec2", "modify_launch_template", {**template, "DefaultVersion": "1"}
    yield "ec2", "terminate_instances", {"InstanceIds": [_instance(stack)], "DryRun": True}


def _instance(stack: Stack) -> str:
    groups = stack.cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return str(groups[0]["Instances"][0]["InstanceId"])


def _names(stack: Stack) -> Calls:
    ids = stack.ids
    namespace, service = ids["private_dns_namespace/main"], ids["discovery_service/backend"]
    arn = f"arn:aws:servicediscovery:ap-northeast-1:123456789012:namespace/{namespace}"
    yield "route53", "list_tags_for_resource", {"ResourceType": "hostedzone", "ResourceId": ids["hosted_zone/private"]}
    yield "servicediscovery", "get_namespace", {"Id": namespace}
    yield "servicediscovery", "get_operation", {"OperationId": "none"}
    yield "servicediscovery", "update_private_dns_namespace", {"Id": namespace, "Namespace": {"Description": "none"}}
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    yield "servicediscovery", "update_service", {"Id": service, "Service": {"DnsConfig": dns}}
    yield "servicediscovery", "deregister_instance", {"ServiceId": service, "InstanceId": "none"}
    yield "servicediscovery", "list_tags_for_resource", {"ResourceARN": arn}
    yield "servicediscovery", "tag_resource", {"ResourceARN": arn, "Tags": stack.pairs()}
    zones = stack.cloud.client("route53").list_hosted_zones()["HostedZones"]
    (zone,) = [it["Id"] for it in zones if it["Name"] == "example.com."]
    # the proof of the domain, for a certificate of an earlier version
    proof = {"Name": f"_{'0' * 32}.example.com", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "none"}]}
    change = {"Action": "DELETE", "ResourceRecordSet": proof}
    yield "route53", "change_resource_record_sets", {"HostedZoneId": zone, "ChangeBatch": {"Changes": [change]}}
    certificate = ids["certificate/app.example.com"]
    yield "acm", "list_tags_for_certificate", {"CertificateArn": certificate}
    yield "acm", "add_tags_to_certificate", {"CertificateArn": certificate, "Tags": stack.pairs()}
    role = f"{stack.name}-instance"
    yield "iam", "list_instance_profiles_for_role", {"RoleName": role}
    yield "iam", "list_role_tags", {"RoleName": role}
    yield "iam", "update_assume_role_policy", {"RoleName": role, "PolicyDocument": "{}"}
    boundary = f"arn:aws:iam::123456789012:policy/{stack.name}-boundary"
    yield "iam", "put_role_permissions_boundary", {"RoleName": role, "PermissionsBoundary": boundary}
    yield "iam", "get_policy_version", {"PolicyArn": boundary, "VersionId": "v1"}
    caller = "arn:aws:iam::123456789012:user/moto"
    yield "iam", "simulate_principal_policy", {"PolicySourceArn": caller, "ActionNames": ["ec2:DescribeVpcs"]}
    yield "iam", "get_user", {"UserName": "moto"}
    yield "organizations", "describe_organization", {}


def _balancing(stack: Stack) -> Calls:
    balancer, listener = stack.ids["load_balancer/main"], stack.ids["listener/https"]
    group = stack.ids["target_group/frontend"]
    rule = listener.replace(":listener/", ":listener-rule/") + "/0123456789abcdef"
    yield "elbv2", "describe_rules", {"ListenerArn": listener}
    yield "elbv2", "describe_tags", {"ResourceArns": [balancer]}
    yield "elbv2", "add_tags", {"ResourceArns": [balancer], "Tags": stack.pairs()}
    yield "elbv2", "describe_target_health", {"TargetGroupArn": group}
    forward = [{"Type": "forward", "TargetGroupArn": f"{group}0"}]
    path = [{"Field": "path-pattern", "Values": ["/none"]}]
    made = {"Conditions": path, "Priority": 9, "Actions": forward, "Tags": stack.pairs()}
    yield "elbv2", "create_rule", {"ListenerArn": listener, **made}
    yield "elbv2", "set_security_groups", {"LoadBalancerArn": balancer, "SecurityGroups": ["sg-0123456789abcdef0"]}
    yield "elbv2", "set_subnets", {"LoadBalancerArn": balancer, "Subnets": [stack.ids["subnet/public-a"]]}
    yield "elbv2", "modify_target_group", {"TargetGroupArn": group, "HealthCheckPath": "/health"}
    yield "elbv2", "modify_listener", {"ListenerArn": listener, "DefaultActions": forward}
    shown = {
        "ListenerArn": listener,
        "Certificates": [{"CertificateArn": f"{stack.ids['certificate/app.example.com']}0"}],
    }
    yield "elbv2", "describe_ssl_policies", {}
    yield "elbv2", "describe_listener_certificates", {"ListenerArn": listener}
    yield "elbv2", "add_listener_certificates", shown
    yield "elbv2", "remove_listener_certificates", shown
    yield "elbv2", "delete_rule", {"RuleArn": rule}
    yield "elbv2", "modify_rule", {"RuleArn": rule, "Actions": forward}
    yield "elbv2", "set_rule_priorities", {"RulePriorities": [{"RuleArn": rule, "Priority": 9}]}


def _containers(stack: Stack) -> Calls:
    cluster, provider = stack.name, f"asg-{stack.name}"
    yield "ecs", "list_tags_for_resource", {"resourceArn": stack.ids["service/backend"]}
    yield "ecs", "tag_resource", {"resourceArn": stack.ids["service/backend"], "tags": stack.pairs("key", "value")}
    yield "ecs", "update_cluster", {"cluster": cluster, "settings": [{"name": "containerInsights", "value": "enabled"}]}
    yield "ecs", "list_clusters", {}
    place = f"arn:aws:ecs:{PLACE}:service-{{}}/{cluster}/backend/none"
    yield "ecs", "list_service_deployments", {"cluster": cluster, "service": "backend"}
    yield "ecs", "describe_service_deployments", {"serviceDeploymentArns": [place.format("deployment")]}
    yield (
        "ecs",
        "continue_service_deployment",
        {"serviceDeploymentArn": place.format("deployment"), "hookId": "none", "action": "CONTINUE"},
    )
    yield "ecs", "stop_service_deployment", {"serviceDeploymentArn": place.format("deployment"), "stopType": "ROLLBACK"}
    yield "ecs", "describe_service_revisions", {"serviceRevisionArns": [place.format("revision")]}
    # a service whose traffic shifts has the role by which ECS does that
    shifting = {
        "alternateTargetGroupArn": stack.ids["target_group/frontend"],
        "productionListenerRule": stack.ids["listener/https"].replace(":listener/", ":listener-rule/")
        + "/0123456789abcdef",
        "roleArn": f"arn:aws:iam::123456789012:role/{cluster}-traffic",
    }
    yield (
        "ecs",
        "update_service",
        {"cluster": cluster, "service": "none", "loadBalancers": [{"advancedConfiguration": shifting}]},
    )
    yield "ecs", "stop_task", {"cluster": cluster, "task": "0" * 32}
    yield "ecs", "update_capacity_provider", {"name": provider, "autoScalingGroupProvider": {}}
    repository = {"repositoryName": f"{stack.name}/backend"}
    arn = f"arn:aws:ecr:ap-northeast-1:123456789012:repository/{stack.name}/backend"
    yield "ecr", "list_tags_for_resource", {"resourceArn": arn}
    for name in (f"{stack.name}/backend", "of-somebody-else"):
        yield "ecr", "describe_images", {"repositoryName": name}
        yield "ecr", "batch_get_image", {"repositoryName": name, "imageIds": [{"imageTag": "none"}]}
    yield "ecr", "get_registry_scanning_configuration", {}
    yield "ecr", "put_image", {**repository, "imageManifest": "{}", "imageTag": "none"}
    yield "ecr", "batch_delete_image", {**repository, "imageIds": [{"imageTag": "none"}]}
    yield "ecr", "put_image_tag_mutability", {**repository, "imageTagMutability": "IMMUTABLE"}
    yield (
        "ecr",
        "put_image_scanning_configuration",
        {**repository, "imageScanningConfiguration": {"scanOnPush": True}},
    )
    yield "ecr", "delete_lifecycle_policy", repository


def _capacity(stack: Stack) -> Calls:
    group = {"AutoScalingGroupName": stack.name}
    yield "autoscaling", "describe_instance_refreshes", group
    yield "autoscaling", "describe_scaling_activities", group
    yield "autoscaling", "describe_tags", {}
    refused = {"AlarmSpecification": {"Alarms": ["none"]}}
    yield "autoscaling", "start_instance_refresh", {**group, "Preferences": refused}
    yield (
        "autoscaling",
        "terminate_instance_in_auto_scaling_group",
        {"InstanceId": _instance(stack), "ShouldDecrementDesiredCapacity": False},
    )


def _alarms(stack: Stack) -> Calls:
    alarm = f"arn:aws:cloudwatch:{PLACE}:alarm:{stack.name}-backend-cpu"
    topic = f"arn:aws:sns:{PLACE}:{stack.name}-alarms"
    yield "cloudwatch", "list_tags_for_resource", {"ResourceARN": alarm}
    yield "cloudwatch", "tag_resource", {"ResourceARN": alarm, "Tags": stack.pairs()}
    yield "sns", "list_tags_for_resource", {"ResourceArn": topic}
    yield "sns", "tag_resource", {"ResourceArn": topic, "Tags": stack.pairs()}
    yield "sns", "set_topic_attributes", {"TopicArn": topic, "AttributeName": "none", "AttributeValue": ""}
    yield "sns", "unsubscribe", {"SubscriptionArn": f"{topic}:00000000-0000-4000-8000-000000000000"}


def _data(stack: Stack) -> Calls:
    name = stack.name
    arn = f"arn:aws:rds:ap-northeast-1:123456789012:cluster:{name}"
    yield "rds", "describe_events", {}
    yield "rds", "list_tags_for_resource", {"ResourceName": arn}
    yield "rds", "remove_tags_from_resource", {"ResourceName": arn, "TagKeys": ["none"]}
    yield "rds", "modify_db_cluster", {"DBClusterIdentifier": name, "DBClusterParameterGroupName": name}
    yield "rds", "modify_db_instance", {"DBInstanceIdentifier": f"{name}-1", "PromotionTier": 1}
    yield "rds", "modify_db_subnet_group", {"DBSubnetGroupName": name, "SubnetIds": []}
    yield "rds", "reset_db_cluster_parameter_group", {"DBClusterParameterGroupName": name, "ResetAllParameters": True}
    yield "rds", "start_db_cluster", {"DBClusterIdentifier": name}
    yield "rds", "delete_db_cluster", {"DBClusterIdentifier": name, "FinalDBSnapshotIdentifier": f"{name}-final-none"}
    group = f"/ecs/{name}/backend"
    yield "logs", "get_log_events", {"logGroupName": group, "logStreamName": "none"}
    log_group = f"arn:aws:logs:ap-northeast-1:123456789012:log-group:{group}"
    yield "logs", "list_tags_for_resource", {"resourceArn": log_group}
    password = f"/{name}/database/password"
    yield "ssm", "list_tags_for_resource", {"ResourceType": "Parameter", "ResourceId": password}
    again = {"Name": password, "Type": "SecureString", "Value": "none", "KeyId": "alias/none", "Overwrite": True}
    yield "ssm", "put_parameter", again


def _beforehand(stack: Stack) -> Calls:
    """Yield the calls with which `doctor` examines an account."""
    quota = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    yield "service-quotas", "get_service_quota", quota
    for service, code in (("elasticloadbalancing", "L-53DA6B97"), ("rds", "L-952B80B8")):
        yield "service-quotas", "get_service_quota", {"ServiceCode": service, "QuotaCode": code}
    yield "service-quotas", "get_aws_default_service_quota", quota
    yield "ec2", "describe_instance_types", {"InstanceTypes": ["c5.large"]}
    yield "iam", "get_account_summary", {}
    yield "iam", "get_role", {"RoleName": "admin"}
    yield "route53", "get_hosted_zone_count", {}


def _push(stack: Stack) -> None:
    """Push an image of one layer, as an engine does: look for the layer, upload it in pieces, then the manifest."""
    (data,) = stack.cloud.client("ecr").get_authorization_token()["authorizationData"]
    connection = http.client.HTTPConnection(stack.cloud.endpoint.removeprefix("http://"), timeout=120)
    base, layer = f"/v2/{stack.name}/backend", b"layer"
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"

    def ask(method: str, path: str, body: bytes = b"") -> str:
        connection.request(method, path, body, {"Authorization": f"Basic {data['authorizationToken']}"})
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status != http.client.FORBIDDEN, said
        return answer.headers.get("Location", "")

    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
    ask("HEAD", f"{base}/blobs/{digest}")
    upload = ask("POST", f"{base}/blobs/uploads/")
    ask("PATCH", upload, layer)
    ask("PUT", f"{upload}?digest={digest}")
    ask("HEAD", f"{base}/manifests/none")
    ask("PUT", f"{base}/manifests/none", b"{}")
    connection.close()
