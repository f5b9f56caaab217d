"""This stack: one file a step. Importing the package registers all of them."""

from __future__ import annotations

from steps import network, security_groups

__all__ = ["network", "security_groups"]
