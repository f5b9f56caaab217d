"""What one container of a task has: an image, what it runs, whom it waits for, what it is told and may do."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from provisioner.config import capabilities
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Name, Problem
from provisioner.config.secrets import Secret, Secrets, read_secrets
from provisioner.docker.context import DOCKERFILE

LONGEST_STOP_ON_FARGATE = 120
"""Seconds (ECS API, ContainerDefinition, stopTimeout)."""
LONGEST_STOP = 600
"""Seconds on instances, where ECS names no limit: a longer one would outlast what `up` and `down` wait for."""
OF_BUILD = ("dockerfile", "target", "build_args")
"""What only an image that is built has."""

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


Condition = Literal["start", "healthy", "complete", "success"]
"""Until what another container is waited for: it has started, its health check passes, it has ended, or ended with 0.

ECS API reference, ContainerDependency.
"""


class Container(Model):
    """`[services.NAME]`, `[jobs.NAME]` and `[….sidecars.NAME]`: what all of them say of their one container."""

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
    command: Command | None = None
    """What takes the place of the image's CMD: text, split as a shell would split it, or a list."""
    entrypoint: Command | None = None
    """What takes the place of the image's ENTRYPOINT."""
    depends_on: Mapping[Name, Condition] = {}
    """Which other containers of the task have to have come how far before this one is started."""
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

    @property
    def checked(self) -> bool:
        """Whether ECS asks the container whether it is well."""
        return False

    def image_problems(self) -> Iterator[Problem]:
        """Yield what is wrong with where the image comes from."""
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

    def fargate_stop(self) -> Iterator[Problem]:
        """Yield a time to end that Fargate does not give."""
        if self.stop_timeout is not None and self.stop_timeout > LONGEST_STOP_ON_FARGATE:
            yield "stop_timeout", f"{self.stop_timeout} is too long: Fargate allows 2 to {LONGEST_STOP_ON_FARGATE}"
