"""The handlers of a type: calls to the type's own API, and functions that all types share."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ecs_emulator.cloudcontrol.on_behalf import Api
from ecs_emulator.cloudcontrol.requests import handler_error
from ecs_emulator.cloudcontrol.schemas import Model


@dataclass(frozen=True)
class Handlers:
    """The handlers of a type.

    Attributes:
        create: creates a resource from a model and returns its identifier.
        read: returns the model of an identifier; None if there is no resource. Properties without a value are missing
            or None.
        update: changes a resource from one model to another.
        delete: deletes the resource with this identifier and model.
        list: returns all identifiers.
        named: returns the identifier that a resource of this model would have, to find an existing one; empty where AWS
            chooses it, or where the service itself refuses a second resource of the same name.
    """

    create: Callable[[Api, Model], str]
    read: Callable[[Api, str], Model | None]
    update: Callable[[Api, str, Model, Model], None]
    delete: Callable[[Api, str, Model], object]
    list: Callable[[Api], Iterable[str]]
    named: Callable[[Api, Model], str] = lambda api, model: ""


def unless_gone(call: Callable[[], Any]) -> Any:
    """Return the answer of a read; None if the resource does not exist."""
    try:
        return call()
    except ClientError as error:
        if handler_error(error)[0] == "NotFound" or error.response["Error"]["Code"] == "404":
            return None
        raise


def new_name(model: Model, name: str) -> str:
    """Return the model's name, or a generated one (CloudFormation user guide, name type)."""
    return str(model.get(name) or f"cc-{secrets.token_hex(8)}")


def some(model: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return the named properties that a model has."""
    return {name: model[name] for name in names if model.get(name) is not None}


def changed(before: Model, after: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return the named properties whose value in `after` differs from `before`; a removed property is left out."""
    return {name: value for name, value in some(after, names).items() if value != before.get(name)}


def text(value: Any) -> str:
    """Return a document as text: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as a list of pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: Any) -> dict[str, str]:
    """Return tags by key, from a list of pairs or from a mapping."""
    return dict(tags) if isinstance(tags, Mapping) else {one["Key"]: one["Value"] for one in tags or ()}


def retag(
    before: Model, after: Model, put: Callable[[dict[str, str]], object], drop: Callable[[list[str]], object]
) -> None:
    """Add new and changed tags, and remove tags that `after` does not have."""
    old, new = tag_map(before.get("Tags")), tag_map(after.get("Tags"))
    if more := {key: value for key, value in new.items() if old.get(key) != value}:
        put(more)
    if less := [key for key in old if key not in new]:
        drop(less)
