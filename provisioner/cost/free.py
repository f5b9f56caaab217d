"""The resource types that cost nothing by themselves, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

_IAM = "IAM is free of charge"
_VPC = "parts of a VPC are free of charge; the resources in it are not"
_BALANCER = "part of a load balancer, which is charged for"
_WITH_SERVICE = "its tasks are counted with the service"
_IMAGE = "its size is counted with the repository"
_NOTE = "a note in the state, or of a resource that AWS makes by itself"
_OF_FILES = "part of a file system, which is charged for by its files"
_SERVICE_PARTS = "part of a service, whose tasks are charged for"

FREE: Mapping[str, str] = {
    "access_point": _OF_FILES,
    "account_setting": "a setting of the account",
    "cache_parameter_group": "settings",
    "cache_subnet_group": "settings",
    "certificate": "public certificates of ACM are free of charge",
    "cluster_capacity_providers": "a setting of the cluster",
    "connection_url": "standard parameters of Parameter Store are free of charge",
    "container_insights": "its metrics are counted with the cluster",
    "container_instances": "they are counted with the Auto Scaling group",
    "copied_image": _IMAGE,
    "db_cluster_parameter_group": "settings",
    "db_instance": "its capacity is counted with the database cluster",
    "db_parameter_group": "settings",
    "db_subnet_group": "settings",
    "default_security_group": _VPC,
    "delegation": _NOTE,
    "deployed_image": _NOTE,
    "discovery_service": "instances of Cloud Map are free of charge to ECS; the zone is counted with its namespace",
    "flow_log": "its data are counted with its log group",
    "event_rule": "events that AWS's own services send to the default bus are free of charge",
    "expiring_stack": _NOTE,
    "guard_duty_endpoints": "GuardDuty makes them, and charges for the watched tasks and instances, not for them",
    "guard_duty_groups": _VPC,
    "image": _IMAGE,
    "image_in_use": _IMAGE,
    "instance_profile": _IAM,
    "instances": "they are counted with the Auto Scaling group",
    "internet_gateway": _VPC,
    "job_run": "a task of some minutes, charged by vCPU and GB while it runs",
    "launch_template": "settings",
    "listener": _BALANCER,
    "listener_certificate": _BALANCER,
    "listener_rule": _BALANCER,
    "minimum_size": "its instances are counted with the Auto Scaling group",
    "paused_workload": _NOTE,
    "mount_target": _OF_FILES,
    "protected_stack": _NOTE,
    "queue": "SQS charges for requests alone, and not for the first million of a month",
    "record_set": "records are free of charge; the zone is not",
    "role": _IAM,
    "route_table": _VPC,
    "running_executions": "they are counted with the schedules of their jobs",
    "running_tasks": _WITH_SERVICE,
    "scalable_target": _WITH_SERVICE,
    "scaled_service": _NOTE,
    "scheduled_action": _WITH_SERVICE,
    "schedule_group": "a name for schedules",
    "secure_parameter": "standard parameters of Parameter Store are free of charge",
    "security_group": _VPC,
    "security_group_egress": _VPC,
    "security_group_ingress": _VPC,
    "security_group_rule": _VPC,
    "service_linked_role": _IAM,
    "sleeping_part": _NOTE,
    "sleeping_stack": _NOTE,
    "stack_tags": "tags are free of charge",
    "state_machine": "4,000 transitions a month are free of charge, then 0.025 USD for 1,000; a run has a few",
    "subnet": _VPC,
    "subscription": "AWS charges for messages: 2 USD for 100,000 e-mails",
    "target_group": _BALANCER,
    "task_definition": _SERVICE_PARTS,
    "topic": "AWS charges for messages, which an alarm sends seldom",
    "universal_schedule": "14 million calls a month are free of charge",
    "validation_record": "records are free of charge; the zone is not",
    "vpc": _VPC,
    "vpc_origin": "VPC origins are free of charge (CloudFront pricing)",
    "wanted_image": _NOTE,
    "web_acl_association": "the web ACL is not the stack's: AWS WAF charges its owner",
}
"""The reasons by type name. Each type is either here, or declares its costs (`Resource.costs`)."""
