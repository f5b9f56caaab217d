"""The permissions of a pull request's role: all that `plan` reads, without logs and metrics.

Whoever may push a branch may have such a role do something else than plan. Logs have personal data, and metrics tell
about business.
"""

from __future__ import annotations

from provisioner.aws.permissions import Permission

OF_WHAT_RUNS = frozenset({"cloudwatch:GetMetricData", "logs:FilterLogEvents", "logs:GetLogEvents"})
"""The reads of `top`, `logs` and the diagnosis of failures. `plan` tells of a failed task without them."""


def plans(permission: Permission) -> bool:
    """Return whether a plan, of the whole stack or of a drift, needs a permission."""
    return permission.reader and permission.name not in OF_WHAT_RUNS
