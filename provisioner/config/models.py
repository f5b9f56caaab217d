"""The models of `stack.toml`: every setting, its default, and every check that needs no AWS."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from provisioner.config import (
    completion,
    entrance,
    extends,
    production,
    redis,
    service_connect,
    sign_in,
    store_references,
    task_policies,
    together,
    used_database,
)
from provisioner.config import validators as values
from provisioner.config.alarms import Alarms
from provisioner.config.backlog import backlog_problems
from provisioner.config.base import Model, Name, Problem
from provisioner.config.buckets import Bucket, bucket_problems, of_workload
from provisioner.config.container import Container
from provisioner.config.default_settings import Defaults
from provisioner.config.jobs import Job
from provisioner.config.network import Network
from provisioner.config.queues import Queue, queue_problems
from provisioner.config.redis import Redis
from provisioner.config.secrets import DATABASE, SIGN_IN, Secret
from provisioner.config.services import Service
from provisioner.config.sign_in import SignIn
from provisioner.config.sleeping import Schedule
from provisioner.config.tables import (
    RESERVED_BUCKETS,
    Account,
    Capacity,
    CloudFront,
    Cost,
    Database,
    Dns,
    KmsKey,
    LoadBalancer,
    Logs,
    StateSettings,
    StepsSettings,
    Tags,
)
from provisioner.config.topics import Topic, topic_problems
from provisioner.config.volumes import Volume, volume_problems
from provisioner.config.workload import Architecture

SAMPLE = Path(__file__).parent / "data" / "stack.toml"
"""The commented sample: a complete `stack.toml`."""
APP_SERVICES = SAMPLE.with_name("app.toml")
"""The sample application's services, which can replace the sample's services."""

Target = Literal["local", "aws"]


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
    """The first part of all names of AWS resources; the environment follows: `shop` makes `shop-dev`."""
    env: Name = "dev"
    """The environment of the file; `--env NAME` chooses another. Production (`prod`, `live`, …) has safer defaults."""
    region: Annotated[
        str, values.matching(r"[a-z]{2,4}(-[a-z]+)+-\d", 'is not an AWS Region, such as "ap-northeast-1"')
    ] = "ap-northeast-1"
    """The AWS Region of the stack."""
    target: Target = "local"
    """The target of commands: `local` is the embedded cloud on this machine, `aws` is your AWS account."""
    protect: bool = Field(default_factory=lambda earlier: production.is_production(earlier["env"]))
    """Deletion protection: `down` needs `--unprotect`. By default on in production."""
    kms_key: KmsKey | None = None
    """The KMS key for logs, images, disks, buckets, queues, database and password; by default AWS's own."""
    network: Network = Network.model_construct()
    """The VPC, the clients of the load balancer, and the tasks' way to the internet."""
    dns: Dns = Dns.model_construct()
    """The public name and the two private zones."""
    capacity: Capacity = Capacity.model_construct()
    """The EC2 instances of services with `launch = "ec2"`."""
    database: Database | None = None
    """An Aurora Serverless v2 cluster of MySQL or PostgreSQL; without the table there is none."""
    redis: Redis | None = None
    """ElastiCache for Valkey, for queues, sessions and caches; without the table there is none."""
    buckets: Mapping[Name, Bucket] = {}
    """The S3 buckets of services and jobs, by name."""
    queues: Mapping[Name, Queue] = {}
    """The SQS queues of services and jobs, by name."""
    topics: Mapping[Name, Topic] = {}
    """The SNS topics of services and jobs, by name."""
    volumes: Mapping[Name, Volume] = {}
    """The file systems that services and jobs share, by name."""
    load_balancer: LoadBalancer = LoadBalancer.model_construct()
    """The load balancer: HTTP in clear, timeout and TLS policy, the log of its requests, and a web ACL."""
    cloudfront: CloudFront | None = None
    """CloudFront in front of the load balancer, which is internal then; without the table clients reach it directly."""
    sign_in: Mapping[Name, SignIn] = {}
    """The providers of OpenID Connect at which users of public services sign in, by name."""
    account: Account = Account.model_construct()
    """The AWS account, its ENI trunking, and its rules for roles."""
    logs: Logs = Logs.model_construct()
    """The days that logs are kept, and the key that encrypts them."""
    state: StateSettings = StateSettings.model_construct()
    """The place of the state: an S3 bucket, or without it this machine."""
    steps: StepsSettings = StepsSettings.model_construct()
    """Steps and resource types of your own."""
    tags: Tags = Field(default_factory=dict)
    """Tags on all resources of the stack, beside its own; tasks and instances have them too. `{project}` and `{env}` in
    values stand for these."""
    defaults: Defaults | None = None
    """Settings of all services and jobs that do not say otherwise."""
    services: Mapping[Name, Service] = {}
    """The services, by name; a stack may have jobs alone."""
    jobs: Mapping[Name, Job] = {}
    """Tasks that run to their end, by name."""
    alarms: Alarms | None = None
    """CloudWatch alarms, and the receivers of their messages; without the table there are none."""
    schedule: Schedule | None = None
    """Times at which AWS puts the stack to sleep and wakes it; without the table it never does."""
    cost: Cost = Cost.model_construct()
    """The budget of the stack."""

    _by_environment: tuple[str, ...] = PrivateAttr(())
    _images: Mapping[str, str] = PrivateAttr({})
    _documents: Mapping[str, task_policies.Document] = PrivateAttr({})

    @model_validator(mode="wrap")
    @classmethod
    def _completed(cls, table: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Add the keys that `extends` inherits and the defaults of the environment, before all checks."""
        if not isinstance(table, Mapping):
            return handler(table)
        project, env = (str(cls.model_fields[key].default) for key in ("project", "env"))
        whole = completion.completed(table, project, env)
        config = handler(whole.table)
        config._by_environment = whole.by_environment  # noqa: SLF001 (of its own class)
        config._images = whole.images  # noqa: SLF001
        return config

    @property
    def by_environment(self) -> tuple[str, ...]:
        """The dotted keys that are not in the file and have another default because of `env`."""
        return self._by_environment

    @property
    def name(self) -> str:
        """The stack's name, with which all names in it begin: `<project>-<env>`."""
        return f"{self.project}-{self.env}"

    @property
    def role_path(self) -> str:
        """The IAM path of the roles, with the project and the environment in it."""
        return self.account.role_path.replace("{project}", self.project).replace("{env}", self.env)

    @property
    def fqdn(self) -> str:
        """The public name: `<host>.<domain>`; empty without a domain."""
        return f"{self.dns.host}.{self.dns.domain}" if self.dns.domain else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The public names, each once, that of services without hosts first; none without a domain or a listener."""
        own = [one for some in self.hosts.values() for one in some]
        bare = self.named and len(self.hosts) < len(self.public)
        return tuple(dict.fromkeys([*([self.fqdn] if bare else ()), *own]))

    @property
    def hosts(self) -> Mapping[str, tuple[str, ...]]:
        """The whole names of public services that have `hosts`, by service; without a domain only at a listener."""
        return entrance.hosts_of(self.public, self.dns.domain, shared=self.listener is not None)

    @property
    def address(self) -> str:
        """The name that stands for the stack: the first public name without a wildcard; empty if there is none."""
        return entrance.address_of(self.names)

    @property
    def whole_names(self) -> tuple[str, ...]:
        """The public names that are whole names in the file: their zone may be another one than `dns.domain`.

        Without a domain the stack makes no records.
        """
        if not self.named:
            return ()
        given = {host for service in self.public.values() for host in service.hosts if "." in host}
        return tuple(name for name in self.names if name in given)

    @property
    def named(self) -> bool:
        """Return whether the stack makes records for its public names."""
        return bool(self.public and self.dns.domain)

    @property
    def distributed(self) -> bool:
        """Return whether clients reach the public services through CloudFront, and not the load balancer itself."""
        return bool(self.public and self.cloudfront)

    @property
    def listener(self) -> str | None:
        """The ARN of the existing listener that public services answer at; None: the stack has its own."""
        return self.load_balancer.listener if self.public else None

    @property
    def https(self) -> bool:
        """Return whether the stack's own load balancer has HTTPS, which needs a name that a certificate can have."""
        return self.named and self.listener is None

    @property
    def _workloads(self) -> together.Workloads:
        return together.Workloads(self.name, self.services, self.jobs)

    @property
    def workloads(self) -> Mapping[str, Service | Job]:
        """All services and jobs by name; no job has the name of a service."""
        return self._workloads.all

    @property
    def public(self) -> Mapping[str, Service]:
        """The services behind the load balancer. If empty, there is no load balancer, certificate or public name."""
        return {name: service for name, service in self.services.items() if service.public}

    @property
    def test_ports(self) -> Sequence[int]:
        """The load balancer's ports at which new tasks can be tried before traffic moves to them, in order."""
        return sorted({port for one in self.public.values() if (port := one.deployment.test_port)})

    @property
    def public_zone(self) -> bool:
        """Return whether the stack uses a public hosted zone: for a public name, or because of `dns.create_zone`.

        With `dns.create_zone`, the zone stays without a public service: a new one would have other name servers.
        """
        return self.named or self.dns.create_zone

    @property
    def on_instances(self) -> bool:
        """Return whether a service runs on EC2 instances. If not, the stack has no Auto Scaling group."""
        return any(service.launch == "ec2" for service in self.services.values())

    @property
    def stores(self) -> bool:
        """Return whether the stack has something in subnets without a way out: a database, or Valkey."""
        return self.own_database is not None or self.redis is not None

    @property
    def own_database(self) -> Database | None:
        """The database that the stack makes and owns; None without one, and if it uses another's."""
        return None if self.database is None or self.database.used else self.database

    @property
    def used_database(self) -> Database | None:
        """The database of somebody else that the stack uses; None if it has its own, or none."""
        return self.database if self.database and self.database.used else None

    @property
    def called(self) -> tuple[str, ...]:
        """The services that other workloads call and find by name in Cloud Map."""
        callees = {callee for workload in self.workloads.values() for callee in workload.calls}
        return tuple(name for name in self.services if name in callees)

    @property
    def containers(self) -> Mapping[str, Container]:
        """The containers of all tasks: a workload's own by its name, a sidecar by `workload.sidecar`."""
        found: dict[str, Container] = {}
        for name, workload in self.workloads.items():
            found[name] = workload
            found |= {extends.beside(name, one): sidecar for one, sidecar in workload.sidecars.items()}
        return found

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The services that other services call by Service Connect."""
        return service_connect.endpoints(self.services, self.network)

    @property
    def proxied(self) -> Mapping[str, Service]:
        """The services whose tasks have a proxy of Service Connect."""
        return service_connect.proxied(self.services, self.network)

    @property
    def images(self) -> Mapping[str, Container]:
        """The containers that have an image of their own; all others run one of these images (`image_of`)."""
        return {name: container for name, container in self.containers.items() if name not in self._images}

    def image_of(self, container: str) -> str:
        """Return the container whose image a container runs: itself, or the container of the extended service."""
        return self._images.get(container, container)

    def architecture_of(self, container: str) -> Architecture:
        """Return the architecture that a container's image needs: the same for all containers of a task."""
        return self.workloads[container.partition(".")[0]].architecture

    def runs_as_it_is(self, image: str) -> bool:
        """Return whether a container runs an image without `command` and `entrypoint`, so that the image needs them."""
        users = (one for name, one in self.containers.items() if self.image_of(name) == image)
        return any(not one.command and not one.entrypoint for one in users)

    @property
    def architecture(self) -> Architecture:
        """The architecture of the instances, from the services that run on them."""
        return next((one.architecture for one in self.services.values() if one.launch == "ec2"), "x86_64")

    def port_of(self, service: str) -> int:
        """Return the port at which clients reach a service. Public services and called services always have a port.

        Raises:
            ValueError: the service has no port.
        """
        port = self.services[service].entry
        if port is None:
            raise ValueError(f"service {service} has no port")
        return port

    def variables_of(self, workload: str) -> Sequence[str]:
        """Return the names of the variables and secrets that the stack itself gives a workload."""
        return self._workloads.variables(workload)

    def key(self, container: str) -> str:
        """Return the dotted key of a service's, a job's or a sidecar's table."""
        workload, _, sidecar = container.partition(".")
        return self._workloads.key(workload) + (f".sidecars.{sidecar}" if sidecar else "")

    @property
    def secrets(self) -> Mapping[str, Mapping[str, Secret]]:
        """The secrets of containers, by the container's table, such as `services.web`, and by variable.

        References to the stack's own stores are left out, as nobody sets and looks up those.
        """
        return {self.key(name): container.own_secrets for name, container in self.containers.items()}

    @property
    def store_secrets(self) -> Mapping[str, Mapping[str, Secret]]:
        """The references to secrets of the stack's own stores, by the container's table, and by variable."""
        return {self.key(name): container.store_secrets for name, container in self.containers.items()}

    @property
    def all_secrets(self) -> Mapping[str, Mapping[str, Secret]]:
        """The secrets of containers and of sign-ins, by table, and by variable or key in it."""
        clients = {f"{SIGN_IN}{name}": {"client_secret": one.client_secret} for name, one in self.sign_in.items()}
        used = {DATABASE: self.used_database.outside} if self.used_database else {}
        return {**self.secrets, **clients, **used}

    def documents_of(self, workload: str) -> Mapping[str, task_policies.Document]:
        """Return the policies of a workload from files, by path, which `load` has read and checked."""
        policies = task_policies.files(self.workloads[workload].policies)
        return {path: self._documents[path] for path in policies if path in self._documents}

    def s3_actions(self, workload: str) -> tuple[str, ...]:
        """Return the S3 actions of a workload in its buckets and by its policies.

        These are all actions if a policy is managed, as its text is not read.
        """
        if task_policies.managed(self.workloads[workload].policies):
            return ("s3:*",)
        documents = self.documents_of(workload).values()
        actions = (one for doc in documents for allowed in task_policies.allowed(doc) for one in allowed.actions)
        own = of_workload(self.buckets, self.workloads[workload].buckets)
        return tuple(dict.fromkeys((*own, *(one for one in actions if one.startswith("s3:")))))

    def users_of(self, bucket: str) -> Sequence[str]:
        """Return the services and jobs that use a bucket."""
        return [name for name, workload in self.workloads.items() if bucket in workload.buckets]

    def mounting(self, volume: str) -> Sequence[str]:
        """Return the services and jobs that mount a volume."""
        return [name for name, workload in self.workloads.items() if volume in workload.volumes]

    def pages_of(self, bucket: str) -> Sequence[str]:
        """Return the public names of the services that use a bucket."""
        users = [name for name in self.users_of(bucket) if name in self.public]
        own = self.hosts
        names = (one for name in users for one in own.get(name, (self.fqdn,) if self.named else ()))
        return tuple(dict.fromkeys(names))

    def exec_on(self, workload: str) -> bool:
        """Return whether ECS Exec may open a shell in a workload's tasks; never in a job's tasks."""
        if workload in self.jobs:
            return False
        chosen = self.services[workload].exec
        return not self.protect if chosen is None else chosen

    def problems(self) -> Iterator[Problem]:
        """Yield contradictions between tables, and names that AWS would refuse."""
        if re.match(RESERVED_BUCKETS, f"{self.name}-"):
            yield "project", f"S3 refuses bucket names that begin with {self.name}-: use another project or env"
        if not self.services and not self.jobs:
            what = "is missing" if "services" not in self.model_fields_set else "is empty"
            yield "services", f"{what}, and a stack needs a service or a job: add [services.web], or [jobs.nightly]"
        yield from together.problems(self._workloads)
        users = {self.key(name): workload.buckets.keys() for name, workload in self.workloads.items()}
        pages = {name: self.pages_of(name) for name in self.buckets}
        yield from bucket_problems(self.buckets, users, self.name, self.region, pages)
        stored = [self.key(name) for name, workload in self.workloads.items() if workload.redis]
        yield from redis.problems(self.redis, stored, [*map(self.key, self.workloads)], self.name)
        yield from store_references.problems(
            {self.key(name): workload for name, workload in self.workloads.items()},
            {name for name in store_references.STORES if getattr(self, name)},
        )
        in_queues = {self.key(name): workload.queues.keys() for name, workload in self.workloads.items()}
        yield from queue_problems(self.queues, in_queues)
        yield from backlog_problems(self.queues, self.services, insights=self.logs.insights)
        publishers = {self.key(name): workload.topics for name, workload in self.workloads.items()}
        yield from topic_problems(self.topics, self.queues, publishers)
        mounts = {self.key(name): workload.volumes.keys() for name, workload in self.workloads.items()}
        yield from volume_problems(self.volumes, mounts, self.workloads)
        yield from self._unused()
        yield from self._addresses()
        keyed = {name: (self.key(name), workload) for name, workload in self.workloads.items()}
        yield from used_database.problems(self.database, self.network.vpc, keyed)
        if self.database and self.database.iam_authentication:
            yield from together.database_users(self._workloads, self.database.kind)
        yield from service_connect.problems(self.services, self.network, self.region)
        yield from self._architectures()
        yield from self._regions()
        entry = (self.public, self.dns, self.network, self.load_balancer)
        yield from entrance.problems(*entry, self.fqdn, cloudfront=self.distributed)
        made_up = {
            one.place: table for table, some in self.secrets.items() for one in some.values() if one.kind == "generated"
        }
        yield from sign_in.problems(self.services, self.sign_in, made_up)
        yield from sign_in.between_services(self.public, self.hosts)
        if self.cloudfront:
            yield from entrance.behind_cloudfront(*entry, self.cloudfront, self.region)

    def _unused(self) -> Iterator[Problem]:
        """Yield settings that need a database, instances or a network that the stack does not have."""
        users = [self.key(name) for name, workload in self.workloads.items() if workload.database]
        if users and self.database is None:
            others = f" (also of {', '.join(users[1:])})" if users[1:] else ""
            why = "there is no table [database], and without it no database"
            yield f"{users[0]}.database", f"{why}: add it, or remove database = true{others}"
        if self.services and self.alarms and self.alarms.running and not self.logs.insights:
            why = "false leaves alarms.running without a metric, which Container Insights has"
            yield "logs.insights", f"{why}: write true, or running = false under [alarms]"
        if self.capacity.min and not self.on_instances:
            yield "capacity.min", f'{self.capacity.min} has no effect, as no service has launch = "ec2": remove it'
        if self.schedule and not self.services and not self.own_database:
            yield "schedule", "has no effect on a stack that has no service and no database: remove it"
        for name, service in self.services.items() if self.schedule else ():
            if service.scaling and service.scaling.schedule:
                why = "does not go with [schedule]: its times would start tasks of the stack while that sleeps"
                yield f"services.{name}.scaling.schedule", f"{why}: remove one of them"
        if self.capacity.min and self.schedule:
            yield "capacity.min", f"{self.capacity.min} keeps instances there while the stack sleeps: remove it"
        if self.network.egress == "public" and self.on_instances:
            name = next(name for name, service in self.services.items() if service.launch == "ec2")
            why = f'"public" gives tasks on Fargate public addresses, and services.{name} has launch = "ec2"'
            yield "network.egress", f'{why}: use "nat", or launch = "fargate"'

    def _architectures(self) -> Iterator[Problem]:
        """Yield services and instance types that do not match the one architecture of all instances."""
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
        named = [
            ("kms_key", self.kms_key),
            ("logs.kms_key", self.logs.kms_key),
            ("load_balancer.waf_acl", self.load_balancer.waf_acl),
            ("load_balancer.listener", self.load_balancer.listener),
            ("alarms.topic", self.alarms.topic if self.alarms else None),
            *(("dns.certificate", one) for one in self.dns.certificate),
        ]
        own = [("dns.certificate", one) for one in self.dns.certificate]
        own += [("load_balancer.listener", self.listener)] if self.listener else []
        for key, one in own:
            if self.account.id and (other := one.split(":")[4]) != self.account.id:
                yield key, f"is of account {other}, and account.id is {self.account.id}: use one of that"
        for key, value in named:
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
