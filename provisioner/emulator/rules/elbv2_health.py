"""The health of targets, as DescribeTargetHealth shows it."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup

from provisioner.emulator.patch import wrap


@wrap(FakeTargetGroup, "health_for")
def health_for(original: Any, self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    """DescribeTargetHealth: what was never registered is `unused`; the port of a health check is always a number."""
    known = {*self.targets, *self.deregistered_targets, *self.terminated_targets}
    if target["Id"] in known:
        health = original(self, target, ec2_backend)
    else:
        reason, words = "Target.NotRegistered", "Target is not registered to the target group"
        health = FakeHealthStatus(
            target["Id"], target.get("Port", self.port), self.health_check_port, "unused", reason, words
        )
    if health.health_check_port == "traffic-port":
        health.health_check_port = str(health.port)
    return health
