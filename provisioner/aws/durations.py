"""Durations of AWS operations that a run waits for: the table that predicts the time of a run.

The embedded cloud has a table of its own, `ecs_emulator.durations`. It imports nothing of this tool, so that a run's
actual times do not follow from the tool's own expectations; a test compares both tables.
"""

from __future__ import annotations

from dataclasses import dataclass

TOOK = "x-provision-took"
"""The header of an embedded cloud's answer with the seconds that it took; the client advances its clock by them."""


@dataclass(frozen=True)
class Duration:
    """The duration of one operation.

    Attributes:
        aws: seconds on AWS, the middle of the observed range.
        source: the origin of the number.
        seen: the shortest and the longest observed duration in seconds, if the source has several.
    """

    aws: float
    source: str
    seen: tuple[float, float] | None = None

    @property
    def range(self) -> tuple[float, float]:
        """The expected range in seconds on AWS; from half to twice the middle if only that is known."""
        return self.seen or (self.aws / 2, self.aws * 2)


@dataclass(frozen=True)
class Takes:
    """The operations that take a resource type's time, beyond the calls themselves.

    Attributes:
        ready: from the answer to the create call until the resource is ready.
        output: until AWS shows an output that other resources need, if the create call's answer lacks it.
        known: from ready until the other services know the resource.
        gone: from the delete call until the resource is gone.
        released: from then until it frees its security groups and subnets.
    """

    ready: tuple[Duration, ...] = ()
    output: tuple[Duration, ...] = ()
    known: tuple[Duration, ...] = ()
    gone: tuple[Duration, ...] = ()
    released: tuple[Duration, ...] = ()


_LOGS = "apply and destroy logs of two public Terraform projects (bshehram/devops-aws-tf, encore428/DTCapstone)"
_ESTIMATE = "estimate, from the mechanics that AWS documents"
_CACHES = "acceptance tests of hashicorp/terraform-provider-aws#49268, TestAccElastiCacheReplicationGroup_"

# -- database --------------------------------------------------------------------------------------------------------
DB_CLUSTER_CREATE = Duration(61, _LOGS)
DB_CLUSTER_DELETE = Duration(70, _LOGS)
DB_INSTANCE_CREATE = Duration(509, f"{_LOGS}; from the moment at which its cluster is available")
DB_INSTANCE_DELETE = Duration(455, _LOGS)
DB_CLUSTER_START = Duration(300, _ESTIMATE)
DB_SINGLE_CREATE = Duration(390, _ESTIMATE, (300, 600))
DB_SINGLE_DELETE = Duration(240, _ESTIMATE, (150, 600))
DB_SINGLE_START = Duration(300, _ESTIMATE)

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

# -- network ---------------------------------------------------------------------------------------------------------
ENDPOINT_CREATE = Duration(90, _ESTIMATE, (60, 150))
ENDPOINT_DELETE = Duration(120, "`a few minutes`: cloud-nuke#293")
NAT_GATEWAY_CREATE = Duration(107, "100 s in the log of terraform-provider-aws#338; up to 5 min: kops#944", (60, 300))
NAT_GATEWAY_DELETE = Duration(60, _ESTIMATE, (40, 300))

# -- Cloud Control -----------------------------------------------------------------------------------------------------
CLOUD_CONTROL_BEGINS = Duration(1, _ESTIMATE)
CLOUD_CONTROL_OPERATION = Duration(5, _ESTIMATE, (3, 15))

# -- names and certificates ------------------------------------------------------------------------------------------
CERTIFICATE_RECORDS = Duration(10, _LOGS, (5, 20))
CERTIFICATE_ISSUED = Duration(120, f"after the record resolves: {_ESTIMATE}", (60, 600))
CERTIFICATE_USABLE = Duration(10, "terraform-provider-aws#41789")
CERTIFICATE_FREE = Duration(60, "after the listener: terraform-provider-aws#3866", (0, 600))
NAMESPACE_OPERATION = Duration(35, "70 s there and back: acceptance tests of terraform-provider-aws")

# -- load balancer ---------------------------------------------------------------------------------------------------
LOAD_BALANCER_CREATE = Duration(180, _LOGS, (162, 205))
LOAD_BALANCER_RELEASE = Duration(31, f"until its groups are free: {_LOGS}", (25, 37))

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
TASK_INTERFACE = Duration(15, "acceptance tests of terraform-provider-aws", (11, 44))
TASK_PULL = Duration(30, _ESTIMATE)
TASK_ACTIVATE = Duration(30, f"two health checks of the load balancer: {_ESTIMATE}")
TASK_RUN = Duration(60, f"a task without a service, which ends by itself: {_ESTIMATE}")
TASK_STOP = Duration(10, _ESTIMATE)
TASK_DEPROVISION = Duration(10, _ESTIMATE)
TASK_INTERFACE_RELEASE = Duration(45, "usually within 120 s: alchemy-run/alchemy#1125", (30, 1200))

# -- identity --------------------------------------------------------------------------------------------------------
IAM_PROPAGATION = Duration(10, "pulumi/pulumi-awsx#927, go-to-k/cdkd#810", (2, 30))
