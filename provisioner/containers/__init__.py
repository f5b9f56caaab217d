"""What is asked of the user's Docker engine: to build images, and to push them."""

from __future__ import annotations
