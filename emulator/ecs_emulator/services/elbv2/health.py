"""Health checks of target groups: their allowed settings, and their results in DescribeTargetHealth."""

from __future__ import annotations

import re
from typing import Any

from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup
from moto.elbv2.responses import ELBV2Response

from ecs_emulator.containers.targets import described
from ecs_emulator.ecs import probes
from ecs_emulator.ecs.store import stores
from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.elbv2.versions import check_matcher

_INTERVAL, _TIMEOUT = 30, 5
"""Default interval and timeout, in seconds."""
_LEAST_CODE, _MOST_CODE = 200, 499
"""Limits of codes for an Application Load Balancer (API reference, Matcher)."""


_CHECKS = ("HTTP", "HTTPS")
"""The protocols of a check of targets that speak HTTP (API reference, CreateTargetGroup, HealthCheckProtocol)."""


def check_health(path: str | None, interval: Any, timeout: Any, codes: str | None, protocol: str | None = None) -> None:
    """Refuse an HTTP health check with settings that AWS does not allow (ValidationError).

    The interval has to be longer than the timeout (terraform-provider-aws#48070, aws-cdk#3703); the codes are from 200
    to 499, as a list of codes and ranges (API reference, Matcher); the path begins with a slash.
    """
    if protocol and protocol not in _CHECKS:
        refuse("ValidationError", f"Health check protocol '{protocol}' must be one of '{', '.join(_CHECKS)}'")
    if path and not path.startswith("/"):
        refuse("ValidationError", f"Health check path '{path}' must start with a '/' character")
    if int(interval or _INTERVAL) <= int(timeout or _TIMEOUT):
        refuse("ValidationError", "Health check interval must be greater than the timeout.")
    for part in (codes or "200").split(","):
        first, _, last = part.partition("-")
        numbers = [int(one) for one in (first, last or first) if re.fullmatch(r"\d{3}", one)]
        if len(numbers) < 2 or not _LEAST_CODE <= numbers[0] <= numbers[1] <= _MOST_CODE:
            limits = f"{_LEAST_CODE}-{_MOST_CODE}"
            refuse("ValidationError", f"Health check matcher HTTP code '{codes}' must be within '{limits}' inclusively")


@wrap(ELBv2Backend, "modify_target_group")
def modify_target_group(
    original: Any,
    self: Any,
    arn: str,
    health_check_proto: str | None = None,
    health_check_port: str | None = None,
    health_check_path: str | None = None,
    health_check_interval: Any = None,
    health_check_timeout: Any = None,
    healthy_threshold_count: Any = None,
    unhealthy_threshold_count: Any = None,
    http_codes: str | None = None,
    health_check_enabled: Any = None,
) -> Any:
    """ModifyTargetGroup: make the checks of CreateTargetGroup, with the present values of other settings."""
    group = self.target_groups.get(arn)
    if group is None:
        raise TargetGroupNotFoundError
    if group.protocol in ("HTTP", "HTTPS"):
        check_health(
            health_check_path,
            health_check_interval or group.health_check_interval_seconds,
            health_check_timeout or group.health_check_timeout_seconds,
            http_codes,
            health_check_proto,
        )
    return original(
        self,
        arn,
        health_check_proto,
        health_check_port,
        health_check_path,
        health_check_interval,
        health_check_timeout,
        healthy_threshold_count,
        unhealthy_threshold_count,
        http_codes,
        health_check_enabled,
    )


@wrap(ELBV2Response, "modify_target_group")
def modify_matcher(original: Any, self: Any) -> Any:
    """ModifyTargetGroup: set gRPC codes, which moto does not know; refuse codes of the other protocol."""
    matcher = self._get_params().get("Matcher") or {}
    group = self.elbv2_backend.target_groups.get(self._get_param("TargetGroupArn"))
    if group is not None:
        check_matcher(group.protocol_version, matcher)
    answer = original(self)
    if group is not None and matcher.get("GrpcCode"):
        group.matcher = {"GrpcCode": matcher["GrpcCode"]}
    return answer


@wrap(FakeTargetGroup, "health_for")
def health_for(original: Any, self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    """DescribeTargetHealth: show a target that was never registered as `unused`, and ports always as numbers."""
    known = {*self.targets, *self.deregistered_targets, *self.terminated_targets}
    if target["Id"] in self.targets and (probe := _probe(self.arn, target["Id"])):
        code, words = described(probe.state, probe.reason)
        health = FakeHealthStatus(
            target["Id"], target.get("Port", self.port), self.health_check_port, probe.state, code, words
        )
    elif target["Id"] in known:
        health = original(self, target, ec2_backend)
    else:
        reason, words = "Target.NotRegistered", "Target is not registered to the target group"
        health = FakeHealthStatus(
            target["Id"], target.get("Port", self.port), self.health_check_port, "unused", reason, words
        )
    if health.health_check_port == "traffic-port":
        health.health_check_port = str(health.port)
    return health


def _probe(group: str, address: str) -> probes.Probe | None:
    """Return the probe of the simulated task with this address in a target group; None without one."""
    tasks = (task for kept in stores() for task in kept.tasks.values() if task.address == address and not task.ended)
    return next((probe for task in tasks if (probe := probes.target(group, task))), None)
