"""What the user sees: every view is made from the same events and plans, and makes no call of its own."""

from __future__ import annotations
