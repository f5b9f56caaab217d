"""Refuse an engine other than that of the existing database: the new one would be an empty one beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.config.database_engines import ENGINES
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.rds.database import DbCluster
from provisioner.resources.rds.single import SingleDbInstance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record


def check(aws: Aws, config: Config, records: Iterable[Record]) -> None:
    """Check that no database of another engine is recorded, or of the other sort stands.

    A recorded database of the wanted sort is not looked for again. Another engine of Aurora is a change of one
    resource, which its type refuses; the names of the others differ in the API of RDS and here.

    Raises:
        ConfigurationError: such a database holds the data.
    """
    settings = config.own_database
    if settings is None:
        return
    own, other = (DbCluster, SingleDbInstance) if settings.kind.aurora else (SingleDbInstance, DbCluster)
    made = {record.type: record for record in records if record.id and record.type in (own.type_name, other.type_name)}
    recorded = made.get(other.type_name) or made.get(own.type_name)
    if recorded:
        engine, name = str(recorded.arguments.get("engine")), recorded.address
        if recorded.type == own.type_name and (settings.kind.aurora or engine == settings.kind.name):
            return
    else:
        found = [live for live in aws.live(other) if live.owned and not live.deleting]
        if not found:
            return
        engine, name = str(found[0].attributes["engine"]), f"{other.type_name} {found[0].id}"
    key = next((one.key for one in ENGINES.values() if one.name == engine), engine)
    raise ConfigurationError(
        f"database.engine cannot change from {key} to {settings.engine} ({name}): its data stay with the engine that "
        f'wrote them. Write engine = "{key}"; for another engine make a stack with another env beside this one, and '
        "copy the data"
    )
