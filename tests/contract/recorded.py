"""The recorded answers of AWS in `facts/`: one a line, with its source, its date, and its reliability."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from dateutil.parser import parse

FACTS = Path(__file__).parent / "facts"
REPLACED = datetime(2025, 1, 1, tzinfo=UTC)
"""The replacement of a date that was removed."""
PROOFS = ("recorded", "snapshot")
"""Tiers that prove AWS's answers; the others show only possible answers."""


@dataclass(frozen=True)
class Recorded:
    """An answer of AWS.

    Attributes:
        service: boto3's name of it.
        tier: `recorded` (as it was), `snapshot` (ids and dates replaced), `edited` or `documentation`.
        date: of the last change of the file that it is from, `YYYY-MM-DD`.
    """

    service: str
    operation: str
    source: str
    tier: str
    date: str
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the answer in tests."""
        return f"{self.service}.{self.operation}: {self.source}"

    def proves(self, since: str = "") -> bool:
        """Return whether it is a real answer, and not older than a date."""
        return self.tier in PROOFS and self.date >= since


@dataclass(frozen=True)
class Refused:
    """A refusal of AWS."""

    service: str
    operation: str
    source: str
    date: str
    status: int
    code: str
    message: str


@cache
def answers() -> tuple[Recorded, ...]:
    """Return all recorded answers, service by service."""
    found = []
    for file in sorted(FACTS.glob("*.jsonl")):
        if file.stem != "refusals":
            lines = map(json.loads, file.read_text().splitlines())
            found += [Recorded(file.stem, **line) for line in lines]
    return tuple(found)


@cache
def refusals() -> tuple[Refused, ...]:
    """Return all recorded refusals."""
    lines = map(json.loads, (FACTS / "refusals.jsonl").read_text().splitlines())
    return tuple(
        Refused(
            line["service"],
            line["operation"],
            line["source"],
            line["date"],
            line["status"],
            line["error"]["Code"],
            line["error"].get("Message", ""),
        )
        for line in lines
    )


def of(service: str, operation: str) -> list[Recorded]:
    """Return the recorded answers of an operation."""
    return [one for one in answers() if (one.service, one.operation) == (service, operation)]


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def operation_model(service: str, operation: str) -> OperationModel:
    """Return botocore's model of an operation."""
    return service_model(service).operation_model(operation)


def typed(value: Any, shape: Shape | None) -> Any:
    """Return a recorded value with boto3's types: dates are dates, and members unknown to the model are left out."""
    match shape:
        case StructureShape():
            # examples in documents have texts where the model has structures and lists
            members = value if isinstance(value, dict) else {}
            return {key: typed(item, shape.members[key]) for key, item in members.items() if key in shape.members}
        case ListShape():
            return [typed(item, shape.member) for item in value] if isinstance(value, list) else []
        case MapShape() if isinstance(value, dict):
            return {key: typed(item, shape.value) for key, item in value.items()}
        case Shape(type_name="timestamp"):
            return _moment(str(value))
        case Shape(type_name="string") if isinstance(value, dict):
            # IAM sends a policy as text in the form of a URL's, and botocore reads it
            return quote(json.dumps(value))
        case _:
            return value


@cache
def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d{9,10}(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    # a snapshot has a placeholder in place of each date
    moment: datetime = parse(text) if text[:4].isdigit() else REPLACED
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
