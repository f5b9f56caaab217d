"""Read, and work out, once what moto would again and again: of botocore's data, IAM's managed policies, and results."""

from __future__ import annotations

import copy
from typing import Any

from botocore.loaders import JSONFileLoader

from provisioner.cloud.patch import replace, wrap


def read_botocore_data_once() -> None:
    """Share botocore's parsed data; called before moto is imported, whose backends make a session each."""
    read: dict[str, Any] = {}

    @wrap(JSONFileLoader, "load_file")
    def load_file(original: Any, self: Any, file_path: str) -> Any:
        if file_path not in read:
            read[file_path] = original(self, file_path)
        return read[file_path]


def install() -> None:
    """Lay all the others over moto, once it is imported."""
    _parse_managed_policies_once()
    _list_moto_modules_once()
    _name_members_once()
    _find_security_groups_by_id()


def _parse_managed_policies_once() -> None:
    """Give each new IAM backend copies of the managed policies; a reset makes new backends."""
    from moto.iam.models import IAMBackend

    parsed: dict[tuple[str, str], list[Any]] = {}

    @wrap(IAMBackend, "_init_aws_policies")
    def init_aws_policies(original: Any, self: Any) -> list[Any]:
        key = (self.account_id, self.region_name)
        if key not in parsed:
            parsed[key] = original(self)
        return [copy.copy(policy) for policy in parsed[key]]


def _list_moto_modules_once() -> None:
    """Read the folder of moto's modules once, and not at every call."""
    from moto import backends

    modules = tuple(backends.list_of_moto_modules())
    replace(backends, "list_of_moto_modules")(lambda: modules)


def _name_members_once() -> None:
    """Work out once under which names a member of an answer may stand in a class of results, and not for each value."""
    from moto.core.serialize import XFormedAttributePicker

    names: dict[tuple[Any, type, str], tuple[str, ...]] = {}

    @wrap(XFormedAttributePicker, "get_possible_keys")
    def get_possible_keys(original: Any, self: Any, context: Any) -> tuple[str, ...]:
        place = (context.shape, type(context.obj), context.key)
        if place not in names:
            names[place] = tuple(dict.fromkeys(original(self, context)))
        return names[place]


def _find_security_groups_by_id() -> None:
    """Look a security group up by its id, and not through copies of all groups."""
    from moto.ec2.models import EC2Backend

    @replace(EC2Backend, "get_security_group_from_id")
    def get_security_group_from_id(self: Any, group_id: str) -> Any:
        return next((groups[group_id] for groups in list(self.groups.values()) if group_id in groups), None)
