"""The recorded answers of AWS in `facts/`: one a line, with where it is from, when, and how far it can be trusted."""

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
"""What stands for a date that was taken out."""
PROOFS = ("recorded", "snapshot")
"""Tiers that prove what AWS answers; the others only what a client may meet."""


@dataclass(frozen=True)
class Recorded:
    """An answer of AWS.

    Attributes:
        service: as boto3 calls it.
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
        """How a test calls it."""
        return f"{self.service}.{self.operation}: {self.source}"

    def proves(self, since: str = "") -> bool:
        """Whether it is a real answer, and not older than a date."""
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
    """All recorded answers, service by service."""
    found = []
    for file in sorted(FACTS.glob("*.jsonl")):
        if file.stem != "refusals":
            lines = map(json.loads, file.read_text().splitlines())
            found += [Recorded(file.stem, **line) for line in lines]
    return tuple(found)


@cache
def refusals() -> tuple[Refused, ...]:
    """All recorded refusals."""
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
    """The recorded answers of an operation."""
    return [one for one in answers() if (one.service, one.operation) == (service, operation)]


@cache
def service_model(service: str) -> ServiceModel:
    """What botocore knows of a service."""
    return botocore.session.get_session().get_service_model(service)


def operation_model(service: str, operation: str) -> OperationModel:
    """What botocore knows of an operation."""
    return service_model(service).operation_model(operation)


def typed(value: Any, shape: Shape | None) -> Any:
    """Return a recorded value as boto3 hands it out: dates are dates, what the model does not know is left out."""
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
    # a snapshot says of a date only that it is one
    moment: datetime = parse(text) if text[:4].isdigit() else REPLACED
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
