"""Lays all that the embedded cloud changes of moto over it."""

from __future__ import annotations


def lay_all() -> None:
    """Import moto and lay everything over it; once a process, before the first request is answered."""
    from provisioner.emulator import fast_paths

    # before anything imports moto's backends, which make a session each
    fast_paths.read_botocore_data_once()
    from provisioner.emulator import ecs, paging, rules

    fast_paths.install()
    rules.install()
    ecs.install()
    paging.install()
