"""Elastic File System: file systems, their mount targets and access points."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "efs",
    signing="elasticfilesystem",
    too_long="BadRequest",
    pages=Pages(Bounds(100, 1, 1000), "BadRequest", "BadRequest"),
    # EFS API, common errors; the model's ThrottlingException, InternalServerError
    codes=Codes("ThrottlingException", "InternalServerError", throttled_status=429),
    modules=("file_systems", "mount_targets", "access_points", "lists"),
)
