"""Refuse to delete resources that carry the tags of another stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import explained
from provisioner.engine.errors import NotOwned
from provisioner.engine.records.consistency import type_of
from provisioner.engine.traits import ListedOneByOne
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed, Resource


def check_owned(aws: Aws, going: Mapping[str, Record]) -> None:
    """Refuse a state whose resources carry another stack's tags: its untagged resources would be deleted with them.

    Two projects can have the same stack name: project `a` with environment `b-c`, and `a-b` with `c`.

    Raises:
        NotOwned: no existing resource carries this stack's tags, and one carries another stack's tags.
        ApiError: no existing resource carries this stack's tags, and the tags of one cannot be read.
    """
    there = [
        (type_of(record), live)
        for record in going.values()
        if record.id and aws.taggable(type_of(record)) and not issubclass(type_of(record), ListedOneByOne)
        for live in _listed(aws, type_of(record))
        if live.id == record.id
    ]
    if any(live.owned for _, live in there):
        return
    for resource_type, live in there:
        if whose := aws.other_owner(_tags(aws, resource_type, live)):
            raise NotOwned(
                f"the recorded resources belong to another stack ({whose}), {live.id} for example, so nothing was "
                f"deleted: use the configuration with that project and environment"
            )


def _listed(aws: Aws, resource_type: type[Resource]) -> list[Observed]:
    try:
        return aws.live(resource_type)
    except (BotoCoreError, ClientError):
        return []  # the deletion waits for each resource that cannot be read now


def _tags(aws: Aws, resource_type: type[Resource], live: Observed) -> dict[str, str]:
    """Return the tags of a listed resource; none if it was deleted meanwhile."""
    try:
        return aws.read_tags(resource_type, live)
    except (BotoCoreError, ClientError) as error:
        if aws.errors.not_found(error, resource_type.service):
            return {}
        raise explained(error) from error
