"""Reads of an account that may be refused: what the caller may not read is noted, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from provisioner.aws.client import batches
from provisioner.aws.errors import SERVICE, code_of, server_error
from provisioner.migration.ecs.answers import Unread

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

T = TypeVar("T")

PREFIXES = {"elbv2": "elasticloadbalancing"}
"""What IAM calls an API before the colon, where boto3 calls it otherwise."""


@dataclass(frozen=True)
class Reader:
    """The way to one Region for reads alone.

    Attributes:
        unread: what was refused, each action once.
    """

    aws: Aws
    unread: list[Unread] = field(default_factory=list)

    def pages(self, service: str, operation: str, key: str, what: str, **arguments: Any) -> list[Any]:
        """Return a whole list; nothing, and a note, if AWS refuses it.

        Args:
            service, operation: as boto3 calls them.
            key: the member that has the entries.
            what: what they would have told.
        """
        return self.tried(what, lambda: list(self.aws.pages(service, operation, key, **arguments))) or []

    def batches(
        self, service: str, operation: str, key: str, what: str, by: str, ids: Sequence[str], size: int
    ) -> list[Any]:
        """Return what is said of each id, so many a call; nothing of those in a call that AWS refuses."""
        return [
            one for some in batches(ids, size) for one in self.pages(service, operation, key, what, **{by: list(some)})
        ]

    def tried(self, what: str, read: Callable[[], T]) -> T | None:
        """Return what a read says; None, and a note, if AWS refuses it.

        Raises:
            ClientError: AWS itself failed.
        """
        try:
            return read()
        except ClientError as error:
            if server_error(error):
                raise
            service = str(error.response.get("ResponseMetadata", {}).get(SERVICE, ""))
            action = f"{PREFIXES.get(service, service)}:{error.operation_name}"
            if all(one.action != action for one in self.unread):
                self.unread.append(Unread(action, what, code_of(error)))
            return None
