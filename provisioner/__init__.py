"""Provisioner: creates and deletes a complete ECS system on AWS with plain boto3."""

from __future__ import annotations

__version__ = "0.1.0"
