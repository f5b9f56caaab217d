"""The alarms of stores: the database, Valkey, and queues with dead letters."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner import Stack
from provisioner.config.alarms import Alarms
from provisioner.config.queues import DEAD, name_of
from provisioner.resources.cloudwatch.alarms import ABOVE, AT_LEAST, BELOW, KEPT, UNKNOWN
from provisioner.steps.database import Database
from provisioner.steps.redis import Redis
from provisioner.steps.watched import Watched


def of_database(stack: Stack, wanted: Alarms, database: Database | None) -> Iterator[Watched]:
    """Yield the alarms of the database, by the sort of its engine."""
    if database is None or stack.config.own_database is None:
        return
    if stack.config.own_database.kind.aurora:
        yield from _of_cluster(wanted, database)
    else:
        yield from _of_instance(wanted, database, stack.config.own_database.storage)


def _of_cluster(wanted: Alarms, database: Database) -> Iterator[Watched]:
    """Yield the alarm on the busiest instance of the cluster: near 100 % it cannot grow any more.

    Sources: Aurora user guide, "Important Amazon CloudWatch metrics for Aurora Serverless v2"; aws-cdk-lib,
    `DatabaseCluster.metricACUUtilization`, for the metric by cluster. Not measured: that the cluster's Maximum is the
    value of its busiest instance, as CloudWatch's word for it suggests.
    """
    if wanted.acu:
        yield Watched(
            "database.acu",
            f"the database uses more than {wanted.acu} % of database.max_acu",
            ("AWS/RDS", "ACUUtilization"),
            {"DBClusterIdentifier": database.id},
            "Maximum",
            (ABOVE, wanted.acu),
            UNKNOWN,
            # the database grows in seconds, so that shorter peaks are normal
            minutes=15,
        )


def _of_instance(wanted: Alarms, database: Database, disk: int) -> Iterator[Watched]:
    """Yield the alarms on an instance's CPU and its free disk: a full one stops the database.

    Source: RDS user guide, "Monitoring metrics in an Amazon RDS instance"; FreeStorageSpace is in bytes.
    """
    dimensions = {"DBInstanceIdentifier": database.id}
    if wanted.cpu:
        yield Watched(
            "database.cpu",
            f"the database uses more than {wanted.cpu} % of its CPU",
            ("AWS/RDS", "CPUUtilization"),
            dimensions,
            "Average",
            (ABOVE, wanted.cpu),
            UNKNOWN,
            minutes=15,
        )
    if wanted.storage:
        yield Watched(
            "database.storage",
            f"less than {wanted.storage} % of database.storage is free",
            ("AWS/RDS", "FreeStorageSpace"),
            dimensions,
            "Minimum",
            (BELOW, disk * 2**30 * wanted.storage // 100),
            UNKNOWN,
        )


def of_redis(stack: Stack, wanted: Alarms, redis: Redis | None) -> Iterator[Watched]:
    """Yield the alarms on each node of Valkey: on its engine's CPU, and on its memory unless it evicts.

    One that evicts is full as a rule; another one refuses writes then. The nodes of a group `name` are `name-001` and
    so on. Sources: ElastiCache user guide, "Which Metrics Should I Monitor?", "Dimensions for ElastiCache metrics".
    """
    settings = stack.config.redis
    if settings is None or redis is None:
        return
    for number in range(1, settings.nodes + 1):
        node = f"{stack.name}-{number:03}"
        if wanted.cpu:
            yield Watched(
                f"redis.node-{number}.cpu",
                f"node {node} of Valkey uses more than {wanted.cpu} % of the one CPU of its engine",
                ("AWS/ElastiCache", "EngineCPUUtilization"),
                {"CacheClusterId": node},
                "Average",
                (ABOVE, wanted.cpu),
                UNKNOWN,
            )
        if wanted.memory and not settings.evict:
            yield Watched(
                f"redis.node-{number}.memory",
                f"node {node} of Valkey uses more than {wanted.memory} % of its memory: a full one refuses writes",
                ("AWS/ElastiCache", "DatabaseMemoryUsagePercentage"),
                {"CacheClusterId": node},
                "Maximum",
                (ABOVE, wanted.memory),
                UNKNOWN,
            )


def of_queues(stack: Stack, wanted: Alarms) -> Iterator[Watched]:
    """Yield the alarm on dead letters of each queue, which is over when they are gone.

    SQS reports nothing of a queue that nobody has called for six hours, so that the state stays then. Source: SQS
    developer guide, "Creating alarms for dead-letter queues using Amazon CloudWatch".
    """
    for name, settings in stack.config.queues.items() if wanted.dead_letters else ():
        yield Watched(
            f"{name}.{DEAD}-letters",
            f"queue {name} has dead letters: messages that were received {settings.attempts} times and not deleted",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
            {"QueueName": name_of(stack.name, name, fifo=settings.fifo, dead=True)},
            "Maximum",
            (AT_LEAST, 1),
            KEPT,
            minutes=1,
        )
