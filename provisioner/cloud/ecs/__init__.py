"""ECS, EC2 Auto Scaling and Application Auto Scaling as AWS answers them, with tasks that run."""

from __future__ import annotations


def install() -> None:
    """Lay this package over moto; called once, before the first request."""
