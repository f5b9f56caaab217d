"""Tell the user which changes of the database make it unreachable for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack

ADDRESS = "single_db_instance/main"


def notices(stack: Stack, records: Mapping[str, Record]) -> list[str]:
    """Return the outage that another class of the database's instance means, in a list that is empty without one.

    RDS makes the change at once. A standby takes the new class first and then takes over. Sources: RDS user guide,
    "Settings for DB instances" (DB instance class: an outage), "Failing over a Multi-AZ DB instance".
    """
    record, declared = records.get(ADDRESS), stack.declared.get(ADDRESS)
    if record is None or declared is None or record.phase != "ready":
        return []
    before, now = record.arguments, declared.resource.fields()
    former, wanted = before.get("db_instance_class"), now["db_instance_class"]
    if former == wanted:
        return []
    if before.get("multi_az") and now["multi_az"]:
        lasts = "60 to 120 seconds, until its standby has taken over"
    else:
        lasts = "some minutes, and with standby = true, set by an `up` before, 60 to 120 seconds"
    text = (
        f"database.instance changes from {former} to {wanted}: RDS makes the change at once, and the database cannot "
        f"be reached for {lasts}. `provision rehearse` shows the services that this stops"
    )
    return [text]
