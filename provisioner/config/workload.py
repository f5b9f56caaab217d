"""The model of settings that services and jobs share: the container, its sidecars, rights, and the size of a task."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, BeforeValidator

from provisioner.config import queues as of_queues
from provisioner.config import task_policies
from provisioner.config import topics as of_topics
from provisioner.config import validators as values
from provisioner.config.base import LIST, Name, Problem
from provisioner.config.buckets import Access, Accesses, read_access, variable
from provisioner.config.container import Container
from provisioner.config.queues import Right, Rights, read_rights
from provisioner.config.secrets import misplaced
from provisioner.config.sidecars import Sidecar
from provisioner.config.volumes import MountAt, mount_problems, read_mounts

MOST_GROUPS = 4
"""The most groups beside the task's own: AWS allows five (ECS API, AwsVpcConfiguration, securityGroups)."""
PROXY_CPU, PROXY_MEMORY = 256, 64
"""The part of a task that AWS advises for a proxy of Service Connect (ECS developer guide, "Service Connect")."""

Architecture = Literal["x86_64", "arm64"]


TAKEN = "is set by the stack, because of {}: use another name"
DATABASE_VARIABLES = ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD")
DATABASE_URL = "DATABASE_URL"
"""The variable with all of these in one URL; `environment` and `secrets` of the file come first."""
USED_SECRETS = {"password": DATABASE_VARIABLES[-1], "url": DATABASE_URL}
"""The variables with the secrets of a database of somebody else, by their keys in `[database]`."""


class Workload(Container):
    """The settings of a service or a job. CPU in units (1024 are one vCPU), memory in MiB."""

    extends: Name | None = None
    """The service whose image, size, rights and health check it inherits; not its address and its number of tasks.
    `false` takes an inherited key away, or an inherited name in a table."""
    architecture: Architecture = "x86_64"
    """The processor: `x86_64`, or `arm64` for Graviton."""
    calls: Annotated[tuple[str, ...], LIST, values.unique("service")] = ()
    """Services that it may connect to; sets `NAME_URL` for each, or the variables that its `protocol` needs, unless
    `environment` or `secrets` has them."""
    database: bool = False
    """May connect to the database; sets `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD`, and unless
    `environment` or `secrets` has it, `DATABASE_URL`."""
    redis: bool = False
    """May connect to Valkey; sets `REDIS_URL`, unless `environment` or `secrets` has it."""
    buckets: Annotated[Mapping[Name, Access], BeforeValidator(read_access, json_schema_input_type=Accesses)] = {}
    """Buckets that its tasks may read and write, by name, or a table with `"read"` or `"write"` for each; sets
    `NAME_BUCKET` to the name of each on AWS."""
    queues: Annotated[Mapping[Name, Right], BeforeValidator(read_rights, json_schema_input_type=Rights)] = {}
    """Queues that its tasks may send to and receive from, by name, or a table with `"send"` or `"receive"` for each;
    sets `NAME_QUEUE_URL` to the URL of each."""
    topics: Annotated[tuple[Name, ...], LIST, values.unique("topic")] = ()
    """Topics that its tasks may publish to; sets `NAME_TOPIC_ARN` to the ARN of each."""
    volumes: Annotated[Mapping[Name, MountAt], BeforeValidator(read_mounts)] = {}
    """Volumes that its tasks share with others, by name, each with its place in the container: `"/data"`, or a table
    with `path` and `read_only`."""
    cpu: int = 256
    """CPU units of a task; 1024 are one vCPU."""
    memory: int = 512
    """Memory of a task in MiB."""
    ephemeral_storage: Annotated[int, values.between(21, 200, "a disk of a task on Fargate in GiB")] | None = None
    """The disk of a task on Fargate in GiB, 21 to 200, which ends with the task; by default Fargate's 20."""
    sidecars: Mapping[Name, Sidecar] = {}
    """Containers that run beside its own, in the same tasks."""
    policies: Annotated[
        tuple[Annotated[str, AfterValidator(task_policies.named)], ...], LIST, values.unique("policy")
    ] = ()
    """IAM policies of its tasks: files of policies, and ARNs of managed policies."""
    security_groups: Annotated[
        tuple[Annotated[str, values.matching(r"sg-[0-9a-f]{8,17}", "is not the id of a security group, sg-…")], ...],
        LIST,
        values.unique("security group"),
    ] = ()
    """Ids of further security groups of its tasks, from outside of the stack."""

    def problems(self) -> Iterator[Problem]:
        """Yield contradictions between the settings of one workload."""
        yield from self.container_problems()
        yield from mount_problems(self.volumes, read_only=self.read_only)
        if (number := len(self.security_groups)) > MOST_GROUPS:
            yield "security_groups", f"has {number}, and AWS allows {MOST_GROUPS} beside the stack's own: use fewer"
        if (number := len(task_policies.managed(self.policies))) > task_policies.MOST_MANAGED:
            most = f"has {number} ARNs, and IAM attaches {task_policies.MOST_MANAGED} to a role"
            yield "policies", f"{most}: use fewer, or files"
        own = dict.fromkeys(DATABASE_VARIABLES if self.database else (), "database")
        own |= dict.fromkeys(map(variable, self.buckets), "buckets")
        own |= dict.fromkeys(map(of_queues.variable, self.queues), "queues")
        own |= dict.fromkeys(map(of_topics.variable, self.topics), "topics")
        for key in sorted(self.environment.keys() & own.keys()):
            yield f"environment.{key}", TAKEN.format(own[key])
        yield from misplaced(self.secrets, self.environment, {"PORT", *own})

    def fargate_problems(self) -> Iterator[Problem]:
        """Yield sizes and stop timeouts that Fargate does not support."""
        yield from values.fargate_size(self.cpu, self.memory)
        yield from self.fargate_stop()
        for name, sidecar in self.sidecars.items():
            for key, text in sidecar.fargate_stop():
                yield f"sidecars.{name}.{key}", text


class Variables(Protocol):
    """The stores of a stack, of which containers get names, URLs or ARNs."""

    def variables(self, workload: Workload) -> dict[str, str]:
        """Return the variables of a workload, by name."""
