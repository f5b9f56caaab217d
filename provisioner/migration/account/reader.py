"""Read an account with optional permissions: note each read that AWS refuses, and continue with the rest."""

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
"""IAM's name of an API, where it differs from boto3's."""


@dataclass(frozen=True)
class Reader:
    """An `Aws` for one Region that only reads, and notes refused reads.

    Attributes:
        unread: the refused reads, each action once.
    """

    aws: Aws
    unread: list[Unread] = field(default_factory=list)

    def pages(self, service: str, operation: str, key: str, what: str, **arguments: Any) -> list[Any]:
        """Return a whole list; if AWS refuses it, note that and return an empty list.

        Args:
            service, operation: the names that boto3 uses.
            key: the member of the answer with the entries.
            what: the information in the entries, for the note.
        """
        return self.tried(what, lambda: list(self.aws.pages(service, operation, key, **arguments))) or []

    def batches(
        self, service: str, operation: str, key: str, what: str, by: str, ids: Sequence[str], size: int
    ) -> list[Any]:
        """Return the entries for ids, `size` ids a call; the ids of a refused call have no entries."""
        return [
            one for some in batches(ids, size) for one in self.pages(service, operation, key, what, **{by: list(some)})
        ]

    def tried(self, what: str, read: Callable[[], T]) -> T | None:
        """Return the result of a read; if AWS refuses it, note that and return None.

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
