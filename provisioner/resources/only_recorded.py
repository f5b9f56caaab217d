"""Resource types that exist in the state only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed


class OnlyRecorded:
    """No resource of AWS: it exists only in the state, and is dropped there once it is not declared any more."""

    created_by_aws: ClassVar[bool] = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Sequence[Observed]:
        """Return nothing: AWS has no such resources."""
        return ()
