"""Find the recorded resources that are protected from deletion."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.engine.errors import NotOwned
from provisioner.engine.records.lookup import find
from provisioner.engine.resource import Observed, Resource
from provisioner.engine.resource_types import type_named
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.engine.ports import Provider


def protected(aws: Provider, records: Collection[Record]) -> list[str]:
    """Return the addresses of the recorded resources that are protected from deletion, by the state or in AWS.

    Raises:
        ApiError: AWS cannot be asked.
    """
    found = []
    for record in records:
        resource_type = type_named(record.type) or Resource
        live = _there(aws, resource_type, record) if resource_type.protection else None
        if (
            live
            and not live.deleting
            and (resource_type.protected(record.arguments) or resource_type.protected(live.attributes))
        ):
            found.append(record.address)
    return found


def _there(aws: Provider, resource_type: type[Resource], record: Record) -> Observed | None:
    """Return the recorded resource if AWS has it and it is ours."""
    try:
        return find(aws, resource_type, record.address, record.arguments, record.id)
    except NotOwned:
        return None
    except (BotoCoreError, ClientError) as error:
        raise aws.errors.explained(error) from error
