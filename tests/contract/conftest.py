"""The embedded cloud of the other tests."""

from __future__ import annotations

from tests.cloud.conftest import running_cloud

__all__ = ["running_cloud"]
