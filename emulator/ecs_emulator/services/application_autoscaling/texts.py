"""Sentences of Application Auto Scaling that belong to several rules; `{}` stands for a name."""

from __future__ import annotations

NO_SERVICE = "ECS service doesn't exist: {}"
