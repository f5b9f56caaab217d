"""Words of other tools for the keys of `stack.toml`: the only place that knows them.

A key of another tool is answered with the key of this one, or with the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from provisioner.config.extends import BY_DEFAULT, DEFAULTS

Table = tuple[str, ...]
"""The parts of a table's key; a star stands for the name of a service, a job or a sidecar."""

CONTAINERS: Sequence[Table] = (
    ("services", "*"),
    ("jobs", "*"),
    ("services", "*", "sidecars", "*"),
    ("jobs", "*", "sidecars", "*"),
)
_CONTAINER = {
    "command": "args cmd run start_command",
    "cpu": "cpu_units vcpu",
    "entrypoint": "entry_point",
    "environment": "env env_vars envs variables vars environment_variables",
    "memory": "mem ram memory_mb memory_mib",
    "read_only": "readonly read_only_root readonly_root_filesystem",
    "secrets": "secret",
    "build": "context build_context source docker_context",
    "dockerfile": "docker_file",
    "build_args": "args_build buildargs",
    "architecture": "arch cpu_architecture runtime_platform",
    "stop_timeout": "stop_grace_period grace_period kill_timeout",
    "ephemeral_storage": "disk disk_size storage",
}
_PORT = "ports container_port containerport listen internal_port target_port expose"
_SERVICE = {
    "count": "replicas instances desired_count desired min_count num_instances size tasks scale number",
    "port": _PORT,
    "health": "healthcheck health_check health_check_path healthcheck_path healthchecks livenessProbe readiness_probe",
    "scaling": "autoscaling auto_scaling autoscale scale_to",
    "calls": "links connects_to uses needs",
    "redis": "valkey elasticache cache",
    "buckets": "bucket s3 s3_buckets",
    "queues": "queue sqs sqs_queues",
    "topics": "topic sns publish publishes",
    "volumes": "volume mounts mount mount_points efs",
    "public": "load_balancer expose_public internet external http_service",
    "hosts": "host domain domains alias aliases hostname",
    "path": "paths route routes path_pattern",
    "launch": "launch_type capacity_provider compute",
    "sticky": "stickiness session_affinity",
    "sign_in": "auth oidc authentication authenticate login sso",
    "protocol": "app_protocol appProtocol protocol_version backend_protocol scheme",
    "tls": "https ssl backend_tls",
    "deployment": "strategy deploy deployment_strategy rolling",
}
RENAMED: Mapping[Table, Mapping[str, str]] = {
    **dict.fromkeys(CONTAINERS, _CONTAINER),
    (DEFAULTS,): {key: words for key, words in {**_CONTAINER, **_SERVICE}.items() if key in BY_DEFAULT},
    ("services", "*"): {**_CONTAINER, **_SERVICE},
    ("services", "*", "sidecars", "*"): {**_CONTAINER, "port": _PORT},
    ("jobs", "*"): {**_CONTAINER, "schedule": "cron crontab", "before_deploy": "release_command migrate"},
    (): {
        "project": "name app application app_name stack",
        "env": "environment stage",
        "region": "aws_region primary_region location",
        "services": "service svc",
        "jobs": "job cron crons scheduled_jobs",
        "environments": "environment stage envs stages overlays profiles",
        "database": "db rds aurora mysql postgres postgresql",
        "redis": "valkey elasticache cache kv keyvalue",
        "buckets": "bucket s3 s3_buckets object_storage",
        "queues": "queue sqs sqs_queues message_queues",
        "topics": "topic sns sns_topics",
        "volumes": "volume efs file_systems filesystems",
        "network": "vpc networking",
        "protect": "deletion_protection termination_protection prevent_destroy",
        "load_balancer": "alb lb elb",
        "logs": "logging log",
        "alarms": "alerts monitoring",
        "capacity": "ec2 autoscaling_group asg",
        "cost": "budget",
        "tags": "labels default_tags resource_tags",
        "defaults": "default common shared globals",
    },
    ("network",): {"cidr": "cidr_block vpc_cidr", "zones": "azs availability_zones", "vpc": "vpc_id", "egress": "nat"},
    ("dns",): {"domain": "zone domain_name name", "host": "subdomain hostname", "certificate": "certificate_arn cert"},
    ("capacity",): {"instance_types": "instance_type type types", "min": "min_size", "max": "max_size"},
    ("database",): {
        "engine": "type kind",
        "name": "db_name database",
        "user": "username master_username",
        "min_acu": "min_capacity min",
        "max_acu": "max_capacity max",
        "readers": "replicas read_replicas",
        "instance": "instance_class instance_type db_instance_class",
        "storage": "allocated_storage disk volume_size",
        "standby": "multi_az",
        "backup_days": "backup_retention_period backup_retention",
    },
    ("redis",): {
        "node": "node_type instance_type size cache_node_type plan",
        "replicas": "replica_count read_replicas num_replicas",
        "evict": "eviction evicts",
        "from_snapshot": "snapshot snapshot_name",
    },
    ("account",): {"id": "account_id"},
    ("logs",): {"retention_days": "retention retention_in_days days"},
    ("services", "*", "scaling"): {
        "min": "min_count min_capacity minimum",
        "max": "max_count max_capacity maximum",
        "cpu": "cpu_percentage cpu_target target_cpu",
        "memory": "memory_percentage memory_target",
        "requests": "requests_per_target",
        "response_time": "latency target_response_time",
        "metrics": "custom_metrics custom metric customized_metric backlog queue_delay",
        "schedule": "scheduled_actions scheduled schedules cron times",
    },
    ("services", "*", "scaling", "schedule", "*"): {
        "at": "schedule cron when",
        "min": "min_count min_capacity minimum",
        "max": "max_count max_capacity maximum",
    },
    ("services", "*", "scaling", "metrics", "*"): {"name": "metric_name metric", "target": "target_value value"},
    ("services", "*", "health"): {
        "interval": "period",
        "unhealthy": "retries unhealthy_threshold",
        "healthy": "healthy_threshold",
        "grace": "grace_period start_period",
        "codes": "success_codes matcher",
    },
}
"""By table, a key and the words that other tools have for it."""

_SCALING = "the limits of the number of tasks are a table: write scaling = { min = 2, max = 10, cpu = 70 }"
_SAME = "jobs alone have a schedule: write it in a table [jobs.NAME], with extends = for the same image"
_ADDRESS = "it is an address, and each service has its own: write it in the table [services.NAME]"
_RUNS = "there is no image or command for all: write it in one table, and extends = in the tables that take it over"
OTHERWISE: Mapping[Table, Mapping[str, str]] = {
    (DEFAULTS,): {
        **dict.fromkeys(
            ("port", "protocol", "public", "path", "strip_path", "hosts", "host", "domain", "target_container"),
            _ADDRESS,
        ),
        **dict.fromkeys(
            ("image", "build", "dockerfile", "target", "build_args", "command", "entrypoint", "extends"), _RUNS
        ),
        "calls": "no service calls itself: write calls in the table of each caller",
        "before_deploy": "each job has its own time: write it in the table [jobs.NAME]",
        "schedule": "each job has its own time: write it in the table [jobs.NAME]",
    },
    ("services", "*"): {
        "min": _SCALING,
        "max": _SCALING,
        "restart": "ECS starts a task again that ends: remove this line",
        "restart_policy": "ECS starts a task again that ends: remove this line",
        "schedule": _SAME,
        "cron": _SAME,
        "type": "a service with public = true is behind the load balancer, one without port is a worker: remove this",
        "networks": 'services reach each other by calls = ["NAME"]: write that',
        "security_group": 'groups are a list: write security_groups = ["sg-…"]',
        "role": 'tasks have a role of their own: write policies = ["policies/NAME.json"], or ARNs of policies',
        "task_role": 'tasks have a role of their own: write policies = ["policies/NAME.json"], or ARNs of policies',
        "env_file": 'variables are in the file: write them as environment = { NAME = "value" }',
        "labels": "there are no labels: remove this line",
    },
    ("jobs", "*"): {
        "port": "nobody connects to a job: remove this line, or make it a service",
        "count": "a job is one task at a time: remove this line, or make it a service",
    },
    (): {
        "account": 'write id = "123456789012" in the table [account]',
        "state": 'write bucket = "NAME" in the table [state]',
        "backend": 'the place of the state is bucket = "NAME" in the table [state]: write that',
        "provider": "the Region is region = at the top of the file, the account's profile --profile: remove this",
        "version": "the file has no version: remove this line",
        "resource": "resources beside the services come from your own steps: docs/own-steps.md",
        "variable": "environments have their differences in [environments.NAME]: write them there",
        "profile": "name the profile on the command line: --profile NAME, or AWS_PROFILE",
    },
    ("database",): {
        "engine_version": "the version is the default of the engine: remove this line",
        "password": "the password is generated, and Parameter Store keeps it: remove this line",
    },
    ("redis",): {
        "engine": "the engine is Valkey, which Redis's clients speak to: remove this line",
        "engine_version": "the version is Valkey 8: remove this line",
        "maxmemory_policy": "evict = true removes the keys that were used least recently, and false none: write that",
        "password": "the token is generated, and Parameter Store keeps it: remove this line",
    },
    ("network",): {"nat_gateway": 'write egress = "nat"'},
}
"""By table, keys of other tools that are answered with a sentence."""


def meant(table: Table, key: str, value: Any, known: Collection[str]) -> str:
    """Return the answer to a key of another tool, behind `is unknown`; empty if it is none.

    Args:
        table: the table, with stars.
        key: the key.
        value: its value.
        known: the keys that the table can have: in the table of an environment there is no `environments`.
    """
    if sentence := OTHERWISE.get(table, {}).get(key):
        return f": {sentence}"
    for right, words in RENAMED.get(table, {}).items():
        # a table of environments, and the name of one
        if (right == "env" and isinstance(value, Mapping)) or (right == "environments" and isinstance(value, str)):
            continue
        if right in known and key.replace("-", "_") in words.split():
            return f'; did you mean "{right}"?{_written(table, right, value)}'
    if not table and isinstance(value, Mapping) and WORKLOAD.intersection(value):
        return f": a service is a table below services: write [services.{key}]"
    return ""


WORKLOAD = frozenset({"image", "build", "port", "public", "extends", "command"})
"""Keys by which a table is a service's."""


NAMED = frozenset({"services", "jobs", "environments"})
"""Tables of tables with names of the user's choice."""


def _written(table: Table, right: str, value: Any) -> str:
    """Return how to write the value of another tool; empty if it can stay."""
    if right == "port" and isinstance(value, list) and value:
        number = str(value[0]).rpartition(":")[2].partition("/")[0]
        return f" Write port = {number}: the load balancer has the other port" if number.isdecimal() else ""
    if isinstance(value, Mapping) and not table:
        return f" Write [{right}.NAME]" if right in NAMED else f" Write [{right}]"
    if right == "instance_types" and isinstance(value, str):
        return " It is a list: write it in brackets"
    return ""
