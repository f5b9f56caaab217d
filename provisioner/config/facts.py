"""What has to be read from AWS before anything can be declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.config.instances import Size
from provisioner.config.secrets import Secret
from provisioner.config.services import Service


@dataclass(frozen=True)
class Copy:
    """What is known of a ready image that private subnets cannot pull, so that ECR has to have a copy of it.

    Attributes:
        source: its full name, with the digest that it has now; without, if its registry does not tell.
        tag: the copy's in the service's repository. notice: a sentence for the user, if there is one.
        possible: whether there is a copy, or one can be made.
    """

    source: str
    tag: str
    notice: str = ""
    possible: bool = True


@dataclass(frozen=True)
class Deployed:
    """An image that `provision deploy` has put in the place of the one that the configuration names.

    Attributes:
        image: its full name with its digest, if that is known.
        instead_of: what the configuration said then, as `source_of` puts it.
    """

    image: str
    instead_of: str


SCALED, PAUSED, ASLEEP = "scaled_service", "paused_workload", "sleeping_stack"
"""The types of the records that say what is in `Sizes`: here, since to read the types themselves takes boto3."""
CALLING = "universal_schedule"
"""The type of the schedules that put the stack to sleep and wake it."""
EXPIRES = "expiring_stack"
"""The type of the record that says until when a stack is wanted."""
PART = "sleeping_part"
"""The type of the records that say what `provision sleep` has deleted, for `provision wake` to make it again."""
ENDPOINTS, NAT, BALANCER = "endpoints", "nat", "balancer"
PARTS = {ENDPOINTS: "interface endpoints", NAT: "NAT gateways", BALANCER: "load balancer"}
"""What can be deleted of a stack while it sleeps: the names of such records, and of the options, and in words."""


@dataclass(frozen=True)
class Scaled:
    """How many tasks `provision scale` has given a service.

    Attributes:
        least: how many there are; of a service that scales, the minimum.
        most: the same; of a service that scales, the maximum.
        instead_of: what the configuration said then.
    """

    least: int
    most: int
    instead_of: str


@dataclass(frozen=True)
class Sizes:
    """What `provision scale`, `pause` and `sleep` hold otherwise than the configuration says.

    Attributes:
        scaled: by service. paused: services, and jobs with a schedule, with the tasks that each had before.
        asleep: whether the whole stack is stopped, by `sleep`.
        by_schedule: whether it is stopped by `[schedule]`, as AWS shows.
    """

    scaled: Mapping[str, Scaled] = field(default_factory=dict)
    paused: Mapping[str, int] = field(default_factory=dict)
    asleep: bool = False
    by_schedule: bool = False

    def held(self, name: str) -> bool:
        """Whether a command has stopped a service or a job, so that no schedule of its own is on."""
        return self.asleep or name in self.paused

    def rests(self, name: str) -> bool:
        """Whether a service has no tasks."""
        return self.by_schedule or self.held(name)

    def unanswered(self, services: Mapping[str, Service]) -> bool:
        """Whether the load balancer answers 503 instead of a public service that has no tasks."""
        return any(service.public and self.rests(name) for name, service in services.items())


@dataclass(frozen=True)
class ExistingVpc:
    """A VPC that was there before: the stack uses it, and changes nothing in it.

    Attributes:
        cidr: its first block of addresses. zones: those that its subnets are in.
        public, private: the ids of the subnets of load balancers, and of tasks without public addresses.
        database: the ids of the subnets of the database.
        way_out: whether the private subnets have a route to the internet.
    """

    id: str
    cidr: str
    zones: tuple[str, ...]
    public: tuple[str, ...]
    private: tuple[str, ...]
    database: tuple[str, ...]
    way_out: bool


@dataclass(frozen=True)
class Held:
    """What is known of a secret that is not this stack's to make: everything but its value.

    Attributes:
        arn: its ARN, of Secrets Manager with the six characters behind the name.
        version: says when it was changed, or which of its versions is the current one.
        key: its KMS key as it is shown, an ARN, an id or an alias; empty for the one that AWS has for the API.
    """

    arn: str
    version: str
    key: str = ""


@dataclass(frozen=True)
class Facts:
    """Facts about account and region.

    Attributes:
        account: the account's number. partition: `aws`, `aws-cn` … region: the region's name.
        zones: the names of the availability zones to use.
        blocks: which of a tier's blocks of addresses the subnets in each of the zones have.
        image_id: the AMI that instances are launched from; empty without services on instances.
        public_zone_id: the public hosted zone that was there before and is not ours, or None if the stack makes one.
        allow: the CIDRs that may reach the load balancer.
        engine: whether a Docker engine answers here, so that images can be built. no_engine: why not, if that is known.
        pushed: the services with `build` whose image, for what is in their directory now, ECR holds already.
        copies: the ready images to copy, by service; those that are not there are used as they are written.
        local: whether the cloud is the embedded one.
        root: the directory that build contexts are relative to.
        s3_prefix_list: the id of the list of S3's addresses in the region.
        policed: the services whose interface endpoints take a policy, as `ecr.api`.
        instance_sizes: what the instance types have, by name, where services run on them and AWS says it.
        group_rules: how many rules a security group may have in each direction.
        kms_key, logs_key: the ARNs of the keys for what is kept and for logs, None for AWS's own.
        vpc: the VPC that `network.vpc` names; None if the stack makes its own.
        boundary: the ARN of the permissions boundary of all roles, None if there is none.
        secrets: what is known of the secrets that the services are given, but for those that are made up.
        deployed: the images that were deployed in the place of configured ones, by the service or job that has them.
        sizes: what was scaled or paused.
        expires: until when the stack is wanted, in seconds since the epoch; None if nobody has said so.
    """

    account: str
    partition: str
    region: str
    zones: tuple[str, ...]
    image_id: str
    public_zone_id: str | None
    allow: tuple[str, ...]
    engine: bool
    local: bool
    root: Path = Path()
    no_engine: str = ""
    pushed: frozenset[str] = frozenset()
    copies: Mapping[str, Copy] = field(default_factory=dict)
    blocks: tuple[int, ...] = (0, 1, 2, 3)
    s3_prefix_list: str = ""
    policed: frozenset[str] = frozenset()
    instance_sizes: Mapping[str, Size] = field(default_factory=dict)
    group_rules: int = 60
    kms_key: str | None = None
    logs_key: str | None = None
    boundary: str | None = None
    vpc: ExistingVpc | None = None
    secrets: Mapping[Secret, Held] = field(default_factory=dict)
    deployed: Mapping[str, Deployed] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    expires: int | None = None
