"""Instances: their ids have the form of ids."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.models.instances import InstanceBackend

from provisioner.cloud.patch import refuse, wrap


def _check_form(ids: list[str]) -> None:
    """InvalidInstanceID.Malformed for what cannot be an id (EC2 developer guide, error codes)."""
    for one in ids:
        if not re.fullmatch(r"i-([0-9a-f]{8}|[0-9a-f]{17})", one):
            refuse("InvalidInstanceID.Malformed", f'Invalid id: "{one}"')


@wrap(InstanceBackend, "get_reservations_by_instance_ids")
def get_reservations_by_instance_ids(original: Any, self: Any, instance_ids: list[str], filters: Any = None) -> Any:
    """DescribeInstances: by ids that can be ids."""
    _check_form(instance_ids)
    return original(self, instance_ids, filters)


@wrap(InstanceBackend, "terminate_instances")
def terminate_instances(original: Any, self: Any, instance_ids: list[str]) -> Any:
    """TerminateInstances: the same."""
    _check_form(instance_ids)
    return original(self, instance_ids)
