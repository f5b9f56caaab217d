"""What has to be read from AWS before anything can be declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Facts:
    """Facts about account and region.

    Attributes:
        account: the account's number. partition: `aws`, `aws-cn` … region: the region's name.
        zones: the names of the availability zones to use.
        blocks: which of a tier's blocks of addresses the subnets in each of the zones have.
        image_id: the AMI that instances are launched from.
        public_zone_id: the public hosted zone that was there before and is not ours, or None if the stack makes one.
        allow: the CIDRs that may reach the load balancer.
        engine: whether a Docker engine answers here, so that images can be built. no_engine: why not, if that is known.
        pushed: the services with `build` whose image, for what is in their folder now, ECR holds already.
        local: whether the cloud is the embedded one.
        root: the folder that build contexts are relative to.
        kms_key, logs_key: the ARNs of the keys for what is kept and for logs, None for AWS's own.
    """

    account: str
    partition: str
    region: str
    zones: tuple[str, ...]
    image_id: str
    public_zone_id: str | None
    allow: tuple[str, ...]
    engine: bool
    local: bool
    root: Path = Path()
    no_engine: str = ""
    pushed: frozenset[str] = frozenset()
    blocks: tuple[int, ...] = (0, 1, 2, 3)
    kms_key: str | None = None
    logs_key: str | None = None
