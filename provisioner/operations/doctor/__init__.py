"""What has to be so before the first `up`: checks that only read, each of which says what it found and what to do."""

from __future__ import annotations
