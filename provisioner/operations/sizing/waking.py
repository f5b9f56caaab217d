"""Declare the resources that `provision wake` makes or changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.operations.overrides import sizes, wake_order
from provisioner.operations.sizing.alarms import quieted
from provisioner.operations.sizing.instances import declare_minimum
from provisioner.operations.sizing.scope import sized

if TYPE_CHECKING:
    from provisioner.config.facts import Sizes
    from provisioner.config.models import Config
    from provisioner.engine.declaration import Declared
    from provisioner.state.model import Record


def declare_waking(config: Config, records: Mapping[str, Record], after: Sizes) -> dict[str, Declared]:
    """Return the declarations of a wake: the deleted parts, the instances, services, schedules and alarms.

    Args:
        after: the sizes that hold once the stack is awake.
    """
    names = sizes.there(config, records)
    others = {**sized(config, records, after, names), **quieted(config, records, after, names)}
    return wake_order.returning(records, {**declare_minimum(config, records), **others})
