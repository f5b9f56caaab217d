"""Parse what moto would parse again and again once: botocore's data files, and IAM's 1,600 managed policies."""

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


def remember_attribute_names() -> None:
    """Keep under which names moto looks for a member of a shape in an object of a class: half the time of a list."""
    from moto.core.serialize import MISSING, AttributePicker, get_value

    @wrap(AttributePicker, "__call__")
    def pick(original: Any, self: Any, context: Any) -> Any:
        known: dict[tuple[type, str], list[str]] = context.shape.__dict__.setdefault("_names_by_class", {})
        kind = (type(context.obj), context.key)
        if kind not in known:
            known[kind] = list(dict.fromkeys(self.get_possible_keys(context)))
        found = (get_value(context.obj, name, MISSING) for name in known[kind])
        value = next((value for value in found if value is not MISSING), None)
        path = f"{context.key_path}.{context.key}"
        for ending, transform in self.response_transformers.items():
            if path.endswith(ending):
                return transform(value)
        return value
