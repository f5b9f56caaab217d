"""Read once what moto would read again and again: botocore's data, IAM's 1,600 managed policies, its own modules."""

from __future__ import annotations

import copy
from typing import Any

from botocore.loaders import JSONFileLoader

from provisioner.cloud.patch import wrap


def read_botocore_data_once() -> None:
    """Share botocore's parsed data; called before moto is imported, whose backends make a session each."""
    read: dict[str, Any] = {}

    @wrap(JSONFileLoader, "load_file")
    def load_file(original: Any, self: Any, file_path: str) -> Any:
        if file_path not in read:
            read[file_path] = original(self, file_path)
        return read[file_path]


def parse_managed_policies_once() -> None:
    """Give each new IAM backend copies of the managed policies; a reset makes new backends."""
    from moto.iam.models import IAMBackend

    parsed: dict[tuple[str, str], list[Any]] = {}

    @wrap(IAMBackend, "_init_aws_policies")
    def init_aws_policies(original: Any, self: Any) -> list[Any]:
        key = (self.account_id, self.region_name)
        if key not in parsed:
            parsed[key] = original(self)
        return [copy.copy(policy) for policy in parsed[key]]


def list_moto_modules_once() -> None:
    """Read the folder of moto's modules once, and not at every call."""
    from moto import backends

    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
