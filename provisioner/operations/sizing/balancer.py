"""Facts of the load balancer that only AWS has, read before a stack goes to sleep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.records.references import KnownResources
from provisioner.engine.words import names
from provisioner.resources.elbv2.listeners import Listener, ListenerRule

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record


def as_led(aws: Aws, records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the records; rules whose traffic ECS shifts get their present weights, which lead to the running tasks.

    The cached reads are dropped afterwards.

    Raises:
        ConfigurationError: the load balancer has unrecorded listeners or rules, which `wake` would not create again.
    """
    knowing = aws.knowing(KnownResources(records, {}))
    live = {one.id: one for kind in (Listener, ListenerRule) for one in knowing.live(kind) if one.owned}
    aws.drop_reads()
    known = {one.id: one for one in records.values() if one.type in (Listener.type_name, ListenerRule.type_name)}
    # a record without an id: a run ended while it created the resource, so an unrecorded one may be its own
    if (others := sorted(live.keys() - known.keys())) and None not in known:
        raise ConfigurationError(
            f"--balancer: {names(others)} would go with the load balancer, and this stack does not make that again: "
            "nothing was changed. Delete it by hand if nobody needs it, or sleep without --balancer"
        )
    led = dict(records)
    for record in known.values():
        if record.id in live and record.arguments.get("weighted_by_ecs"):
            arguments = {**record.arguments, "actions": live[record.id].attributes["actions"]}
            led[record.address] = replace(record, arguments=arguments)
    return led
