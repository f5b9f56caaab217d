"""Find the function for an ECS request: each is registered under the operation's name."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse

from ecs_emulator.ecs.records import Shape
from ecs_emulator.ecs.store import Store, store
from ecs_emulator.own_services import answer
from ecs_emulator.paging import Listing, listings
from ecs_emulator.patch import refuse
from ecs_emulator.rules import limits, offered
from ecs_emulator.rules.characters import good_tag
from ecs_emulator.services.ecs import texts

Operation = Callable[[Store, Shape], Shape]

_operations: dict[str, Operation] = {}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def operation(function: Operation) -> Operation:
    """Register a function as the ECS operation with its (snake_case) name."""
    _operations[function.__name__] = function
    return function


class EcsResponse(BaseResponse):
    """The responses of ECS in moto: parse by botocore's model, call our operation, serialise by the model."""

    def __init__(self) -> None:
        super().__init__(service_name="ecs")
        self.automated_parameter_parsing = True

    def call_action(self) -> TYPE_RESPONSE:
        """Answer a request. Raises NotImplementedError for an operation that is missing here."""
        action = self._get_action()
        function = _operations.get(_WORD.sub("_", action).lower())
        if function is None:
            raise NotImplementedError(f"ecs {action}")
        request = {name: value for name, value in self.params.items() if value is not None}

        def run() -> Shape:
            check_tags(request)
            limits.check_lists("ecs", action, request)
            if words := offered.words("ecs", action, request):
                refuse("InvalidParameterException", words)
            return function(store(self.current_account, self.region), request)

        return answer(self, run, request, _listings().get(action))


@functools.cache
def _listings() -> dict[str, Listing]:
    return listings("ecs")


def check_tags(request: Shape) -> None:
    """Refuse more than 50 tags, and tags with forbidden characters (API reference, `tags` of operations, `Tag`)."""
    tags = request.get("tags")
    if isinstance(tags, list) and len(tags) > 50:
        refuse("InvalidParameterException", texts.TOO_MANY_TAGS)
    for tag in tags if isinstance(tags, list) else ():
        if not (good_tag(tag.get("key") or "") and good_tag(tag.get("value") or "")):
            refuse("InvalidParameterException", f"Tag {tag.get('key')} has a character that is not allowed.")


def at_most(request: Shape, name: str, most: int) -> None:
    """Refuse a list of more than `most` entries with InvalidParameterException."""
    if len(request.get(name) or []) > most:
        refuse("InvalidParameterException", f"{name[0].upper()}{name[1:]} cannot be more than {most}.")


def check_name(what: str, name: str) -> None:
    """Refuse a name that is not up to 255 letters, digits, underscores and hyphens."""
    if len(name) > 255:
        refuse("InvalidParameterException", f"{what} name is longer than 255 characters.")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        refuse("InvalidParameterException", f"{what} name contains invalid characters.")


def required(request: Shape, name: str) -> Any:
    """Return a parameter; refuse an empty one with ClientException."""
    value = request.get(name)
    if value in (None, "", []):
        refuse("ClientException", f"{name[0].upper()}{name[1:]} cannot be empty.")
    return value
