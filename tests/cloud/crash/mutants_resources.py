"""Deliberate faults in how resources are read, created, changed and deleted."""

from __future__ import annotations

from tests.cloud.crash.mutant import Mutant

PLACE = "provisioner/resources/"
LOGS, ALARMS, SCALING = PLACE + "logs.py", PLACE + "cloudwatch/alarms.py", PLACE + "application_autoscaling.py"
BALANCER, TARGETS = PLACE + "elbv2/balancer.py", PLACE + "elbv2/target_groups.py"
GROUPS, IAM, CLUSTER = PLACE + "ec2/security.py", PLACE + "iam.py", PLACE + "ecs/cluster.py"
S3, SQS, REDIS, RDS = (
    PLACE + "s3.py",
    PLACE + "sqs.py",
    PLACE + "elasticache/replication_group.py",
    PLACE + "rds/database.py",
)
SINGLE, ECR, SCHEDULER = PLACE + "rds/single.py", PLACE + "ecr/repository.py", PLACE + "scheduler.py"
RECORDS = PLACE + "route53/records.py"

_CREATE = (
    Mutant(
        "a log group is made without tags", "create", LOGS,
        'aws.client("logs").create_log_group(logGroupName=self.log_group_name, tags=aws.tags(self.address), **key)',
        'aws.client("logs").create_log_group(logGroupName=self.log_group_name, **key)',
    ),
    Mutant(
        "a bucket is made with the address of another", "create", S3,
        """CreateBucketConfiguration={**place, "Tags": aws.tag_list(self.address)},""",
        """CreateBucketConfiguration={**place, "Tags": aws.tag_list(f"{self.address}.other")},""",
        having="buckets",
    ),
    Mutant(
        "Valkey is made without TLS", "create", REDIS,
        "TransitEncryptionEnabled=True,", "TransitEncryptionEnabled=False,", having="redis",
    ),
    Mutant(
        "Valkey is made without encryption at rest", "create", REDIS,
        "AtRestEncryptionEnabled=True,", "AtRestEncryptionEnabled=False,", having="redis",
    ),
    Mutant(
        "an instance of Aurora is public", "create", RDS,
        "publicly_accessible: bool = False", "publicly_accessible: bool = True", having="database.readers",
    ),
    Mutant(
        "the bounds of scaling are swapped", "create", SCALING,
        """
        MinCapacity=self.min_capacity,
        MaxCapacity=self.max_capacity,
        """,
        """
        MinCapacity=self.max_capacity,
        MaxCapacity=self.max_capacity,
        """,
        having="service.scaling.max",
    ),
    Mutant(
        "a fifo queue is made as a standard one", "create", SQS,
        'settings["FifoQueue"] = "true"', 'settings["FifoQueue"] = "false"', having="queues.work.fifo",
    ),
    Mutant(
        "a load balancer is made with invalid headers let through", "create", BALANCER,
        "drop_invalid_header_fields: bool = True", "drop_invalid_header_fields: bool = False", having="service.public",
    ),
)  # fmt: skip

_UPDATE = (
    Mutant(
        "a changed retention is not written", "update", LOGS,
        """
        if "retention_in_days" in changes:
        aws.client("logs").put_retention_policy(logGroupName=live.id, retentionInDays=self.retention_in_days)
        """,
        """
        if "retention_in_days" in changes and not live.attributes.get("retention_in_days"):
            aws.client("logs").put_retention_policy(logGroupName=live.id, retentionInDays=self.retention_in_days)
        """,
        having="-logs.retention_days",
    ),
    Mutant(
        "the number of replicas is never lowered", "update", REDIS,
        "cache.decrease_replica_count(**wanted, ApplyImmediately=True)", "pass", having="+redis.replicas",
    ),
    Mutant(
        "rules of a security group are only added", "update", GROUPS,
        """
        call(revoke, unwanted)
        """,
        """
        return None
        """,
        having="-service.calls",
    ),
    Mutant(
        "policies that nobody needs stay at a role", "update", IAM,
        "for name in inline.keys() - self.inline_policies.keys():",
        "for name in ():",
        having="-service.topics; topics",
    ),
    Mutant(
        "cookies of a target group are never switched off", "update", TARGETS,
        """if "stickiness" in changes:""", """if "stickiness" in changes and self.stickiness:""",
        having="-service.sticky",
    ),
    Mutant(
        "the log of a load balancer is never switched off", "update", BALANCER,
        """settings[f"{LOGS}.enabled"] = str(bool(self.access_logs_bucket)).lower()""",
        """settings[f"{LOGS}.enabled"] = "true" """.rstrip(),
        having="-load_balancer.access_logs; service.public",
    ),
    Mutant(
        "versions of a bucket are never suspended", "update", S3,
        """if self.versioning and "versioning" in changes:""",
        """if self.versioning == "Enabled" and "versioning" in changes:""",
        having="-buckets.uploads.versions",
    ),
)  # fmt: skip

_READ = (
    Mutant(
        "a retention that somebody changed is not seen", "drift", LOGS,
        """attributes["retention_in_days"] = group.get("retentionInDays")""",
        """attributes |= {"retention_in_days": one["retention_in_days"] for one in aws.known(LogGroup)}""",
        having="hand retention",
    ),
    Mutant(
        "the policies in a role are not compared", "drift", IAM,
        """
        ignore_changes = frozenset({"description"})
        unordered = frozenset({"managed_policy_arns"})
        """,
        """
        ignore_changes = frozenset({"description", "inline_policies"})
        unordered = frozenset({"managed_policy_arns"})
        """,
        having="service.buckets",
    ),
    Mutant(
        "the settings of a cluster are not compared", "drift", CLUSTER,
        """{"cluster_name": cluster["clusterName"], "settings": cluster.get("settings", [])},""",
        """{"cluster_name": cluster["clusterName"]},""",
        having="hand insights",
    ),
    Mutant(
        "the idle timeout is not compared", "drift", BALANCER,
        """"idle_timeout": int(settings.get(ATTRIBUTES["idle_timeout"], 60)),""", "",
        having="hand idle_timeout",
    ),
    Mutant(
        "the threshold of an alarm is not compared", "drift", ALARMS,
        """"threshold": alarm.get("Threshold"),""", "", having="+alarms.cpu",
    ),
    Mutant(
        "what keeps a bucket from being public is not compared", "drift", S3,
        """
        "public_access_block": _asked(s3.get_public_access_block, of).get("PublicAccessBlockConfiguration"),
        """,
        "", having="hand public_access; buckets",
    ),
    Mutant(
        "the visibility timeout of a queue is not compared", "drift", SQS,
        """"visibility_timeout": int(shown["VisibilityTimeout"]),""", "", having="hand visibility; queues",
    ),
    Mutant(
        "the health check of a target group is not compared", "drift", TARGETS,
        "attributes = members.shown(TARGETS | HEALTH_CHECK, group) | {",
        "attributes = members.shown(TARGETS, group) | {",
        having="hand health_check",
    ),
    Mutant(
        "incoming rules of a group are not compared", "drift", GROUPS,
        """"ingress": _rules(group["IpPermissions"]),""", "", having="hand group_rule",
    ),
    Mutant(
        "the expression of a schedule is not compared", "drift", SCHEDULER,
        """"schedule_expression": shown.get("ScheduleExpression"),""", "", having="~job.schedule",
    ),
)  # fmt: skip

_DELETE = (
    Mutant(
        "alarms are left over", "delete", ALARMS,
        """aws.client("cloudwatch").delete_alarms(AlarmNames=[live.id])""", "pass", having="alarms",
    ),
    Mutant(
        "records of public names are left over", "delete", RECORDS,
        "route53_changes.change(aws, zone_id, deleted)", "pass", having="dns",
    ),
    Mutant(
        "a bucket is deleted with what is in it", "delete", S3,
        "while objects := _some(s3.list_object_versions(**of)):",
        "while objects := []:", having="load_balancer.access_logs; service.public",
    ),
    Mutant(
        "Aurora goes without its final snapshot", "delete", RDS,
        """
        if saved:
        delete_with_snapshot(aws, live, lambda name: delete(FinalDBSnapshotIdentifier=name))
        """,
        """
        if False:
            pass
        """,
        having="protect; database.readers",
    ),
    Mutant(
        "Valkey goes without its final snapshot", "delete", REDIS,
        """if live.attributes["final_snapshot"]:""", "if False:", having="protect; redis",
    ),
)  # fmt: skip

FAULTS = (*_CREATE, *_UPDATE, *_READ, *_DELETE)
