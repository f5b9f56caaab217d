"""`python -m benchmarks`: every benchmark, one table after the other."""

from __future__ import annotations

from benchmarks import commands

commands.main()
