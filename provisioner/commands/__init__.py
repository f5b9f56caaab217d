"""The commands: one file each, which parses, calls, and hands what happens to a renderer."""

from __future__ import annotations
