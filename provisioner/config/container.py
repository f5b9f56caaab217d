"""The model of one container of a task: its image, command, dependencies, variables and rights."""

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from provisioner.config import capabilities, ulimits
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Name, Problem
from provisioner.config.secrets import Secret, Secrets, read_secrets
from provisioner.config.store_words import STORE
from provisioner.config.ulimits import Ulimits
from provisioner.docker.context import DOCKERFILE

LONGEST_STOP_ON_FARGATE = 120
"""Seconds (ECS API, ContainerDefinition, stopTimeout)."""
LONGEST_STOP = 600
"""Seconds on instances. ECS names no limit there, but `up` and `down` would not wait longer."""
OF_BUILD = ("dockerfile", "target", "build_args")
"""Keys that only an image with `build` has."""

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
"""The state that another container must reach first: started, healthy, ended, or ended with exit code 0.

ECS API reference, ContainerDependency.
"""


class Container(Model):
    """The settings of one container, shared by `[services.NAME]`, `[jobs.NAME]` and `[….sidecars.NAME]`."""

    image: Annotated[str, AfterValidator(values.image)] | None = None
    """A prebuilt image of any registry, which `up` copies into ECR; `{project}` and `{env}` stand for these."""
    build: Annotated[str, AfterValidator(values.inside)] | None = None
    """A directory with a Dockerfile: `up` builds the image and pushes it to ECR."""
    dockerfile: Annotated[str, AfterValidator(values.dockerfile)] = DOCKERFILE
    """The Dockerfile's path, relative to `build`."""
    target: (
        Annotated[
            str, values.matching(r"[A-Za-z][\w.-]{0,127}", 'is not the name of a build stage, such as "production"')
        ]
        | None
    ) = None
    """The build stage that becomes the image; by default the last one."""
    build_args: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    """Values of the Dockerfile's `ARG`s. No secrets: everybody with access to the image can read them."""
    command: Command | None = None
    """Replaces the image's CMD: text, split as a shell would split it, or a list."""
    entrypoint: Command | None = None
    """Replaces the image's ENTRYPOINT."""
    depends_on: Mapping[Name, Condition] = {}
    """Other containers of the task, and the state that each must reach before this one starts."""
    stop_timeout: Annotated[int, values.between(2, LONGEST_STOP, "a stop timeout in seconds")] | None = None
    """Seconds between the signal to stop and the kill; by default ECS's 30; on Fargate 2 to 120."""
    environment: Annotated[Mapping[str, str], AfterValidator(values.environment)] = {}
    """Variables of the container. No secrets: every reader of task definitions sees them. `{database.host}`, `port`,
    `name` and `user`, `{redis.host}` and `port` stand for settings of the stack's stores."""
    secrets: Annotated[Mapping[str, Secret], BeforeValidator(read_secrets, json_schema_input_type=Secrets)] = {}
    """Variables whose values ECS reads from Parameter Store or Secrets Manager when a task starts: names, or a
    table of names and places, in which `{project}` and `{env}` stand for these. `"database.password"`,
    `"database.url"`, `"redis.password"` and `"redis.url"` are those of the stack's stores."""
    user: (
        Annotated[
            str,
            values.matching(
                r"[\w.-]+(:[\w.-]+)?", 'is not a container user: use a name or a number, "user" or "user:group"'
            ),
        ]
        | None
    ) = None
    """The container's user, by name or number; by default the image's own."""
    read_only: bool = False
    """A read-only root file system; `/tmp` is memory."""
    ulimits: Ulimits = Field(default_factory=dict)
    """Limits of the operating system by ECS's names, such as `{ nofile = 65536 }`, or a table of `soft` and `hard`."""

    @property
    def own_secrets(self) -> Mapping[str, Secret]:
        """Return the secrets without references to the stack's own stores."""
        return {name: one for name, one in self.secrets.items() if one.kind != STORE}

    @property
    def store_secrets(self) -> Mapping[str, Secret]:
        """Return the references to secrets of the stack's own stores."""
        return {name: one for name, one in self.secrets.items() if one.kind == STORE}

    @property
    def checked(self) -> bool:
        """Return whether ECS runs a health check inside the container."""
        return False

    def container_problems(self) -> Iterator[Problem]:
        """Yield contradictions between `image`, `build` and the other keys of a build, and impossible limits."""
        yield from self._image_problems()
        yield from ulimits.problems(self.ulimits)

    def _image_problems(self) -> Iterator[Problem]:
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
        """Yield a stop timeout that is longer than Fargate allows."""
        if self.stop_timeout is not None and self.stop_timeout > LONGEST_STOP_ON_FARGATE:
            yield "stop_timeout", f"{self.stop_timeout} is too long: Fargate allows 2 to {LONGEST_STOP_ON_FARGATE}"
