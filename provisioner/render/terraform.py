"""A plan in Terraform's JSON representation, for policy tools that read it (conftest, OPA, Checkov).

https://developer.hashicorp.com/terraform/internals/json-format describes its members.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.engine.planning.actions import HIDDEN, HIDDEN_CHANGE, KNOWN_AFTER_UP
from provisioner.engine.resource_types import type_named
from provisioner.operations.pictures.view import fields_of, visible_settings

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.planning.proposal import Proposal

FORMAT_VERSION, TERRAFORM_VERSION = "1.2", "1.9.0"
"""The version of the representation, and of a Terraform that writes it: some tools recognize a plan by it."""
AWS, OWN = "registry.terraform.io/hashicorp/aws", "provisioner"
"""The providers: AWS's, and this tool for types that AWS's does not have."""
ACTIONS = {"create": ["create"], "change": ["update"], "delete": ["delete"]}
"""Terraform's words for actions; all others are `no-op`."""
TYPES = {
    "access_point": "aws_efs_access_point",
    "alarm": "aws_cloudwatch_metric_alarm",
    "auto_scaling_group": "aws_autoscaling_group",
    "bucket": "aws_s3_bucket",
    "capacity_provider": "aws_ecs_capacity_provider",
    "certificate": "aws_acm_certificate",
    "cluster": "aws_ecs_cluster",
    "cluster_capacity_providers": "aws_ecs_cluster_capacity_providers",
    "connection_url": "aws_ssm_parameter",
    "db_cluster": "aws_rds_cluster",
    "db_cluster_parameter_group": "aws_rds_cluster_parameter_group",
    "db_instance": "aws_rds_cluster_instance",
    "db_parameter_group": "aws_db_parameter_group",
    "db_subnet_group": "aws_db_subnet_group",
    "default_security_group": "aws_default_security_group",
    "discovery_service": "aws_service_discovery_service",
    "distribution": "aws_cloudfront_distribution",
    "elastic_ip": "aws_eip",
    "event_rule": "aws_cloudwatch_event_rule",
    "file_system": "aws_efs_file_system",
    "flow_log": "aws_flow_log",
    "hosted_zone": "aws_route53_zone",
    "instance_profile": "aws_iam_instance_profile",
    "internet_gateway": "aws_internet_gateway",
    "launch_template": "aws_launch_template",
    "listener": "aws_lb_listener",
    "listener_certificate": "aws_lb_listener_certificate",
    "listener_rule": "aws_lb_listener_rule",
    "load_balancer": "aws_lb",
    "log_group": "aws_cloudwatch_log_group",
    "mount_target": "aws_efs_mount_target",
    "nat_gateway": "aws_nat_gateway",
    "private_dns_namespace": "aws_service_discovery_private_dns_namespace",
    "queue": "aws_sqs_queue",
    "record_set": "aws_route53_record",
    "repository": "aws_ecr_repository",
    "role": "aws_iam_role",
    "route_table": "aws_route_table",
    "scalable_target": "aws_appautoscaling_target",
    "scaling_policy": "aws_appautoscaling_policy",
    "schedule": "aws_scheduler_schedule",
    "scheduled_action": "aws_appautoscaling_scheduled_action",
    "schedule_group": "aws_scheduler_schedule_group",
    "universal_schedule": "aws_scheduler_schedule",
    "secure_parameter": "aws_ssm_parameter",
    "security_group": "aws_security_group",
    "security_group_rule": "aws_vpc_security_group_ingress_rule",
    "service": "aws_ecs_service",
    "service_linked_role": "aws_iam_service_linked_role",
    "single_db_instance": "aws_db_instance",
    "state_machine": "aws_sfn_state_machine",
    "subnet": "aws_subnet",
    "subscription": "aws_sns_topic_subscription",
    "target_group": "aws_lb_target_group",
    "task_definition": "aws_ecs_task_definition",
    "topic": "aws_sns_topic",
    "vpc": "aws_vpc",
    "vpc_endpoint": "aws_vpc_endpoint",
    "vpc_origin": "aws_cloudfront_vpc_origin",
    "web_acl_association": "aws_wafv2_web_acl_association",
}
"""The name of a resource type in Terraform's provider for AWS."""


def document(proposal: Proposal) -> dict[str, Any]:
    """Return a plan as Terraform's JSON, without the resources that plans do not count."""
    items = [item for item in proposal.planned if not item.bookkeeping]
    changes = [_change(proposal, item) for item in items]
    left = [one for one in changes if one["change"]["after"] is not None]
    return {
        "format_version": FORMAT_VERSION,
        "terraform_version": TERRAFORM_VERSION,
        "planned_values": {"root_module": {"resources": [_planned_value(one) for one in left]}},
        "resource_changes": changes,
        "configuration": {"root_module": {}},
        "errored": any(item.action == "refused" for item in items),
    }


def _change(proposal: Proposal, item: Planned) -> dict[str, Any]:
    type_name, _, name = item.address.partition("/")
    terraform_type = TYPES.get(type_name, f"provisioner_{re.sub(r'[^a-z0-9_]', '_', type_name.lower())}")
    before, after = _both(proposal, item)
    return {
        "address": f"{terraform_type}.{re.sub(r'[^a-zA-Z0-9_-]', '_', name)}",
        "mode": "managed",
        "type": terraform_type,
        "name": re.sub(r"[^a-zA-Z0-9_-]", "_", name),
        "provider_name": AWS if type_name in TYPES else OWN,
        "provisioner_address": item.address,
        "change": {
            "actions": ACTIONS.get(item.action, ["no-op"]),
            "before": None if before is None else _known(before),
            "after": None if after is None else _known(after),
            "after_unknown": {} if after is None else _mask(after, _unknown),
            "before_sensitive": False if before is None else _mask(before, _sensitive),
            "after_sensitive": False if after is None else _mask(after, _sensitive),
        },
    }


def _both(proposal: Proposal, item: Planned) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return a resource's settings before and after; None on a side without the resource."""
    declared, record = proposal.declared.get(item.address), proposal.records.get(item.address)
    if declared and not (record and item.action == "none"):
        settings = fields_of(declared, proposal.records)
    else:
        settings = record.arguments if record else {}
    if item.action == "create":
        return None, _translated(item.address, {**settings, **{name: one.new for name, one in item.changes.items()}})
    if item.action == "delete":
        return _translated(item.address, settings), None
    old, new = (
        {**settings, **{name: getattr(one, side) for name, one in item.changes.items()}} for side in ("old", "new")
    )
    return _translated(item.address, old), _translated(item.address, new)


def _translated(address: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without values of variables, and rules and containers in Terraform's form."""
    type_name = address.partition("/")[0]
    resource_type = type_named(type_name)
    shown = visible_settings(resource_type, settings) if resource_type else dict(settings)
    if type_name in ("security_group", "default_security_group"):
        shown |= {way: [_rule(rule) for rule in shown.get(way) or ()] for way in ("ingress", "egress")}
    if type_name == "task_definition" and "container_definitions" in shown:
        shown["container_definitions"] = json.dumps(shown["container_definitions"])
    return shown


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a security group's rule with Terraform's members."""
    everything = rule.get("IpProtocol") == "-1"
    peers = {
        "cidr_blocks": "CidrIpv4",
        "ipv6_cidr_blocks": "CidrIpv6",
        "prefix_list_ids": "PrefixListId",
        "security_groups": "ReferencedGroupId",
    }
    return {
        "protocol": rule.get("IpProtocol"),
        "from_port": 0 if everything else rule.get("FromPort"),
        "to_port": 0 if everything else rule.get("ToPort"),
        "description": rule.get("Description", ""),
        **{name: [rule[member]] if member in rule else [] for name, member in peers.items()},
    }


def _planned_value(change: Mapping[str, Any]) -> dict[str, Any]:
    about = {name: change[name] for name in ("address", "mode", "type", "name", "provider_name")}
    values, sensitive = change["change"]["after"], change["change"]["after_sensitive"]
    return {**about, "schema_version": 0, "values": values, "sensitive_values": sensitive}


def _unknown(value: Any) -> bool:
    return bool(value == KNOWN_AFTER_UP)


def _sensitive(value: Any) -> bool:
    return value in (HIDDEN, HIDDEN_CHANGE) or (isinstance(value, str) and value[:1] == "[" and f'"{HIDDEN}"' in value)


def _known(value: Any) -> Any:
    """Return a value without its unknown parts: absent in a table, null in a list."""
    if isinstance(value, Mapping):
        return {str(key): _known(item) for key, item in value.items() if not _unknown(item)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_known(item) for item in value]
    return None if _unknown(value) else value


def _mask(value: Any, of: Callable[[Any], bool]) -> Any:
    """Return `true` in place of each value that matches: tables without the others, lists with `false`."""
    if isinstance(value, Mapping):
        found = {str(key): _mask(item, of) for key, item in value.items()}
        return {key: mask for key, mask in found.items() if mask}
    if isinstance(value, Sequence) and not isinstance(value, str):
        masks = [_mask(item, of) for item in value]
        return masks if any(masks) else []
    return of(value)
