"""Sentences with which ECS explains why a task stopped."""

from __future__ import annotations

CONTAINER_EXITED = "Essential container in task exited"
