"""Error messages that several APIs have in common."""

from __future__ import annotations

TOO_MANY_TAGS = "A resource can have no more than 50 tags."
