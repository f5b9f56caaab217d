"""Check that the secrets of services and jobs exist in Parameter Store or Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.config.secrets import users
from provisioner.operations.doctor.verdicts import failed, ok, parted
from provisioner.operations.prerequisites.secret_versions import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

NAME = "secrets"


def check(context: Context) -> Sequence[Checked]:
    """Report the secrets that do not exist, or that ECS cannot read."""
    if all(secret.kind == "generated" for secret in users(context.config.all_secrets)):
        return [ok(NAME, "none has to be there beforehand")]
    found, wrong = find(context.aws, context.config)
    if wrong:
        return [failed(NAME, *parted(text)) for text in wrong]
    return [ok(NAME, f"{len(found)} found; their values are not read")]
