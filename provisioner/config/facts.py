"""Facts that are read from AWS before any resource can be declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.config.instances import Size
from provisioner.config.records import Sizes
from provisioner.config.redis import CacheSnapshot
from provisioner.config.secrets import Held, Secret


@dataclass(frozen=True)
class Copy:
    """A ready image that private subnets cannot pull, so that ECR needs a copy of it.

    Attributes:
        source: the image's full name with its present digest; without a digest if the registry does not tell it.
        tag: the copy's tag in the service's repository. notice: a sentence for the user, if there is one.
        possible: whether a copy exists or can be made.
    """

    source: str
    tag: str
    notice: str = ""
    possible: bool = True


@dataclass(frozen=True)
class Deployed:
    """An image that `provision deploy` runs instead of the configured one.

    Attributes:
        image: the image's full name, with its digest if that is known.
        instead_of: the configured image at that time, as `source_of` writes it.
        by: the command that put it there, `deploy` or `rollback`, or `rollback under way` until that has come to its
            end; empty if an earlier version did.
        at: when, in seconds since the epoch; 0 if that is not known.
    """

    image: str
    instead_of: str
    by: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class ExistingVpc:
    """A VPC that existed before the stack: the stack uses it, and changes nothing in it.

    Attributes:
        cidr: its first block of addresses. zones: the Availability Zones of the stack's subnets.
        public, private: the ids of the subnets of load balancers, and of tasks without public addresses.
        database: the ids of the subnets of the database.
        way_out: whether the private subnets have a route to the internet.
        of_tasks, of_endpoints: the blocks with the subnets of tasks, and those with the VPC's interface endpoints.
        owner: the account that shares it with this one; empty if it is this account's own.
        notices: sentences for the user.
    """

    id: str
    cidr: str
    zones: tuple[str, ...]
    public: tuple[str, ...]
    private: tuple[str, ...]
    database: tuple[str, ...]
    way_out: bool
    of_tasks: tuple[str, ...] = ()
    of_endpoints: tuple[str, ...] = ()
    owner: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExistingDatabase:
    """A database of somebody else, which the stack uses, and in which it changes nothing.

    Attributes:
        host: the writer's endpoint. port: the port on which it listens.
        engine: its name in the API of RDS. status: its state, such as `available`.
        name: the database in it that tasks use.
        security_groups: the ids of its security groups, one of which has to let the tasks in.
        lets_in: what these groups let in by the port: ids of groups and of prefix lists, and blocks of addresses.
        stack: another stack of this tool that owns one of these groups, in words; empty if none does.
        notices: sentences for the user.
    """

    id: str
    host: str
    port: int
    engine: str
    status: str
    name: str
    security_groups: tuple[str, ...] = ()
    lets_in: tuple[str, ...] = ()
    stack: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class OthersRule:
    """A rule of a listener that is not this stack's.

    Attributes:
        hosts, paths: the patterns that it asks for; empty: any will do.
        narrower: whether it asks for something else too, such as a header.
    """

    priority: int
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    narrower: bool = False


@dataclass(frozen=True)
class ExistingListener:
    """A listener that existed before the stack: the stack adds rules, and changes nothing else of its load balancer.

    Attributes:
        dns_name, zone: the load balancer's own name, and the hosted zone of aliases to it.
        protocol: `HTTP` or `HTTPS`. port: the listener's port.
        security_groups: the ids of the load balancer's security groups.
        others: the rules of others, with which no rule of the stack may collide.
        own: the priorities of the stack's rules, by their names, as their tags show.
        notices: sentences for the user.
    """

    arn: str
    dns_name: str
    zone: str
    protocol: str
    port: int
    security_groups: tuple[str, ...]
    others: tuple[OthersRule, ...] = ()
    own: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def arn_suffix(self) -> str:
        """The load balancer's name in CloudWatch."""
        return balancer_of(self.arn).partition(":loadbalancer/")[2]


def balancer_of(listener: str) -> str:
    """Return the ARN of the load balancer of a listener (ELBv2 API: the listener's has one part more)."""
    return listener.rpartition("/")[0].replace(":listener/", ":loadbalancer/")


@dataclass(frozen=True)
class Facts:
    """Facts about account and region.

    Attributes:
        account: the account's number. partition: `aws`, `aws-cn` … region: the region's name.
        zones: the names of the availability zones to use.
        blocks: for each zone, the number of the address block that its subnet has in each tier (`Network.blocks`).
        image_id: the AMI that instances are launched from; empty without services on instances.
        public_zone_id: the public hosted zone that existed before the stack; None if the stack makes one.
        allow: the CIDRs that may reach the load balancer.
        engine: whether a Docker engine answers here, so that images can be built. no_engine: why not, if that is known.
        pushed: the services with `build` whose image, for the present content of the directory, is in ECR already.
        copies: the ready images to copy, by service; a service without a copy uses its image as written.
        local: whether the cloud is the embedded one.
        root: the directory that build contexts are relative to.
        s3_prefix_list: the id of the list of S3's addresses in the region.
        cloudfront_prefix_list: the same of CloudFront's servers; empty without CloudFront.
        policed: the AWS services whose interface endpoints take a policy, such as `ecr.api`.
        instance_sizes: the sizes of the instance types, by name, if services run on instances and AWS tells them.
        group_rules: how many rules a security group may have in each direction.
        snapshot: the snapshot that a new database is made of; None if it begins empty.
        redis_snapshot: the same of Valkey.
        kms_key, logs_key: the ARNs of the keys for stored data and for logs; None for AWS's own keys.
        vpc: the VPC that `network.vpc` names; None if the stack makes its own.
        listener: the listener that `load_balancer.listener` names; None if the stack makes its own.
        database: the database of somebody else that `[database]` names; None if the stack has its own, or none.
        boundary: the ARN of the permissions boundary of all roles, None if there is none.
        secrets: the secrets that containers get, without the generated ones.
        deployed: the images that were deployed instead of the configured ones, by service or job.
        sizes: the numbers of tasks that commands hold.
        certified: the names in the stack's certificate, if it has one.
        name_zones: the zones of public names outside of `dns.domain`: by name, the zone's domain and id.
        priorities: the priorities of the recorded listener rules, by the rules' names on the HTTPS listener.
        taken: the public names that were taken over from another system, or are to be now.
        ending: a notice on each existing certificate whose end is near.
        expires: when the stack expires, in seconds since the epoch; None if no time was set.
        now: the time, in seconds since the epoch.
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
    cloudfront_prefix_list: str = ""
    policed: frozenset[str] = frozenset()
    instance_sizes: Mapping[str, Size] = field(default_factory=dict)
    group_rules: int = 60
    snapshot: str | None = None
    redis_snapshot: CacheSnapshot | None = None
    kms_key: str | None = None
    logs_key: str | None = None
    boundary: str | None = None
    vpc: ExistingVpc | None = None
    listener: ExistingListener | None = None
    database: ExistingDatabase | None = None
    secrets: Mapping[Secret, Held] = field(default_factory=dict)
    deployed: Mapping[str, Deployed] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    certified: tuple[str, ...] = ()
    name_zones: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    priorities: Mapping[str, int] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    ending: tuple[str, ...] = ()
    expires: int | None = None
    now: float = 0.0
