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
from provisioner.config.secrets import Secret, misplaced, read_secrets
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
    BeforeValidator(words),
    LIST,
    values.not_empty("name a program and its arguments, or remove the key"),
]


def url_variable(callee: str) -> str:
    """Return the name of the variable that has the URL of a service, in the containers of whoever calls it."""
    return f"{callee.upper().replace('-', '_')}_URL"


class Workload(Model):
    """What a task runs. CPU in units (1024 are one vCPU), memory in MiB."""

    # What it takes over of a service: `config/extends.py` has put that in by now.
    extends: Name | None = None
    image: Annotated[str, AfterValidator(values.image)] | None = None
    build: Annotated[str, AfterValidator(values.inside)] | None = None
    # Its path begins at `build`, as in Docker Compose.
    dockerfile: Annotated[str, AfterValidator(values.dockerfile)] = DOCKERFILE
    # The stage of the Dockerfile that becomes the image; the last one unless said.
    target: (
        Annotated[
            str, values.matching(r"[A-Za-z][\w.-]{0,127}", 'is not the name of a build stage, such as "production"')
        ]
        | None
    ) = None
    # The image's history shows them to whoever can pull it: no secrets.
    build_args: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    architecture: Architecture = "x86_64"
    # They take the place of the image's own CMD and ENTRYPOINT.
    command: Command | None = None
    entrypoint: Command | None = None
    calls: Annotated[tuple[str, ...], LIST, values.unique("service")] = ()
    database: bool = False
    cpu: int = 256
    memory: int = 512
    # Seconds that a container has to end by itself once it is told to: ECS's 30 unless said.
    stop_timeout: Annotated[int, values.between(2, LONGEST_STOP, "a stop timeout in seconds")] | None = None
    environment: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    # Variables whose values ECS reads from Parameter Store or Secrets Manager when a task starts.
    secrets: Annotated[Mapping[str, Secret], BeforeValidator(read_secrets)] = {}
    # Unless said, the image's own.
    user: (
        Annotated[
            str,
            values.matching(
                r"[\w.-]+(:[\w.-]+)?", 'is not a container user: use a name or a number, "user" or "user:group"'
            ),
        ]
        | None
    ) = None
    read_only: bool = False
    # What its tasks may do on AWS besides: files of policies beside this one, and ARNs of managed policies.
    policies: Annotated[
        tuple[Annotated[str, AfterValidator(task_policies.named)], ...], LIST, values.unique("policy")
    ] = ()
    # Groups that are there beside the stack, which its tasks are in as well: nothing in them is changed.
    security_groups: Annotated[
        tuple[Annotated[str, values.matching(r"sg-[0-9a-f]{8,17}", "is not the id of a security group, sg-…")], ...],
        LIST,
        values.unique("security group"),
    ] = ()

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
