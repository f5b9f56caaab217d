"""The models of `stack.toml`: every setting, its default, and every check that needs no AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from provisioner import configfile
from provisioner import configvalues as values

SAMPLE = Path(__file__).parent / "data" / "stack.toml"
"""The commented sample, a complete `stack.toml`."""

Target = Literal["local", "aws"]
Tier = Literal["public", "private", "database"]

SERVICES = 500
"""Each has a role and a security group, of which an account has 1,000 (IAM quotas) and a Region 2,500 (VPC quotas)."""
TARGET_GROUPS = 100
"""Of an Application Load Balancer (Elastic Load Balancing quotas)."""
OWN_GROUPS = {"alb", "database", "ecs-instance", "endpoints"}
"""Services have security groups under their own names; these are taken by the stack's."""


Name = Annotated[
    str,
    values.matching(
        values.NAME, "is not a name: use lower-case letters, digits and single hyphens, beginning with a letter"
    ),
]
Domain = Annotated[str, AfterValidator(values.domain(2))]
PrivateDomain = Annotated[str, AfterValidator(values.domain(1))]
Acu = Annotated[float, AfterValidator(values.acu)]
# TOML has lists only; a tuple cannot be changed after it was checked.
LIST = Field(strict=False)

Problem = tuple[str, str]
"""A dotted key below the model that found it, and what is wrong there."""


class Model(BaseModel):
    """Base of all tables: nothing is converted, nothing unknown is let pass, nothing changes afterwards."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong between settings that are each right alone."""
        yield from ()

    @model_validator(mode="after")
    def _consistent(self) -> Model:
        if found := list(self.problems()):
            raise configfile.Inconsistent(found)
        return self


class Network(Model):
    """`[network]`: the VPC's addresses, its zones, and who may reach the load balancer."""

    cidr: Annotated[str, AfterValidator(values.vpc_cidr)] = "10.0.0.0/16"
    zones: Annotated[
        int, values.between(2, 4, "a number of zones that a load balancer and the address plan can serve")
    ] = 3
    allow: Annotated[
        tuple[Annotated[str, AfterValidator(values.allowed)], ...],
        LIST,
        values.not_empty('nobody could reach the load balancer; write ["my-ip"]'),
        values.unique("source"),
    ] = ("my-ip",)

    def subnets(self, tier: Tier) -> tuple[str, ...]:
        """Return the CIDRs that a tier's subnets can have, one for each of the zones that there can be.

        The VPC's CIDR is cut into 16 equal blocks; public subnets are taken from block 0, private ones from 4 and
        database ones from 8. The last four blocks stay free.
        """
        blocks = list(IPv4Network(self.cidr).subnets(prefixlen_diff=4))
        first = {"public": 0, "private": 4, "database": 8}[tier]
        return tuple(str(block) for block in blocks[first : first + 4])


class Dns(Model):
    """`[dns]`: the public name, and the two private zones."""

    domain: Domain = "example.com"
    host: Annotated[str, values.matching(values.LABEL, 'is not one label of a host name, such as "app"')] = "app"
    create_zone: bool = False
    private_domain: PrivateDomain = "db.internal"
    discovery_domain: PrivateDomain = "svc.internal"

    def problems(self) -> Iterator[Problem]:
        """Yield zones that would share a name, and a name too long for a certificate."""
        if self.discovery_domain == self.private_domain:
            reason = "Route 53 refuses a private zone with the name of a Cloud Map namespace"
            yield (
                "discovery_domain",
                f'"{self.discovery_domain}" is dns.private_domain too, and {reason}: use two names',
            )
        for key in ("private_domain", "discovery_domain"):
            if getattr(self, key) == self.domain:
                yield key, f'"{self.domain}" is dns.domain too, which it would hide inside the VPC: use another name'
        if len(fqdn := f"{self.host}.{self.domain}") > 64:
            yield (
                "host",
                f"{fqdn} has {len(fqdn)} characters, and a certificate's name has at most 64: use a shorter one",
            )


class Capacity(Model):
    """`[capacity]`: the Auto Scaling group that services with `launch = "ec2"` run on."""

    instance_types: Annotated[
        tuple[Annotated[str, AfterValidator(values.instance_type)], ...],
        LIST,
        values.not_empty('write at least one, such as ["c5.large"]'),
        values.unique("instance type"),
    ] = ("c5.large", "c5a.large")
    spot: bool = True
    min: Annotated[int, values.at_least(0, "there are no fewer instances than none")] = 0
    max: Annotated[int, values.at_least(1, "tasks could never be placed")] = 5

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min > self.max:
            yield "min", f"{self.min} is more than capacity.max, which is {self.max}: lower or raise one"


class Database(Model):
    """`[database]`: the Aurora MySQL Serverless v2 cluster."""

    name: Annotated[
        str,
        values.matching(
            r"[A-Za-z][A-Za-z0-9]{0,63}", "is not a database name: use 1 to 64 letters and digits, a letter first"
        ),
    ] = "sample"
    user: Annotated[
        str,
        values.matching(
            r"[A-Za-z][A-Za-z0-9]{0,15}", "is not a master user name: use 1 to 16 letters and digits, a letter first"
        ),
        values.matching(r"(?i)(?!rdsadmin$).*", 'is reserved by RDS for itself: use another, such as "dbadmin"'),
    ] = "dbadmin"
    min_acu: Acu = 0
    max_acu: Annotated[Acu, values.between(1, 256, "a maximum that Aurora Serverless v2 takes")] = 4

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min_acu > self.max_acu:
            yield (
                "min_acu",
                f"{self.min_acu:g} is more than database.max_acu, which is {self.max_acu:g}: lower or raise one",
            )


class Account(Model):
    """`[account]`: what is set for the whole AWS account, and put back by `down`."""

    trunking: bool = True


class Logs(Model):
    """`[logs]`: how long CloudWatch keeps them, in days."""

    retention_days: Annotated[int, AfterValidator(values.retention)] = 7


class StateSettings(Model):
    """`[state]`: where the state of a stack on AWS is kept. Without a bucket it is kept on this machine."""

    bucket: Annotated[
        str | None,
        values.matching(
            r"(?!xn--|sthree-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            "is not a bucket name: use 3 to 63 lower-case letters, digits and hyphens",
        ),
    ] = None


class Scaling(Model):
    """`[services.NAME.scaling]`: how many tasks, and the average CPU in percent that their number is steered by."""

    min: Annotated[
        int, values.at_least(1, "a service without tasks has no CPU to measure and would never grow again")
    ] = 1
    max: Annotated[int, values.at_least(1, "a service needs room for a task")] = 10
    cpu: Annotated[int, values.between(1, 100, "a percentage to aim at")] = 70

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min > self.max:
            yield "min", f"{self.min} is more than scaling.max, which is {self.max}: lower or raise one"


class OnDemand(Model):
    """`[services.NAME.on_demand]`: how many tasks on Fargate AWS does not take back; the rest is Spot.

    Attributes:
        base: tasks that come first, all on-demand.
        percent: of all further tasks.
    """

    base: Annotated[int, values.between(0, 100_000, "a number of tasks that ECS takes as a base")] = 0
    percent: Annotated[int, values.between(0, 100, "a percentage")] = 0

    def problems(self) -> Iterator[Problem]:
        """Yield a base without a share in what comes after it."""
        if self.base and not self.percent:
            # ECS API, CapacityProviderStrategyItem, weight
            why = "ECS puts no task at all on a capacity provider without a weight"
            yield "base", f"{self.base} needs a percent of 1 or more, since {why}: add percent = 1"


class Service(Model):
    """`[services.NAME]`: one ECS service. CPU in units (1024 are one vCPU), memory in MiB."""

    image: Annotated[
        str | None,
        values.matching(
            r"(?!https?://)\w[\w.:/@-]*",
            'is not an image, such as "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1"',
        ),
    ] = None
    build: Annotated[str, AfterValidator(values.inside)] | None = None
    # The image's history shows them to whoever can pull it: no secrets.
    build_args: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    port: Annotated[int, values.between(1, 65535, "a port")]
    launch: Literal["ec2", "fargate"] = "fargate"
    on_demand: OnDemand = OnDemand()
    public: bool = False
    path: Annotated[
        str,
        values.matching(
            r"/[\w.$/~\"'@:+&*?-]{0,127}",
            "is not a load balancer's path pattern: begin with /, and use at most 128 of A-Z a-z 0-9 _-.$/~\"'@:+&*?",
        ),
        AfterValidator(values.wildcards),
    ] = "/*"
    calls: Annotated[tuple[str, ...], LIST, values.unique("service")] = ()
    database: bool = False
    cpu: int = 256
    memory: int = 512
    scaling: Scaling = Scaling()
    # As many as the scaling begins with, unless said otherwise.
    count: int = Field(default_factory=lambda earlier: earlier["scaling"].min)
    health: Annotated[
        str, values.matching(r"/[!\"$-~]{0,1023}", 'is not a path to ask for health, such as "/health"')
    ] = "/health"
    environment: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    user: Annotated[
        str,
        values.matching(
            r"[\w.-]+(:[\w.-]+)?", 'is not a user to run as: write a name or a number, "user" or "user:group"'
        ),
    ] = "10001:10001"
    read_only: bool = True

    def variables(self) -> tuple[str, ...]:
        """Return the names of the environment variables and secrets that the stack itself gives the container."""
        urls = tuple(f"{callee.upper().replace('-', '_')}_URL" for callee in self.calls)
        return urls + (("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD") if self.database else ())

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together within one service."""
        if (self.image is None) == (self.build is None):
            wrong = "has neither image nor build" if self.image is None else "has both image and build"
            yield "", f'{wrong}: write image = "…" for a ready image, or build = "…" for a folder with a Dockerfile'
        if self.build_args and self.build is None:
            yield "build_args", "has no effect on a ready image: take it out, or build the image from a folder"
        if "path" in self.model_fields_set and not self.public:
            yield "path", "has no effect on a service that is not public: add public = true, or take path out"
        if "on_demand" in self.model_fields_set and self.launch == "ec2":
            yield "on_demand", "is for Fargate, and instances go by capacity.spot: set that, or take on_demand out"
        if not self.scaling.min <= self.count <= self.scaling.max:
            yield "count", f"{self.count} is outside scaling, which is {self.scaling.min} to {self.scaling.max}"
        for key in sorted(self.environment.keys() & set(self.variables())):
            yield f"environment.{key}", "is set by the stack itself, because of calls or database: use another name"
        yield from self._size()

    def _size(self) -> Iterator[Problem]:
        if self.launch == "ec2":
            if not 128 <= self.cpu <= 196608:
                yield "cpu", f"{self.cpu} is not what ECS takes on EC2: use 128 to 196608 units (1024 are one vCPU)"
            if self.memory < 6:
                yield "memory", f"{self.memory} MiB is less than a container can start with: use 6 or more"
        else:
            yield from values.fargate_size(self.cpu, self.memory)


class Config(Model):
    """The whole of `stack.toml`."""

    project: Annotated[
        Name,
        values.matching(r"(?!aws|ssm).*", 'begins with "aws" or "ssm", which Parameter Store refuses: use another'),
        values.matching(
            r"(?!internal(-|$)).*", 'begins with "internal-", which Elastic Load Balancing refuses: use another'
        ),
        values.matching(r"(?!sg(-|$)).*", 'begins with "sg-", which EC2 refuses for security groups: use another'),
    ] = "ecs-sample"
    env: Name = "dev"
    region: Annotated[
        str, values.matching(r"[a-z]{2,4}(-[a-z]+)+-\d", 'is not a region of AWS, such as "ap-northeast-1"')
    ] = "ap-northeast-1"
    target: Target = "local"
    # Whether deletion protection is on and `down` is refused without --unprotect.
    protect: bool = Field(default_factory=lambda earlier: earlier["env"] == "prod")
    network: Network = Network()
    dns: Dns = Dns()
    capacity: Capacity = Capacity()
    database: Database = Database()
    account: Account = Account()
    logs: Logs = Logs()
    state: StateSettings = StateSettings()
    services: Annotated[
        Mapping[Name, Service], values.not_empty("a stack has at least one service; begin with a table [services.web]")
    ]

    @property
    def name(self) -> str:
        """What everything in the stack is named after: `<project>-<env>`."""
        return f"{self.project}-{self.env}"

    @property
    def fqdn(self) -> str:
        """The public name: `<host>.<domain>`."""
        return f"{self.dns.host}.{self.dns.domain}"

    def problems(self) -> Iterator[Problem]:
        """Yield what services have too many of or does not go together, and names that AWS would find too long."""
        public = sum(service.public for service in self.services.values())
        if len(self.services) > SERVICES:
            yield "services", f"has {len(self.services)}, and AWS's quotas leave room for {SERVICES}: divide the stack"
        if public > TARGET_GROUPS:
            yield "services", f"has {public} public ones, and a load balancer {TARGET_GROUPS} target groups: use fewer"
        paths: dict[str, str] = {}
        for name, service in self.services.items():
            key = f"services.{name}"
            if name in OWN_GROUPS:
                yield key, "is the name of a security group of the stack itself: use another name"
            if service.public and (other := paths.setdefault(service.path, name)) != name:
                yield (
                    f"{key}.path",
                    f'"{service.path}" is the path of services.{other} too: give one another, such as "/{name}/*"',
                )
            for callee in service.calls:
                if callee == name:
                    yield f"{key}.calls", "a service does not call itself: take its own name out"
                elif callee not in self.services:
                    yield (
                        f"{key}.calls",
                        f"there is no service {configfile.shown(callee)}{configfile.suggestion(callee, self.services)}",
                    )
        yield from self._lengths()
        yield from self._circles()

    def _circles(self) -> Iterator[Problem]:
        # A group's rules name the groups of its callers, so those are made first.
        try:
            TopologicalSorter({name: service.calls for name, service in self.services.items()}).prepare()
        except CycleError as error:
            circle = error.args[1][::-1]
            if len(set(circle)) > 1:
                path = " calls ".join(circle)
                yield (
                    f"services.{circle[0]}.calls",
                    f"goes round in a circle ({path}), and of two security groups one is made first: take out one call",
                )

    def _lengths(self) -> Iterator[Problem]:
        # Elastic Load Balancing has the shortest names. A project too long for it is told once, not at each service.
        names = {"project": "alb"} if len(self.name) > 28 else {f"services.{name}": name for name in self.services}
        for key, part in names.items():
            full = f"{self.name}-{part}"
            if (excess := len(full) - 32) > 0:
                text = f"{full} has {len(full)} characters and AWS allows 32: shorten one of its parts by {excess}"
                yield key, text


def load(path: Path, *, env: str | None = None, target: str | None = None) -> Config:
    """Read and check a `stack.toml`.

    Args:
        path: the file.
        env, target: what the command line says instead of the file, if it does.

    Raises:
        ConfigurationError: with one line for each thing that is wrong: file, key, what, and what to do.
    """
    overrides = {key: value for key, value in (("env", env), ("target", target)) if value is not None}
    table = configfile.read(path) | overrides
    try:
        return Config.model_validate(table)
    except ValidationError as error:
        raise configfile.explain(error, path, Config, overrides) from None
