"""Parameter Store: names that stay reserved after a delete, AWS's public parameters, and sizes."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from typing import Any

from moto.core.utils import utcnow
from moto.ssm.models import Parameter, ParameterDict, SimpleSystemManagerBackend

from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services import texts as services_texts
from ecs_emulator.services.ssm import texts

# "Requirements and constraints for parameter names" of the Systems Manager guide.
_NAME = re.compile(r"[a-zA-Z0-9_.-]+|(/[a-zA-Z0-9_.-]+)+")
_REST = 30.0
_STANDARD_SIZE, _ADVANCED_SIZE = 4096, 8192
_HEAD, _SEAL_BYTES = bytes.fromhex("0102020078"), 120
"""The first bytes of a ciphertext of KMS with a symmetric key, and the number of bytes that are added."""


def _resting(ssm: Any) -> dict[str, float]:
    names: dict[str, float] = ssm.__dict__.setdefault("resting_names", {})
    return names


@wrap(SimpleSystemManagerBackend, "put_parameter")
def put_parameter(original: Any, self: Any, name: str, description: str, value: str, *args: Any, **kwargs: Any) -> Any:
    """PutParameter: refuse over 4 KB (advanced: 8 KB), and the name of a just deleted parameter.

    The API reference of DeleteParameter asks to wait at least 30 seconds before a parameter of the same name is
    created, and does not say what happens otherwise. Here the name still exists, as in an index that lags behind.
    """
    _check_name(name)
    pattern = kwargs.get("allowed_pattern", args[1] if len(args) > 1 else None)
    if pattern and not re.search(pattern, value):
        refuse(
            "ParameterPatternMismatchException",
            f"Parameter value, cannot be validated against allowedPattern: {pattern}",
        )
    tier, overwrite = kwargs.get("tier"), kwargs.get("overwrite", args[3] if len(args) > 3 else False)
    if tier in (None, "Standard") and len((value or "").encode()) > _STANDARD_SIZE:
        refuse(
            "ValidationException",
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger "
            "parameter value, upgrade the parameter to use the advanced-parameter tier.",
        )
    if len((value or "").encode()) > _ADVANCED_SIZE:
        refuse(
            "ValidationException",
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        )
    _check_tier(self, name, tier)
    if not overwrite and not passed(_resting(self).get(self._parameters.normalize_name(name), 0)):
        refuse(
            "ParameterAlreadyExists",
            texts.PARAMETER_EXISTS,
        )
    return original(self, name, description, value, *args, **kwargs)


def _check_tier(ssm: Any, name: str, tier: str | None) -> None:
    """Refuse a change from advanced to standard (Systems Manager guide, tiers; go-to-k/cdk-real-drift#408)."""
    # `get`, since a look-up by index makes moto add an entry, which it then lists as a parameter
    there = ssm._parameters.get(ssm._parameters.normalize_name(name))
    if tier == "Standard" and there and there[-1].tier == "Advanced":
        refuse(
            "ValidationException",
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
            "parameter and recreate it as a standard parameter.",
        )


def _check_name(name: str) -> None:
    """Refuse names other than letters, digits and .-_ between slashes, and more than 15 levels."""
    if not _NAME.fullmatch(name):
        refuse(
            "ValidationException",
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_",
        )
    if name.count("/") > 15:
        refuse(
            "HierarchyLevelLimitExceededException",
            "A hierarchy can have a maximum of 15 levels. Use fewer levels in the parameter name.",
        )


@wrap(SimpleSystemManagerBackend, "add_tags_to_resource")
def add_tags_to_resource(original: Any, self: Any, resource_type: str, resource_id: str, tags: dict[str, str]) -> None:
    """AddTagsToResource: refuse more than 50 tags."""
    if len({*self.list_tags_for_resource(resource_type, resource_id), *tags}) > 50:
        refuse("TooManyTagsError", services_texts.TOO_MANY_TAGS)
    original(self, resource_type, resource_id, tags)


@wrap(SimpleSystemManagerBackend, "delete_parameter")
def delete_parameter(original: Any, self: Any, name: str) -> None:
    """DeleteParameter: reserve the name for 30 seconds."""
    original(self, name)
    _resting(self)[self._parameters.normalize_name(name)] = later(_REST)


@wrap(SimpleSystemManagerBackend, "delete_parameters")
def delete_parameters(original: Any, self: Any, names: list[str]) -> list[str]:
    """DeleteParameters: reserve each name for 30 seconds."""
    deleted: list[str] = original(self, names)
    for name in deleted:
        _resting(self)[self._parameters.normalize_name(name)] = later(_REST)
    return deleted


@wrap(SimpleSystemManagerBackend, "describe_parameters")
def describe_parameters(original: Any, self: Any, filters: Any, parameter_filters: Any) -> list[Any]:
    """DescribeParameters: return the account's own; AWS's public parameters are found by name only."""
    everything, own = self._parameters, ParameterDict(self.account_id, self.region_name)
    own.update({name: versions for name, versions in everything.items() if not name.startswith("/aws/service/")})
    # there are hundreds of public parameters, and moto would compare each with the filters
    self._parameters = own
    try:
        found: list[Any] = original(self, filters, parameter_filters)
    finally:
        self._parameters = everything
    return found


@wrap(ParameterDict, "_load_tree_parameters")
def load_tree_parameters(original: Any, self: Any, path: str) -> None:
    """Load public parameters, structures as JSON (ECS guide, "Retrieving Amazon ECS-optimized Linux AMI metadata").

    There are hundreds of them: they are read once, and each further account gets copies.
    """
    key = (self.account_id, self.region_name, path)
    if key not in _public:
        read = ParameterDict(self.account_id, self.region_name)
        original(read, path)
        _public[key] = [parameter for versions in read.values() for parameter in versions]
        for parameter in _public[key]:
            if isinstance(parameter.value, dict):
                parameter.value = json.dumps(parameter.value, separators=(",", ":"))
    moment = utcnow()
    for parameter in _public[key]:
        own = copy.copy(parameter)
        own.last_modified_date = moment
        self.setdefault(own.name, []).append(own)


_public: dict[tuple[str, str, str], list[Any]] = {}


@wrap(Parameter, "describe_response_object")
def describe_parameter(original: Any, self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """DescribeParameters: show the user of the last change by ARN, and policies even if there are none."""
    user = f"arn:aws:iam::{self.account_id}:user/moto"
    return {"Policies": [], **original(self, *args, **kwargs), "LastModifiedUser": user}


@wrap(Parameter, "response_object")
def response_object(original: Any, self: Any, decrypt: bool = False, region: str | None = None) -> dict[str, Any]:
    """GetParameter: show a SecureString without decryption as ciphertext of KMS, in base64."""
    found: dict[str, Any] = original(self, decrypt, region)
    if self.parameter_type == "SecureString" and not decrypt:
        seed = f"{self.account_id} {self.name} {self.version} {self.value}".encode()
        sealed = hashlib.shake_256(seed).digest(_SEAL_BYTES + len(self.value))
        found["Value"] = base64.b64encode(_HEAD + sealed).decode()
    return found
