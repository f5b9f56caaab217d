"""What stands behind one type: its handlers, made of calls to the type's own API, and what they have in common."""

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
        create: makes what a model says and returns its identifier.
        read: returns the model of an identifier, a property that is not set left out or None; None if there is none.
        update: changes a resource from one model to another.
        delete: removes a resource, which has this model.
        list: returns all identifiers.
        named: returns the identifier that a resource of this model would have; empty where AWS chooses it, or where a
            second one of the name is refused by the service itself.
    """

    create: Callable[[Api, Model], str]
    read: Callable[[Api, str], Model | None]
    update: Callable[[Api, str, Model, Model], None]
    delete: Callable[[Api, str, Model], object]
    list: Callable[[Api], Iterable[str]]
    named: Callable[[Api, Model], str] = lambda api, model: ""


def unless_gone(call: Callable[[], Any]) -> Any:
    """Return what a read answers; None if it says that there is nothing."""
    try:
        return call()
    except ClientError as error:
        if handler_error(error)[0] == "NotFound" or error.response["Error"]["Code"] == "404":
            return None
        raise


def new_name(model: Model, name: str) -> str:
    """Return the name that a model has, or one that is made up (CloudFormation user guide, name type)."""
    return str(model.get(name) or f"cc-{secrets.token_hex(8)}")


def some(model: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return those of these properties that a model has."""
    return {name: model[name] for name in names if model.get(name) is not None}


def changed(before: Model, after: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return those of these properties that a model has otherwise than the one before."""
    return {name: value for name, value in some(after, names).items() if value != before.get(name)}


def text(value: Any) -> str:
    """Return a document as text, whether it is text already or not."""
    return value if isinstance(value, str) else json.dumps(value)


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as a list of pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: Any) -> dict[str, str]:
    """Return tags by key, whether they are pairs or that already."""
    return dict(tags) if isinstance(tags, Mapping) else {one["Key"]: one["Value"] for one in tags or ()}


def retag(
    before: Model, after: Model, put: Callable[[dict[str, str]], object], drop: Callable[[list[str]], object]
) -> None:
    """Put on the tags that are new or otherwise, and take off those that are no more."""
    old, new = tag_map(before.get("Tags")), tag_map(after.get("Tags"))
    if more := {key: value for key, value in new.items() if old.get(key) != value}:
        put(more)
    if less := [key for key in old if key not in new]:
        drop(less)
