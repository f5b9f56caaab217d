"""Declare the resources that `provision wake` makes or changes, and refuse a stack that is not up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import cluster_tags
from provisioner.operations.overrides import sizes, wake_order
from provisioner.operations.sizing.alarms import quieted
from provisioner.operations.sizing.instances import declare_minimum
from provisioner.operations.sizing.scope import sized

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes
    from provisioner.engine.declaration import Declared
    from provisioner.state.model import Record
    from provisioner.state.store import Store


def check_up(config: Config, aws: Aws, store: Store) -> None:
    """Refuse to wake a stack of which nothing is recorded that could run.

    Raises:
        ConfigurationError: it is not up, or its state is lost.
    """
    if not sizes.there(config, store.records):
        cluster_tags.check_awake(aws, cluster_tags.lost(aws, store.state))
        raise ConfigurationError(f"{config.name} is not up, so nothing of it can wake: create it with `provision up`")


def declare_waking(config: Config, records: Mapping[str, Record], after: Sizes, now: float) -> dict[str, Declared]:
    """Return the declarations of a wake: the deleted parts, the instances, services, schedules and alarms.

    Args:
        after: the sizes that hold once the stack is awake.
        now: seconds since the epoch.
    """
    names = sizes.there(config, records)
    others = {**sized(config, records, after, names, now), **quieted(config, records, after, names)}
    return wake_order.returning(records, {**declare_minimum(config, records), **others})
