"""The data that is lost with deleted resources, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import type_named

if TYPE_CHECKING:
    from provisioner.state.model import Record


@dataclass(frozen=True)
class Loss:
    """Lost data in words, the resources that held it, and its amount if known."""

    what: str
    addresses: Sequence[str]
    amount: str = ""


def data_of(record: Record) -> str:
    """Return the data that goes with a recorded resource, in words; empty if none does."""
    resource_type = type_named(record.type) or Resource
    none = resource_type.retained or resource_type.created_by_aws
    return "" if none else resource_type.data(record.arguments)


def losses(records: Iterable[Record]) -> list[Loss]:
    """Return the data that goes with the recorded resources: nothing brings it back."""
    found: dict[str, list[str]] = {}
    for record in records:
        if words := data_of(record):
            found.setdefault(words, []).append(record.address)
    return [Loss(words, tuple(addresses)) for words, addresses in found.items()]
