"""What services and jobs have in common: an image, what it runs, what it may do, and how large it is."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from provisioner.config import capabilities, task_policies
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Name, Problem
from provisioner.config.secrets import Secret, Secrets, misplaced, read_secrets
from provisioner.docker.context import DOCKERFILE

LONGEST_STOP_ON_FARGATE = 120
"""Seconds (ECS API, ContainerDefinition, stopTimeout)."""
MOST_GROUPS = 4
"""Beside its own; AWS allows five (ECS API, AwsVpcConfiguration, securityGroups)."""
LONGEST_STOP = 600
"""Seconds on instances, where ECS names no limit: a longer one would outlast what `up` and `down` wait for."""
OF_BUILD = ("dockerfile", "target", "build_args")
"""What only an image that is built has."""

Architecture = Literal["x86_64", "arm64"]

Capability = Annotated[
    str,
    values.one_of(
        capabilities.DEFAULT, "is not one of the capabilities that Docker gives to a container, and there are no others"
    ),
]
Capabilities = Annotated[tuple[Capability, ...], LIST, values.unique("capability")]


def words(value: object) -> object:
    """Return a program and its arguments: text is split as a shell would split it, but no shell runs it."""
    if not isinstance(value, str):
        return value
    try:
        return shlex.split(value)
    except ValueError:
        raise ValueError("has a quotation mark without its counterpart: add it, or write a list") from None


Command = Annotated[
    tuple[str, ...],
    BeforeValidator(words, json_schema_input_type=str | tuple[str, ...]),
    LIST,
    values.not_empty("name a program and its arguments, or remove the key"),
]


def url_variable(callee: str) -> str:
    """Return the name of the variable that has the URL of a service, in the containers of whoever calls it."""
    return f"{callee.upper().replace('-', '_')}_URL"


class Workload(Model):
    """What a task runs. CPU in units (1024 are one vCPU), memory in MiB."""

    extends: Name | None = None
    """The service whose image, size and rights it takes over; not how that is reached, nor its number of tasks."""
    image: Annotated[str, AfterValidator(values.image)] | None = None
    """A prebuilt image of any registry, which `up` copies into ECR."""
    build: Annotated[str, AfterValidator(values.inside)] | None = None
    """A directory with a Dockerfile: `up` builds the image and pushes it to ECR."""
    dockerfile: Annotated[str, AfterValidator(values.dockerfile)] = DOCKERFILE
    """The Dockerfile's path, which begins at `build`."""
    target: (
        Annotated[
            str, values.matching(r"[A-Za-z][\w.-]{0,127}", 'is not the name of a build stage, such as "production"')
        ]
        | None
    ) = None
    """The build stage that becomes the image; unless said the last one."""
    build_args: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    """Values of the Dockerfile's `ARG`s. Whoever can pull the image can read them: no secrets."""
    architecture: Architecture = "x86_64"
    """The processor: `x86_64`, or `arm64` for Graviton."""
    command: Command | None = None
    """What takes the place of the image's CMD: text, split as a shell would split it, or a list."""
    entrypoint: Command | None = None
    """What takes the place of the image's ENTRYPOINT."""
    calls: Annotated[tuple[str, ...], LIST, values.unique("service")] = ()
    """Services that it may connect to; sets `NAME_URL` for each."""
    database: bool = False
    """May connect to the database; sets `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD`."""
    cpu: int = 256
    """CPU units of a task; 1024 are one vCPU."""
    memory: int = 512
    """Memory of a task in MiB."""
    stop_timeout: Annotated[int, values.between(2, LONGEST_STOP, "a stop timeout in seconds")] | None = None
    """Seconds that a container has to end by itself once it is told to; ECS's 30 unless said, on Fargate 2 to 120."""
    environment: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    """Variables of the container. No secrets: whoever may read task definitions sees them."""
    secrets: Annotated[Mapping[str, Secret], BeforeValidator(read_secrets, json_schema_input_type=Secrets)] = {}
    """Variables whose values ECS reads from Parameter Store or Secrets Manager when a task starts: names, or a
    table of names and places."""
    user: (
        Annotated[
            str,
            values.matching(
                r"[\w.-]+(:[\w.-]+)?", 'is not a container user: use a name or a number, "user" or "user:group"'
            ),
        ]
        | None
    ) = None
    """The container's user, by name or number; unless said the image's own."""
    read_only: bool = False
    """A read-only root file system; `/tmp` is memory."""
    policies: Annotated[
        tuple[Annotated[str, AfterValidator(task_policies.named)], ...], LIST, values.unique("policy")
    ] = ()
    """What its tasks may do on AWS: files of policies, and ARNs of managed ones."""
    security_groups: Annotated[
        tuple[Annotated[str, values.matching(r"sg-[0-9a-f]{8,17}", "is not the id of a security group, sg-…")], ...],
        LIST,
        values.unique("security group"),
    ] = ()
    """Ids of groups of others that its tasks are in as well."""

    def variables(self) -> tuple[str, ...]:
        """Return the names of the environment variables and secrets that the stack itself gives the container."""
        urls = tuple(url_variable(callee) for callee in self.calls)
        return urls + (("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD") if self.database else ())

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together within one workload."""
        if (self.image is None) == (self.build is None):
            wrong = "has neither image nor build" if self.image is None else "has both image and build"
            yield (
                "",
                f'{wrong}: write image = "…" for a prebuilt image, or build = "…" for a directory with a Dockerfile',
            )
        for key in OF_BUILD:
            if self.image and self.build is None and key in self.model_fields_set and getattr(self, key):
                yield key, "has no effect on a prebuilt image: remove it, or build the image from a directory"
        if self.build and posixpath.normpath(f"{self.build}/{self.dockerfile}").split("/")[0] == "..":
            out = f'"{self.dockerfile}" relative to "{self.build}" is outside the directory of this file'
            yield "dockerfile", f"{out}: keep the Dockerfile inside it"
        if (number := len(self.security_groups)) > MOST_GROUPS:
            yield "security_groups", f"has {number}, and AWS allows {MOST_GROUPS} beside the stack's own: use fewer"
        if (number := len(task_policies.managed(self.policies))) > task_policies.MOST_MANAGED:
            most = f"has {number} ARNs, and IAM attaches {task_policies.MOST_MANAGED} to a role"
            yield "policies", f"{most}: use fewer, or files"
        for key in sorted(self.environment.keys() & set(self.variables())):
            yield f"environment.{key}", "is set by the stack, because of calls or database: use another name"
        yield from misplaced(self.secrets, self.environment, {"PORT", *self.variables()})

    def fargate_problems(self) -> Iterator[Problem]:
        """Yield sizes and times that Fargate does not have."""
        yield from values.fargate_size(self.cpu, self.memory)
        if self.stop_timeout is not None and self.stop_timeout > LONGEST_STOP_ON_FARGATE:
            yield "stop_timeout", f"{self.stop_timeout} is too long: Fargate allows 2 to {LONGEST_STOP_ON_FARGATE}"
