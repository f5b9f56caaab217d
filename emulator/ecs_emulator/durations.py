"""Durations of AWS's operations: the table for every slow operation of the embedded cloud.

A tool that predicts the duration of a run has its own table, from the same sources.
"""

from __future__ import annotations

from dataclasses import dataclass

TOOK = "x-provision-took"
"""The header of an answer with the seconds that it took: the client has to let them pass."""


@dataclass(frozen=True)
class Duration:
    """The duration of an operation.

    Attributes:
        aws: seconds on AWS, the middle of the observed values.
        source: the source of the number.
        seen: the shortest and the longest duration in the source, in seconds, if it has several.
    """

    aws: float
    source: str
    seen: tuple[float, float] | None = None

    @property
    def range(self) -> tuple[float, float]:
        """The usual range on AWS in seconds; half to twice the middle if only that is known."""
        return self.seen or (self.aws / 2, self.aws * 2)


_LOGS = "apply and destroy logs of two public Terraform projects (bshehram/devops-aws-tf, encore428/DTCapstone)"
_ESTIMATE = "estimate, from the mechanics that AWS documents"
_CACHES = "acceptance tests of hashicorp/terraform-provider-aws#49268, TestAccElastiCacheReplicationGroup_"

# -- database --------------------------------------------------------------------------------------------------------
DB_CLUSTER_CREATE = Duration(61, _LOGS)
DB_CLUSTER_DELETE = Duration(70, _LOGS)
DB_INSTANCE_CREATE = Duration(509, f"{_LOGS}; from the moment at which its cluster is available")
DB_INSTANCE_DELETE = Duration(455, _LOGS)
DB_CLUSTER_STOP = Duration(300, _ESTIMATE)
DB_CLUSTER_START = Duration(300, _ESTIMATE)
DB_FAILOVER = Duration(30, "Aurora user guide, failover: typically within 30 s")
DB_CREDENTIALS_PENDING = Duration(15, _ESTIMATE)
DB_CREDENTIALS_CHANGE = Duration(60, _ESTIMATE)
DB_SNAPSHOT_CREATE = Duration(120, _ESTIMATE)
# 13 minutes for creation, a change of the disk and deletion: acceptance tests of terraform-provider-aws (PR 28243)
DB_SINGLE_CREATE = Duration(390, _ESTIMATE, (300, 600))
DB_SINGLE_STANDBY_CREATE = Duration(720, _ESTIMATE, (480, 1200))
DB_SINGLE_BACKUP = Duration(60, _ESTIMATE)
DB_SINGLE_DELETE = Duration(240, _ESTIMATE, (150, 600))
DB_SINGLE_CHANGE = Duration(60, _ESTIMATE)
DB_SINGLE_CLASS = Duration(420, _ESTIMATE, (300, 900))
DB_SINGLE_FAILOVER = Duration(90, "RDS user guide, failover of Multi-AZ: 60 to 120 s", (60, 120))
DB_SINGLE_STANDBY = Duration(600, _ESTIMATE, (300, 1800))
DB_SINGLE_STORAGE = Duration(180, _ESTIMATE, (60, 600))
DB_SINGLE_OPTIMIZATION = Duration(21600, "RDS user guide, storage modifications: six hours until the next one")
DB_SINGLE_STOP = Duration(180, _ESTIMATE)
DB_SINGLE_START = Duration(300, _ESTIMATE)
DB_SINGLE_STOPPED = Duration(604800, "seven days: RDS user guide, USER_StopInstance")

# -- file systems -----------------------------------------------------------------------------------------------------
FILE_SYSTEM_CREATE = Duration(
    6, "12 s in the log of steampipe-plugin-aws#426, most of them a pause of the client", (3, 12)
)
FILE_SYSTEM_DELETE = Duration(5, _ESTIMATE, (1, 30))
MOUNT_TARGET_CREATE = Duration(84, "84 s in a public log (apply of a Terraform module for Airflow); EFS API", (60, 120))
MOUNT_TARGET_DELETE = Duration(30, f"with its interface: {_ESTIMATE}", (10, 120))
ACCESS_POINT_CREATE = Duration(2, _ESTIMATE, (1, 10))
ACCESS_POINT_DELETE = Duration(2, _ESTIMATE, (1, 10))

# -- cache -----------------------------------------------------------------------------------------------------------
_TWO_NODES = f"{_CACHES}: two nodes were created and deleted in 616 s"
CACHE_CREATE = Duration(390, _TWO_NODES, (300, 720))
CACHE_DELETE = Duration(226, _TWO_NODES, (150, 480))
CACHE_CHANGE = Duration(
    240, "RoboFinSystems/robosystems#996: a change of the token takes less than 5 minutes, once 20", (60, 1200)
)
CACHE_RESIZE = Duration(703, f"{_CACHES}: with another node type in between in 1,319 s", (400, 1200))
CACHE_REPLICA_CREATE = Duration(390, "as a group's creation: the nodes of a group are created together")
CACHE_REPLICA_DELETE = Duration(226, "as a group's deletion")

# -- network ---------------------------------------------------------------------------------------------------------
ENDPOINT_CREATE = Duration(90, _ESTIMATE, (60, 150))
ENDPOINT_DELETE = Duration(120, "`a few minutes`: cloud-nuke#293")
NAT_GATEWAY_CREATE = Duration(107, "100 s in the log of terraform-provider-aws#338; up to 5 min: kops#944", (60, 300))
NAT_GATEWAY_DELETE = Duration(60, _ESTIMATE, (40, 300))

# -- logs --------------------------------------------------------------------------------------------------------------
INSIGHTS_LATE = Duration(120, "two minutes: amazon-ecs-agent#2213; containers-roadmap#2315")
RETENTION_POLICY = Duration(86400, "24 hours: API reference, PutAccountPolicy")

# -- metrics and alarms ------------------------------------------------------------------------------------------------
METRIC_POINT = Duration(30, f"from the end of a minute until alarms are evaluated by it: {_ESTIMATE}", (10, 180))

# -- notifications ----------------------------------------------------------------------------------------------------
UNCONFIRMED = Duration(48 * 3600, "48 hours, 72 before: What's New with AWS, 10 May 2023", (48 * 3600, 72 * 3600))

# -- Cloud Control -----------------------------------------------------------------------------------------------------
CLOUD_CONTROL_BEGINS = Duration(1, _ESTIMATE)
CLOUD_CONTROL_OPERATION = Duration(5, _ESTIMATE, (3, 15))

# -- images ----------------------------------------------------------------------------------------------------------
IMAGE_EXPIRY = Duration(86400, "within 24 hours: ECR user guide, creating a lifecycle policy")

# -- names and certificates ------------------------------------------------------------------------------------------
RECORDS_IN_SYNC = Duration(40, _LOGS, (32, 57))
CERTIFICATE_DETAILS = Duration(5, "several seconds: API reference, DescribeCertificate")
CERTIFICATE_RECORDS = Duration(10, _LOGS, (5, 20))
CERTIFICATE_ISSUED = Duration(120, f"after the record resolves: {_ESTIMATE}", (60, 600))
CERTIFICATE_USABLE = Duration(10, "terraform-provider-aws#41789")
CERTIFICATE_FREE = Duration(60, "after the listener: terraform-provider-aws#3866", (0, 600))
NAMESPACE_OPERATION = Duration(35, "70 s there and back: acceptance tests of terraform-provider-aws")
NAMESPACE_SUBMITTED = Duration(2, _ESTIMATE)

# -- load balancer ---------------------------------------------------------------------------------------------------
LOAD_BALANCER_CREATE = Duration(180, _LOGS, (162, 205))
LOAD_BALANCER_RELEASE = Duration(31, f"until its groups are free: {_LOGS}", (25, 37))
PROTECTION_LIFTED = Duration(5, _ESTIMATE)

# -- CloudFront ------------------------------------------------------------------------------------------------------
DISTRIBUTION_DEPLOY = Duration(
    240, f"until all edge locations have a change: {_ESTIMATE}. 15 to 20 min in 2016: terraform#8749", (120, 1200)
)
VPC_ORIGIN_DEPLOY = Duration(
    300, "up to 15 min: CloudFront developer guide, VPC origins; more: terraform-aws-cloudfront#163", (120, 1200)
)
VPC_ORIGIN_DELETE = Duration(300, f"as long as its creation: {_ESTIMATE}", (120, 900))

# -- ECS and its instances -------------------------------------------------------------------------------------------
PROVIDER_CHANGE = Duration(10, "43 to 53 s for a whole life: terraform-provider-aws#11278")
PROVIDERS_ATTACH = Duration(15, _LOGS, (5, 30))
SCALING_LOOK = Duration(60, "CloudWatch has one value a minute: ECS developer guide, cluster auto scaling")
INSTANCE_PENDING = Duration(20, _ESTIMATE)
INSTANCE_REGISTER = Duration(90, f"boot and start of the agent: {_ESTIMATE}")
INSTANCE_SHUTDOWN = Duration(81, _LOGS)
REFRESH_BEGIN = Duration(15, f"Pending, before an instance refresh is InProgress: {_ESTIMATE}")
GROUP_DELETE = Duration(5, _ESTIMATE)
TRUNK_ATTACH = Duration(5, _ESTIMATE)
TRUNK_DETACH = Duration(15, _ESTIMATE)
TASK_INTERFACE = Duration(15, "acceptance tests of terraform-provider-aws", (11, 44))
TASK_WITHOUT_ROOM = Duration(1200, "between 10 and 30 minutes: containers-roadmap#2381", (600, 1800))
TASK_PULL = Duration(30, _ESTIMATE)
TASK_ACTIVATE = Duration(30, f"two health checks of the load balancer: {_ESTIMATE}")
DEPLOYMENT_STAGE = Duration(
    5,
    f"of a blue/green deployment, without hooks: {_ESTIMATE}. With one, 28 to 42 s lay between the shifts of test and "
    "production traffic, which are two stages (carreque/bluegreenDeployment, docs/evidence)",
    (1, 30),
)
DEPLOYMENT_STOP = Duration(
    2,
    f"from StopServiceDeployment to ROLLBACK_IN_PROGRESS: {_ESTIMATE}. The whole rollback took some 20 s "
    "(terraform-provider-aws#49077)",
    (1, 20),
)
TASK_COUNTED = Duration(40, "a task that nothing checks: API reference, DeploymentConfiguration", (40, 40))
TASK_RUN = Duration(60, f"a task without a service, which ends by itself: {_ESTIMATE}")
TASK_STOP = Duration(10, _ESTIMATE)
TASK_DEPROVISION = Duration(10, _ESTIMATE)
TASK_INTERFACE_RELEASE = Duration(45, "usually within 120 s: alchemy-run/alchemy#1125", (30, 1200))

# -- schedules --------------------------------------------------------------------------------------------------------
STATE_MACHINE_DELETE = Duration(10, f"DELETING, without executions: {_ESTIMATE}", (1, 60))
SCHEDULE_GROUP_DELETE = Duration(30, f"DELETING until its schedules are gone: {_ESTIMATE}")

# -- identity --------------------------------------------------------------------------------------------------------
IAM_PROPAGATION = Duration(10, "pulumi/pulumi-awsx#927, go-to-k/cdkd#810", (2, 30))
