"""The guest book: what may be written into it, and how it lies in the database."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CHAR, Column, Connection, DateTime, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

NAME_LIMIT, TEXT_LIMIT = 40, 500
"""In characters."""
SHOWN = 50
"""How many entries are listed: the newest."""

ENTRIES = Table(
    "guestbook_entries",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("token", CHAR(36), nullable=False, unique=True),
    Column("name", String(NAME_LIMIT), nullable=False),
    Column("text", String(TEXT_LIMIT), nullable=False),
    Column("written", DateTime, nullable=False),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
)


class InvalidEntry(Exception):
    """An entry that is refused: by field, a sentence for the person who wrote it."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("The entry is not valid.")
        self.fields = dict(fields)


class TokenUsed(Exception):
    """A token that has come already, with another entry."""


@dataclass(frozen=True)
class Draft:
    """A valid entry that is to be stored. The token, a UUID, comes again when the same entry is sent again."""

    token: str
    name: str
    text: str


def draft(data: object) -> Draft:
    """Check and tidy what came as JSON: `{"token": …, "name": …, "text": …}`.

    Raises:
        InvalidEntry: if anything is missing, of another type, too long or not printable.
    """
    given: Mapping[str, Any] = data if isinstance(data, dict) else {}
    problems: dict[str, str] = {}
    name = _line(given.get("name"), "name", NAME_LIMIT, problems)
    text = _line(given.get("text"), "text", TEXT_LIMIT, problems, breaks=True)
    token = given.get("token")
    if not isinstance(token, str) or not _is_uuid(token):
        problems["token"] = "The token is not a UUID."  # noqa: S105 (no password)
    if problems:
        raise InvalidEntry(problems)
    return Draft(str(token), name, text)


def _line(value: object, field: str, limit: int, problems: dict[str, str], *, breaks: bool = False) -> str:
    if not isinstance(value, str) or not value.strip():
        problems[field] = f"Please write a {field}."
        return ""
    # Browsers send line breaks as two characters, but count them as one.
    tidy = unicodedata.normalize("NFC", value.replace("\r\n", "\n").strip())
    printable = tidy.replace("\n", "") if breaks else tidy
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in printable):
        problems[field] = f"The {field} has characters that cannot be shown."
    elif len(tidy) > limit:
        problems[field] = f"The {field} has {len(tidy)} characters: {limit} is the most."
    return tidy


def _is_uuid(token: str) -> bool:
    try:
        return str(uuid.UUID(token)) == token
    except ValueError:
        return False


def create_schema(connection: Connection) -> None:
    """Create the table unless it is there; one statement, so that two tasks that start together do no harm."""
    connection.execute(CreateTable(ENTRIES, if_not_exists=True))


def add(connection: Connection, entry: Draft) -> bool:
    """Store an entry.

    Returns:
        Whether it is new; an entry that comes again, since its answer was lost, is stored once.

    Raises:
        TokenUsed: if its token came with another entry before.
    """
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    row = {"token": entry.token, "name": entry.name, "text": entry.text, "written": now}
    try:
        with connection.begin_nested():
            connection.execute(insert(ENTRIES).values(row))
    except IntegrityError:
        same = select(ENTRIES.c.name, ENTRIES.c.text).where(ENTRIES.c.token == entry.token)
        if tuple(connection.execute(same).one()) != (entry.name, entry.text):
            raise TokenUsed from None
        return False
    return True


def newest(connection: Connection) -> list[dict[str, str]]:
    """Return the newest entries, newest first; times are UTC in ISO 8601."""
    rows = connection.execute(select(ENTRIES).order_by(ENTRIES.c.number.desc()).limit(SHOWN))
    return [{"name": row.name, "text": row.text, "written": f"{row.written.isoformat()}Z"} for row in rows]
