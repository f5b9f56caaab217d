"""Run the tasks, databases and caches of the embedded cloud as real containers, if a Docker engine answers."""

from __future__ import annotations

from pathlib import Path


def begin(directory: str) -> None:
    """Run containers from now on, if an engine answers.

    Args:
        directory: the cloud's own. It also names the cloud's containers in the engine, so that containers of a killed
            cloud are found again.
    """
    from ecs_emulator.containers import engine

    engine.connect(engine.owner_of(directory))
    if (host := engine.current) is not None:
        from ecs_emulator.clock import CLOCK
        from ecs_emulator.containers import caches, database, entry, file_systems, runs, targets

        CLOCK.real_work = lambda: runs.is_changing() or targets.any_unknown()
        database.keep(host)
        caches.keep(host)
        file_systems.keep(host)
        targets.watch(host)
        entry.open_all(Path(directory))


def end() -> None:
    """Remove all containers and networks of this cloud."""
    from ecs_emulator.containers import engine

    if engine.current is not None:
        engine.current.end()
