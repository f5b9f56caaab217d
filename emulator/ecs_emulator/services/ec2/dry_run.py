"""DryRun: every operation that has it answers whether its caller may make the request, and does nothing.

moto looks at it in a third of the operations, of some after their effect. The permissions are decided before any
operation is reached (`authorization`), so what arrives here is allowed.
"""

from __future__ import annotations

from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import ServiceError, wrap
from ecs_emulator.rules import limits

CODE, WORDS = "DryRunOperation", "Request would have succeeded, but DryRun flag is set."

EMPTY = frozenset(
    {
        "BundleInstance",
        "CancelBundleTask",
        "CancelReservedInstancesListing",
        "CreateReservedInstancesListing",
        "CreateSpotDatafeedSubscription",
        "DeleteSpotDatafeedSubscription",
        "DescribeBundleTasks",
        "DescribeReservedInstancesListings",
        "DescribeSpotDatafeedSubscription",
        "DescribeVolumeAttribute",
        "DescribeVolumeStatus",
        "EnableVolumeIO",
        "ImportVolume",
        "ModifyVolumeAttribute",
        "MonitorInstances",
        "PurchaseReservedInstancesOffering",
        "ResetImageAttribute",
        "ResetNetworkInterfaceAttribute",
        "ResetSnapshotAttribute",
        "UnmonitorInstances",
    }
)
"""Operations that moto names and lacks: it looks at DryRun, and then says that it has no such operation."""


@wrap(EC2Response, "call_action")
def call_action(original: Any, self: Any) -> TYPE_RESPONSE:
    """Answer a request with DryRun, which would do nothing; pass on all others.

    API references, DryRun: it checks the permissions, without making the request. The answer is from moto#1980.
    """
    if not _asks_only(self):
        answer: TYPE_RESPONSE = original(self)
        return answer
    if not offers(self._get_action()):
        raise NotImplementedError
    return limits.refused(self) or (412, *self.serialized(ActionResult(ServiceError(CODE, WORDS)))[1:])


def _asks_only(response: Any) -> bool:
    """Return whether a request has DryRun, and its operation knows it."""
    if not response.params.get("DryRun"):
        return False
    asked = get_service_model("ec2").operation_model(response._get_action()).input_shape
    return asked is not None and "DryRun" in asked.members


def offers(operation: str) -> bool:
    """Return whether the embedded cloud has an operation of EC2."""
    return operation not in EMPTY and hasattr(EC2Response, camelcase_to_underscores(operation))
