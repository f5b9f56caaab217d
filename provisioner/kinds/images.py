"""Container images that are to be built and pushed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from provisioner.aws import Aws
from provisioner.engine.kind import Kind, Live


@dataclass(frozen=True)
class Image(Kind):
    """An image that the stack would build: recorded as wanted, under the URI that the task definitions name.

    Nothing builds it yet, so there is nothing to list or to remove. An image that was pushed by other means goes with
    its repository.

    Attributes:
        uri: the repository's URI and the tag.
        build: the folder with the Dockerfile, as the configuration has it.
        built: whether the image was built; never, so far.
    """

    uri: str
    build: str
    built: bool = False

    service: ClassVar[str] = "ecr"
    made_by_aws: ClassVar[bool] = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterable[Live]:
        return ()
