"""Deliberate faults in the declarations: a setting that is ignored, a rule too many, an order that is lost."""

from __future__ import annotations

from tests.cloud.crash.mutant import Mutant

GROUPS, ALARMS, BALANCER = "steps/security_groups.py", "steps/alarms.py", "steps/load_balancer.py"
DATABASE, REDIS, NETWORK = "steps/database.py", "steps/redis.py", "steps/network.py"
SCALING, SCHEDULES, QUEUES, ROLES = "steps/scaling.py", "steps/schedules.py", "steps/queues.py", "steps/roles.py"

FAULTS = (
    Mutant(
        "all logs are kept for a week", "setting", "steps/logs.py",
        "return LogGroup(name, log_group_name, stack.config.logs.retention_days, kms_key_id=stack.facts.logs_key)",
        "return LogGroup(name, log_group_name, 7, kms_key_id=stack.facts.logs_key)", having="logs.retention_days",
    ),
    Mutant(
        "every workload may reach the database", "network", GROUPS,
        """
        with_database = clients("database", database_port, [name for name, one in workloads.items() if one.database])
        """,
        """with_database = clients("database", database_port, [*workloads])""", having="database",
    ),
    Mutant(
        "callers may not reach what they call", "network", GROUPS,
        'calls = [allow(config.port_of(name), f"calls of {one}", group=groups[one].id) for one in callers[name]]',
        "calls = []", having="service.calls",
    ),
    Mutant(
        "the load balancer is open to the internet", "network", GROUPS,
        'return [allow(port, "users", cidr=source) for source in stack.facts.allow for port in ports(stack.config)]',
        'return [allow(port, "users", cidr="0.0.0.0/0") for port in ports(stack.config)]', having="service.public",
    ),
    Mutant(
        "the load balancer may not reach the tasks", "network", GROUPS,
        'from_balancer = [allow(config.port_of(name), "load balancer", group=one) for one in senders]',
        "from_balancer = []", having="service.public",
    ),
    Mutant(
        "every workload may reach Valkey", "network", GROUPS,
        "with_redis = clients(REDIS_GROUP, REDIS_PORT, [name for name, one in workloads.items() if one.redis])",
        "with_redis = clients(REDIS_GROUP, REDIS_PORT, [*workloads])", having="redis",
    ),
    Mutant(
        "NAT gateways get no route", "network", NETWORK,
        "routes={ANYWHERE: ready(ways[number]).id} if ways else {},", "routes={},", having="network.egress.nat",
    ),
    Mutant(
        "one NAT gateway serves all zones", "network", NETWORK,
        'number = {"nat": 1, "nat-per-zone": len(subnets)}.get(stack.config.network.egress, 0)',
        'number = {"nat": 1, "nat-per-zone": 1}.get(stack.config.network.egress, 0)',
        having="network.egress.nat-per-zone",
    ),
    Mutant("alarms tell nobody", "setting", ALARMS, "alarm_actions=told,", "alarm_actions=[],", having="alarms"),
    Mutant(
        "alarms on errors come although they are off", "setting", ALARMS,
        """
        if wanted.errors:
        yield Watched(
        f"{group}.errors",
        """,
        """
        if True:
            yield Watched(
                f"{group}.errors",
        """,
        having="alarms.errors; service.public",
    ),
    Mutant(
        "the threshold of alarms is a constant", "setting", ALARMS, "threshold=float(threshold),", "threshold=90.0,",
        having="alarms.cpu",
    ),
    Mutant(
        "the idle timeout is ignored", "setting", BALANCER, "idle_timeout=settings.idle_timeout,", "idle_timeout=60,",
        having="load_balancer.idle_timeout; service.public",
    ),
    Mutant(
        "a load balancer is not protected", "protection", BALANCER,
        """
        idle_timeout=settings.idle_timeout,
        deletion_protection=stack.config.protect,
        """,
        """
        idle_timeout=settings.idle_timeout,
        deletion_protection=False,
        """,
        having="protect; service.public",
    ),
    Mutant(
        "cookies are ignored", "setting", BALANCER, "stickiness=service.sticky or 0,", "stickiness=0,",
        having="service.sticky; service.public",
    ),
    Mutant(
        "a database has no standby", "setting", DATABASE, "multi_az=settings.standby,", "multi_az=False,",
        having="database.standby",
    ),
    Mutant(
        "Valkey never evicts", "setting", REDIS,
        'FAMILY, f"{name}-{FAMILY}", FAMILY, f"Settings of {name}", {"maxmemory-policy": settings.policy}',
        'FAMILY, f"{name}-{FAMILY}", FAMILY, f"Settings of {name}", {"maxmemory-policy": "noeviction"}',
        having="redis.evict",
    ),
    Mutant(
        "the most tasks of scaling are the least", "setting", SCALING,
        "least, most = (0, 0) if rests else settings.bounds(stack.facts.now)",
        "least = most = 0 if rests else settings.bounds(stack.facts.now)[0]", having="service.scaling.max",
    ),
    Mutant(
        "scaling by memory is lost", "setting", SCALING,
        "for metric, value in settings.targets.items():",
        'for metric, value in [one for one in settings.targets.items() if one[0] != "memory"]:',
        having="service.scaling.memory",
    ),
    Mutant(
        "every job runs once a day", "setting", SCHEDULES,
        "schedule_expression=str(job.schedule),", 'schedule_expression="rate(1 day)",', having="job.schedule",
    ),
    Mutant(
        "queues have no queue for dead letters", "setting", QUEUES,
        'redrive_policy={"deadLetterTargetArn": dead.arn, "maxReceiveCount": settings.attempts},', "",
        having="queues",
    ),
    Mutant(
        "managed policies are ignored", "setting", ROLES,
        "managed=task_policies.managed(workload.policies),", "managed=(),", having="service.policies",
    ),
    Mutant(
        "a bucket takes requests without TLS", "setting", "steps/buckets.py",
        '"Condition": {"Bool": {"aws:SecureTransport": "false"}},', '"Condition": {},', having="buckets",
    ),
)  # fmt: skip
