"""What the state alone knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed


class OnlyRecorded:
    """No resource of AWS: the state alone knows of it, and lets go of it when it is declared no more."""

    created_by_aws: ClassVar[bool] = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Sequence[Observed]:
        """Yield nothing."""
        return ()
