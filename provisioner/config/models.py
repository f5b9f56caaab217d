"""The models of `stack.toml`: every setting, its default, and every check that needs no AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, PrivateAttr, ValidationError, model_validator

from provisioner.config import extends, loader, overlays, production, reserved_words, task_policies, together
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Name, Problem
from provisioner.config.jobs import Job
from provisioner.config.secrets import Secret
from provisioner.config.services import Service
from provisioner.config.workload import Architecture
from provisioner.engine.errors import ConfigurationError

SAMPLE = Path(__file__).parent / "data" / "stack.toml"
"""The commented sample, a complete `stack.toml`."""
APP_SERVICES = SAMPLE.with_name("app.toml")
"""The sample application's services, which can stand in the place of those of the sample."""

HOST = "app"
"""The host name of the file's own environment; that of another has the environment's name behind it."""

Target = Literal["local", "aws"]
Egress = Literal["none", "nat", "nat-per-zone", "public"]
Tier = Literal["public", "private", "database"]
DatabaseLog = Literal["audit", "error", "general", "slowquery"]


RESERVED = 5
"""Addresses that AWS keeps of each subnet (VPC user guide, subnet sizing)."""
ENDPOINTS = 8
"""Interface endpoints of the stack: each has an address in each private subnet."""

Domain = Annotated[str, AfterValidator(values.domain(2))]
PrivateDomain = Annotated[str, AfterValidator(values.domain(1))]
Acu = Annotated[float, AfterValidator(values.acu)]
KmsKey = Annotated[str, AfterValidator(values.kms_key)]


SubnetId = Annotated[
    str, values.matching(r"subnet-[0-9a-f]{8,17}", 'is not the id of a subnet, such as "subnet-0a1b2c3d4e5f67890"')
]
SubnetIds = Annotated[tuple[SubnetId, ...], LIST, values.unique("subnet")]


class Subnets(Model):
    """`[network.subnets]`: which subnets of `network.vpc` are used, by their ids: the load balancer's, and the rest."""

    public: SubnetIds = ()
    private: SubnetIds = ()


class Network(Model):
    """`[network]`: the VPC's addresses, its zones, who may reach the load balancer, and how tasks reach the internet.

    Attributes:
        egress: not at all, so that AWS is reached by VPC endpoints; by one NAT gateway, or one in each zone; or by
            public addresses of the tasks themselves.
        endpoints: further interface endpoints, by what AWS calls the services behind the Region, such as `sqs`.
    """

    cidr: Annotated[str, AfterValidator(values.vpc_cidr)] = "10.0.0.0/16"
    zones: Annotated[int, values.between(2, 4, "a supported number of zones")] = 3
    allow: Annotated[
        tuple[Annotated[str, AfterValidator(values.allowed)], ...],
        LIST,
        values.not_empty('nobody could reach the load balancer; use ["my-ip"]'),
        values.unique("source"),
    ] = ("my-ip",)
    flow_logs: bool = False
    egress: Egress = "none"
    # A VPC that is there is used and never changed: its subnets are told by their routes, unless they are named.
    vpc: (
        Annotated[
            str, values.matching(r"vpc-[0-9a-f]{8,17}", 'is not the id of a VPC, such as "vpc-0a1b2c3d4e5f67890"')
        ]
        | None
    ) = None
    subnets: Subnets | None = None
    endpoints: Annotated[
        tuple[Annotated[str, AfterValidator(values.endpoint)], ...], LIST, values.unique("endpoint")
    ] = ()

    def problems(self) -> Iterator[Problem]:
        """Yield endpoints beside a way to the internet, which leads to AWS's services too, and changes to a VPC."""
        if self.subnets and self.vpc is None:
            yield "subnets", "are those of a VPC that is there: add network.vpc, or remove them"
        if self.vpc:
            yield from self._changes_to_vpc()
        if self.endpoints and self.egress != "none":
            yield (
                "endpoints",
                f'have no use with egress = "{self.egress}", by which all services are reached: remove them',
            )

    def _changes_to_vpc(self) -> Iterator[Problem]:
        for key in ("cidr", "zones", "flow_logs", "endpoints"):
            if key in self.model_fields_set and getattr(self, key) is not False:
                yield key, f"has no effect with network.vpc, which is used as it is: remove {key}"
        if self.egress in ("nat", "nat-per-zone"):
            why = f'"{self.egress}" would change {self.vpc}, which is used as it is'
            yield "egress", f'{why}: remove it, and the routes of its subnets count, or use "public"'

    @property
    def tasks(self) -> Tier:
        """The tier of subnets that tasks are in."""
        return "public" if self.egress == "public" else "private"

    def blocks(self, tier: Tier) -> tuple[str, ...]:
        """Return the CIDRs that a tier's subnets can have, one for each of the zones that there can be.

        The VPC's CIDR is cut into 16 equal blocks; public subnets are taken from block 0, private ones from 4 and
        database ones from 8. The last four blocks stay free.
        """
        return tuple(map(str, IPv4Network(self.range_of(tier)).subnets(prefixlen_diff=2)))

    def range_of(self, tier: Tier) -> str:
        """Return the CIDR of all subnets that a tier can have, in which there is nothing else."""
        quarters = list(IPv4Network(self.cidr).subnets(prefixlen_diff=2))
        return str(quarters[{"public": 0, "private": 1, "database": 2}[tier]])

    def addresses(self) -> int:
        """Return how many addresses the subnets of tasks have for these and for instances.

        Those of the other tiers do not run out: the smallest subnet has 251, of which a load balancer wants 8 to be
        free (Application Load Balancer user guide, subnets), and a database has 16 instances at the most.
        """
        each = IPv4Network(self.blocks(self.tasks)[0]).num_addresses
        endpoints = ENDPOINTS + len(self.endpoints) if self.egress == "none" else 0
        return self.zones * (each - RESERVED - endpoints)


class Dns(Model):
    """`[dns]`: the public name, and the two private zones."""

    domain: Domain = "example.com"
    host: Annotated[str, values.matching(values.LABEL, 'is not a single DNS label, such as "app"')] = HOST
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
        values.not_empty('use at least one, such as ["c5.large"]'),
        values.unique("instance type"),
    ] = ("c5.large", "c5a.large")
    spot: bool = True
    min: Annotated[int, values.at_least(0, "there cannot be fewer than 0 instances")] = 0
    max: Annotated[int, values.at_least(1, "no task could be placed")] = 5

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min > self.max:
            yield "min", f"{self.min} is more than capacity.max, which is {self.max}: change one of them"


class Database(Model):
    """`[database]`: the Aurora MySQL Serverless v2 cluster."""

    name: Annotated[
        str,
        values.matching(
            r"[A-Za-z][A-Za-z0-9]{0,63}", "is not a database name: use 1 to 64 letters and digits, a letter first"
        ),
        values.not_one_of(reserved_words.DATABASES, 'is a word reserved by MySQL: use another, such as "sample"'),
    ] = "sample"
    user: Annotated[
        str,
        values.matching(
            r"[A-Za-z][A-Za-z0-9]{0,15}", "is not a master user name: use 1 to 16 letters and digits, a letter first"
        ),
        values.not_one_of(reserved_words.USERS, 'is reserved by RDS or MySQL: use another, such as "dbadmin"'),
    ] = "dbadmin"
    min_acu: Acu = 0
    max_acu: Annotated[Acu, values.between(1, 256, "a valid maximum of Aurora Serverless v2")] = 4
    readers: Annotated[int, values.between(0, 15, "a valid number of Aurora readers")] = 0
    backup_days: Annotated[int, values.between(1, 35, "a valid retention period of Aurora backups")] = 7
    iam_authentication: bool = False
    logs: Annotated[tuple[DatabaseLog, ...], LIST, values.unique("log")] = ()

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min_acu > self.max_acu:
            yield (
                "min_acu",
                f"{self.min_acu:g} is more than database.max_acu, which is {self.max_acu:g}: change one of them",
            )


class LoadBalancer(Model):
    """`[load_balancer]`: what is kept of its requests, and what they have to pass."""

    access_logs: bool = False
    waf_acl: Annotated[
        str | None,
        values.matching(
            r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:(regional|global)/webacl/[\w-]+/[\w-]+",
            'is not the ARN of a web ACL, such as "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/example/1a2b"',
        ),
        values.matching(r"(?!.*:global/).*", "is for CloudFront: use a web ACL of scope REGIONAL"),
    ] = None


class Account(Model):
    """`[account]`: which AWS account it is, what is set for the whole of it, and what it demands of roles.

    With an `id`, no command works with another account on AWS. `trunking` is put back by `down`. `boundary` is the
    name, with its path if it has one, or the ARN of the policy that is the permissions boundary of all roles; without
    it, it is `<project>-<env>-boundary`, if there is one.
    """

    id: (
        Annotated[str, values.matching(r"\d{12}", "is not the id of an AWS account: write its 12 digits in quotes")]
        | None
    ) = None
    trunking: bool = True
    boundary: Annotated[str, AfterValidator(values.iam_policy)] | None = None
    role_path: Annotated[
        str,
        values.matching(
            r"(?=.{1,512}$)/([\w+=,.@-]+/)*",
            'is not a path of IAM: begin and end it with a slash, such as "/team/"; use letters, digits and +=,.@_-',
        ),
        values.matching(r"(?!/aws-(service-role|reserved)/).*", "is for AWS's own roles: use another"),
    ] = "/"


_RESERVED = r"sthree-|amzn-s3-demo-"
"""What S3 lets no bucket's name begin with (S3 user guide, "General purpose bucket naming rules")."""


class Logs(Model):
    """`[logs]`: how long CloudWatch keeps them, in days, and the key that they are encrypted with."""

    retention_days: Annotated[int, AfterValidator(values.retention)] = 7
    kms_key: KmsKey | None = None


class StateSettings(Model):
    """`[state]`: where the state of a stack on AWS is kept. Without a bucket it is kept on this machine."""

    bucket: Annotated[
        str | None,
        values.matching(
            rf"(?!xn--|{_RESERVED})[a-z0-9][a-z0-9-]{{1,61}}[a-z0-9]",
            "is not a bucket name: use 3 to 63 lower-case letters, digits and hyphens",
        ),
    ] = None


class StepsSettings(Model):
    """`[steps]`: the folder of the user's own steps and resource types, beside the file."""

    dir: Annotated[
        str,
        AfterValidator(values.inside),
        values.matching(r"(?!\./*$).*", 'is the directory of this file itself: use a folder in it, such as "steps"'),
    ] = "steps"


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
        str, values.matching(r"[a-z]{2,4}(-[a-z]+)+-\d", 'is not an AWS Region, such as "ap-northeast-1"')
    ] = "ap-northeast-1"
    target: Target = "local"
    # Whether deletion protection is on and `down` is refused without --unprotect.
    protect: bool = Field(default_factory=lambda earlier: earlier["env"] == "prod")
    # What everything that the stack keeps is encrypted with, instead of AWS's own keys.
    kms_key: KmsKey | None = None
    network: Network = Network()
    dns: Dns = Dns()
    capacity: Capacity = Capacity()
    database: Database | None = None
    load_balancer: LoadBalancer = LoadBalancer()
    account: Account = Account()
    logs: Logs = Logs()
    state: StateSettings = StateSettings()
    steps: StepsSettings = StepsSettings()
    services: Annotated[
        Mapping[Name, Service], values.not_empty("a stack needs at least one service; add a table [services.web]")
    ]
    jobs: Mapping[Name, Job] = {}

    _by_environment: tuple[str, ...] = PrivateAttr(())
    _images: Mapping[str, str] = PrivateAttr({})
    _documents: Mapping[str, task_policies.Document] = PrivateAttr({})

    @model_validator(mode="wrap")
    @classmethod
    def _completed(cls, table: Any, handler: ModelWrapValidatorHandler[Config]) -> Config:
        """Put in what `extends` takes over and the environment's own defaults, before anything is checked."""
        if not isinstance(table, Mapping):
            return handler(table)
        extended = extends.extended(table)
        if extended.problems:
            raise loader.Inconsistent(extended.problems)
        whole, keys = production.with_defaults(extended.table)
        config = handler(whole)
        config._by_environment = keys  # noqa: SLF001 (of its own class)
        config._images = extended.images  # noqa: SLF001
        return config

    @property
    def by_environment(self) -> tuple[str, ...]:
        """The dotted keys that have another default than elsewhere because of `env`, and are not in the file."""
        return self._by_environment

    @property
    def name(self) -> str:
        """What everything in the stack is named after: `<project>-<env>`."""
        return f"{self.project}-{self.env}"

    @property
    def fqdn(self) -> str:
        """The public name: `<host>.<domain>`."""
        return f"{self.dns.host}.{self.dns.domain}"

    @property
    def _workloads(self) -> together.Workloads:
        return together.Workloads(self.name, self.services, self.jobs)

    @property
    def workloads(self) -> Mapping[str, Service | Job]:
        """All services and jobs by name; no job is called like a service."""
        return self._workloads.all

    @property
    def public(self) -> Mapping[str, Service]:
        """The services behind the load balancer. Without any there is none, and no certificate and no public name."""
        return {name: service for name, service in self.services.items() if service.public}

    @property
    def on_instances(self) -> bool:
        """Whether a service runs on EC2 instances. Otherwise there are none, nor what launches them."""
        return any(service.launch == "ec2" for service in self.services.values())

    @property
    def called(self) -> tuple[str, ...]:
        """The services that others call, which find them by name in Cloud Map."""
        callees = {callee for workload in self.workloads.values() for callee in workload.calls}
        return tuple(name for name in self.services if name in callees)

    @property
    def images(self) -> Mapping[str, Service | Job]:
        """The services and jobs that have an image of their own; the others run one of these (`image_of`)."""
        return {name: workload for name, workload in self.workloads.items() if name not in self._images}

    def image_of(self, workload: str) -> str:
        """Return whose image a service or a job runs: its own, or that of the service that it extends."""
        return self._images.get(workload, workload)

    def runs_as_it_is(self, image: str) -> bool:
        """Whether some service or job runs an image without telling it what: then the image has to say it."""
        users = (one for name, one in self.workloads.items() if self.image_of(name) == image)
        return any(not one.command and not one.entrypoint for one in users)

    @property
    def architecture(self) -> Architecture:
        """The architecture of the instances: that of the services on them."""
        return next((one.architecture for one in self.services.values() if one.launch == "ec2"), "x86_64")

    def port_of(self, service: str) -> int:
        """Return the port of a service that listens on one, as public and called ones do.

        Raises:
            ValueError: it has none.
        """
        port = self.services[service].port
        if port is None:
            raise ValueError(f"service {service} has no port")
        return port

    def key(self, workload: str) -> str:
        """Return the dotted key of a service's or a job's table."""
        return self._workloads.key(workload)

    @property
    def secrets(self) -> Mapping[str, Mapping[str, Secret]]:
        """The secrets that workloads are given, by their tables, such as `services.web`, and by variable."""
        return {self.key(name): workload.secrets for name, workload in self.workloads.items()}

    def documents_of(self, workload: str) -> Mapping[str, task_policies.Document]:
        """Return the policies of a workload that are files, by path, as `load` has read and checked them."""
        policies = task_policies.files(self.workloads[workload].policies)
        return {path: self._documents[path] for path in policies if path in self._documents}

    def s3_actions(self, workload: str) -> tuple[str, ...]:
        """Return what a workload's own policies allow on S3; all of it if they are managed ones, which are not read."""
        if task_policies.managed(self.workloads[workload].policies):
            return ("s3:*",)
        documents = self.documents_of(workload).values()
        actions = (one for doc in documents for allowed in task_policies.allowed(doc) for one in allowed.actions)
        return tuple(dict.fromkeys(one for one in actions if one.startswith("s3:")))

    def exec_on(self, workload: str) -> bool:
        """Whether ECS Exec may open a shell in a workload's tasks; not in those of a job."""
        if workload in self.jobs:
            return False
        chosen = self.services[workload].exec
        return not self.protect if chosen is None else chosen

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together, and names that AWS would find too long or refuse."""
        if re.match(_RESERVED, f"{self.name}-"):
            yield "project", f"S3 refuses bucket names that begin with {self.name}-: use another project or env"
        yield from together.problems(self._workloads)
        yield from self._unused()
        yield from self._addresses()
        yield from self._architectures()
        yield from self._regions()

    def _unused(self) -> Iterator[Problem]:
        """Yield what asks for something that is not made, since no table or service says so."""
        users = [self.key(name) for name, workload in self.workloads.items() if workload.database]
        if users and self.database is None:
            others = f" (also of {', '.join(users[1:])})" if users[1:] else ""
            why = "there is no table [database], and without it no database"
            yield f"{users[0]}.database", f"{why}: add it, or remove database = true{others}"
        if self.capacity.min and not self.on_instances:
            yield "capacity.min", f'{self.capacity.min} has no effect, as no service has launch = "ec2": remove it'
        if self.network.egress == "public" and self.on_instances:
            name = next(name for name, service in self.services.items() if service.launch == "ec2")
            why = f'"public" gives tasks on Fargate public addresses, and services.{name} has launch = "ec2"'
            yield "network.egress", f'{why}: use "nat", or launch = "fargate"'

    def _architectures(self) -> Iterator[Problem]:
        """Yield what the one architecture of all instances does not go with."""
        wanted = self.architecture
        first = next((name for name, service in self.services.items() if service.launch == "ec2"), "")
        for name, service in self.services.items():
            if service.launch == "ec2" and service.architecture != wanted:
                why = f"instances have one architecture, and services.{first} is {wanted}"
                yield (
                    f"services.{name}.architecture",
                    f'is "{service.architecture}", but {why}: use that, or launch = "fargate"',
                )
        other = [one for one in self.capacity.instance_types if values.is_arm(one) != (wanted == "arm64")]
        if first and other:
            what = f"{other[0]} has {'an x86_64' if wanted == 'arm64' else 'an ARM'} processor"
            better = "c7g.large" if wanted == "arm64" else "c5.large"
            why = f'services.{first} with launch = "ec2" has architecture = "{wanted}"'
            yield "capacity.instance_types", f'{what}, but {why}: use types such as "{better}"'

    def _regions(self) -> Iterator[Problem]:
        named = {
            "kms_key": self.kms_key,
            "logs.kms_key": self.logs.kms_key,
            "load_balancer.waf_acl": self.load_balancer.waf_acl,
        }
        for key, value in named.items():
            if value and value.startswith("arn:") and (other := value.split(":")[3]) != self.region:
                yield key, f"it is in {other}, but the stack is in {self.region}: use one in that Region"

    def _addresses(self) -> Iterator[Problem]:
        if self.network.vpc:
            return
        tasks, free = sum(service.count for service in self.services.values()), self.network.addresses()
        if tasks > free:
            text = f"the private subnets of {self.network.cidr} in {self.network.zones} zones have {free} addresses"
            fix = "lower services.*.count, raise network.zones, or give a new stack a larger network"
            yield "network.cidr", f"{text}, and the services begin with {tasks} tasks (count): {fix}"


def load(path: Path, *, env: str | None = None, target: str | None = None) -> Config:
    """Read and check a `stack.toml`.

    Args:
        path: the file.
        env, target: what the command line says instead of the file, if it does. What `[environments.<env>]` says is
            laid over the rest of the file.

    Raises:
        ConfigurationError: with one line for each thing that is wrong, in whichever environment: file, key, what, and
            what to do.
    """
    overrides = {key: value for key, value in (("env", env), ("target", target)) if value is not None}
    layers = overlays.parted(loader.read(path), Config.model_fields["env"].default)
    problems, seen = [*layers.problems, *layers.misspelt(env)], set[tuple[str, str]]()
    wanted = layers.own if env is None else env
    configs = {}
    for name in layers.checked(wanted):
        table = _apart(layers.table(name), layers.own) | ({"target": target} if target is not None else {})
        try:
            configs[str(name)] = Config.model_validate(table)
        except ValidationError as error:
            found = loader.found(error, Config, extends.extended(table).inherited, partial(layers.home, name))
            problems += layers.told(name, found, seen)
    if problems:
        raise loader.refusal(path, overrides, problems)
    config = configs[str(wanted)]
    policies = {config.key(name): workload.policies for name, workload in config.workloads.items()}
    config._documents, wrong = task_policies.read(policies, path.parent)  # noqa: SLF001 (of this module)
    if wrong:
        raise ConfigurationError("\n".join(f"{path}: {key}: {text}" for key, text in wrong))
    return config


def _apart(table: dict[str, Any], own: Any) -> dict[str, Any]:
    """Return an environment's table, with a host name of its own if it is not the file's own environment."""
    dns, env = table.get("dns", {}), table.get("env", own)
    if env == own or not isinstance(dns, dict) or "host" in dns or not re.fullmatch(values.NAME, str(env)):
        return table
    return table | {"dns": {**dns, "host": f"{HOST}-{env}"}}
