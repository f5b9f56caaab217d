"""Costs of a database: of Aurora Serverless v2 its capacity, data and their use; of an instance its class and disk."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.config.records import ASLEEP
from provisioner.engine.costs import HOURS, Around, Cost, Settings, Units, by_load, hourly, monthly

LEAST_AWAKE = 0.5
"""The least ACU of an instance that is not paused (Aurora user guide, aurora-serverless-v2-auto-pause)."""


def capacity_costs(settings: Settings, around: Around) -> Iterator[Cost]:
    """Yield the costs of a cluster; each of its instances has a capacity of its own between the cluster's bounds."""
    scaling = settings.get("serverless_v2_scaling_configuration") or {}
    least, most = float(scaling.get("MinCapacity") or 0), float(scaling.get("MaxCapacity") or 0)
    number = sum(1 for _, one in around.of("db_instance") if one.get("db_instance_class") == "db.serverless")
    acu = Units(least, max(least, min(LEAST_AWAKE, most)), most)
    if any(around.of(ASLEEP)):
        # the database is stopped, or pauses by itself
        acu = Units()
    what = f"{f'{number} × ' if number > 1 else ''}{least:g} to {most:g} ACU"
    hours = number * HOURS
    yield Cost(what, "aurora.acu", acu.times(hours), "capacity", load="database_acu", per=hours)
    yield by_load("the database's data", "aurora.storage", "database_gb")
    yield by_load("reads and writes of the database's data", "aurora.io", "database_million_io")
    yield by_load("backups beyond the size of the data", "aurora.backup", "backup_gb")


def single_costs(settings: Settings, around: Around) -> Iterator[Cost]:
    """Yield the costs of an instance without a cluster: a standby doubles them, and its backups are by use."""
    number = 2 if settings.get("multi_az") else 1
    size, disk = str(settings.get("db_instance_class")), int(settings.get("allocated_storage") or 0)
    times = f"{number} × " if number > 1 else ""
    if not any(around.of(ASLEEP)):
        yield hourly(f"{times}{size}", f"rds.{settings.get('engine')}.{size}", number)
    yield monthly(f"{times}{disk} GB of disk", "rds.gp3", number * disk)
    yield by_load("backups beyond the size of the disk", "rds.backup", "backup_gb")
