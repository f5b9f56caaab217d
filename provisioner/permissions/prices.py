"""The permission of `provision cost --refresh` alone: to read AWS's public price list."""

from __future__ import annotations

from provisioner.aws.permissions import Part, Permission, Use, grants

PRICES: tuple[Permission, ...] = (
    *grants("pricing", "GetProducts", use=Use.OTHER, why="cost --refresh", parts=frozenset({Part.PRICES})),
)
