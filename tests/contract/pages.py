"""Compare the pages in a log of calls with the pages that the embedded cloud would have sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ecs_emulator.paging import Listing, listings
from ecs_emulator.patch import ServiceError
from tests.contract import calls


def differences(log: Path) -> Iterator[str]:
    """Yield each kind of page that the embedded cloud would have made larger or smaller, once."""
    said: dict[str, None] = {}
    of_service = cache(listings)
    for call in calls.calls(log):
        listing = of_service(call["service"]).get(call["operation"])
        answer = calls.answer_of(call)
        if listing and isinstance(answer, dict) and (text := _difference(listing, call, answer)):
            said[f"{calls.name_of(call)}: {text}"] = None
    yield from said


def _difference(listing: Listing, call: dict[str, Any], answer: dict[str, Any]) -> str:
    asked = (call.get("parameters") or {}).get(listing.limit)
    try:
        size = listing.size(asked)
    except ServiceError:
        return f"a page size of {asked} is taken, and the embedded cloud refuses it"
    held = max(len(answer.get(key) or ()) for key in listing.keys)
    said = f"a page{f' of {asked}' if asked else ''} holds {held}, and the embedded cloud would give {size}"
    more = answer.get(listing.next_token)
    if held > size or (more and held < size and not listing.may_hold_less):
        return said
    return ""
