"""What `provision prices refresh` needs, and no other command: to read AWS's price list, which is nobody's own."""

from __future__ import annotations

from provisioner.aws.permissions import Part, Permission, Use, grants

PRICES: tuple[Permission, ...] = (
    *grants("pricing", "GetProducts", use=Use.OTHER, why="prices refresh", parts=frozenset({Part.PRICES})),
)
