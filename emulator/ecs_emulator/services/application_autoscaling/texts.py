"""Error messages of Application Auto Scaling that several rules use; `{}` stands for a name."""

from __future__ import annotations

NO_SERVICE = "ECS service doesn't exist: {}"
NO_TARGET = "No scalable target registered for service namespace: {}, resource ID: {}, scalable dimension: {}"
BELOW_ZERO = "Minimum and maximum capacity must be 0 or more"
OUT_OF_ORDER = "Maximum capacity cannot be less than minimum capacity"
