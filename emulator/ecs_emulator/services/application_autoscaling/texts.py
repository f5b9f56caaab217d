"""Error messages of Application Auto Scaling that several rules use; `{}` stands for a name."""

from __future__ import annotations

NO_SERVICE = "ECS service doesn't exist: {}"
