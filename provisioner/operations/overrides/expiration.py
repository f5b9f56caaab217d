"""The expiry date of a stack: set by `up --expires`, kept in the state, checked by `down --expired`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioner.config.production import is_production
from provisioner.config.records import EXPIRES
from provisioner.config.time_spans import seconds_of
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.words import names
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.store import Store

OPTION, NEVER = "--expires", "never"
ADDRESS = f"{EXPIRES}/main"
STEP = "services"
MOST_DAYS = 365
"""The longest span that the option accepts."""
LATEST = 32_503_680_000
"""The year 3000: this tool records no later date."""


class NotExpired(ProvisionError):
    """The refusal to delete a stack as expired: it has no date, or the date is in the future."""

    code = "not-expired"


def seconds(text: str) -> int | None:
    """Return the option's value in seconds; None for `never`, which removes the date.

    Raises:
        ConfigurationError: the value is neither a span nor `never`.
    """
    if text == NEVER:
        return None
    found = seconds_of(OPTION, text)
    if not 0 < found <= MOST_DAYS * 86400:
        raise ConfigurationError(f'{OPTION} {text!r}: write a span up to {MOST_DAYS}d, such as "8h", or "{NEVER}"')
    return found


def wanted(records: Mapping[str, Record], text: str | None, now: float) -> int | None:
    """Return the stack's new date, in seconds since the epoch; None: it has no date.

    Args:
        text: the option's value; None: the state's date stays.
        now: the time of the target's clock.

    Raises:
        ConfigurationError: the option's value is invalid.
    """
    if text is None:
        return recorded(records)
    span = seconds(text)
    return None if span is None else int(now) + span


def recorded(records: Mapping[str, Record]) -> int | None:
    """Return the date in the state, in seconds since the epoch; None if there is none, or it is invalid."""
    record = records.get(ADDRESS)
    until = record.arguments.get("until") if record else None
    return until if type(until) is int and 0 < until < LATEST else None


def records_of(records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the record of the date by its address; empty without a date."""
    return {ADDRESS: records[ADDRESS]} if ADDRESS in records else {}


def dated(records: Mapping[str, Record], until: int | None) -> dict[str, Record]:
    """Return the records with this date; without a date for None."""
    others = {address: record for address, record in records.items() if address != ADDRESS}
    return others if until is None else {**others, ADDRESS: _record(until)}


def keep(store: Store, until: int | None) -> None:
    """Record the date, or remove its record for None."""
    if until == recorded(store.records):
        return
    if until is None:
        store.drop(ADDRESS)
    else:
        store.put(_record(until))


def _record(until: int) -> Record:
    return Record(ADDRESS, EXPIRES, "ready", "", arguments={"until": until}, step=STEP)


def check_unprotected(config: Config, protected: Collection[str]) -> None:
    """Refuse a date for a protected stack: `down --expired` would never delete it.

    Args:
        protected: what is protected from deletion, by the state or in AWS: `STACK`, or the addresses of resources.

    Raises:
        ConfigurationError: the stack or one of its resources is protected.
    """
    if config.protect:
        default = f', the default of env = "{config.env}"' if is_production(config.env) else ""
        raise ConfigurationError(
            f"{OPTION}: {config.name} is protected (protect = true{default}), and a protected stack does not end by "
            f"itself: leave the option out, or write protect = false and run `provision up` first"
        )
    if protected:
        verb = "is" if len(protected) == 1 else "are"
        raise ConfigurationError(
            f"{OPTION}: {names([*protected])} {verb} protected from deletion still, and a protected stack does not end "
            f"by itself: leave the option out, or run `provision up` first, which turns the protection off"
        )


def check_over(records: Mapping[str, Record], now: float) -> None:
    """Refuse to delete a stack as expired before its date.

    Raises:
        NotExpired: it has no date, or the date is in the future.
    """
    if (until := recorded(records)) is None:
        raise NotExpired("it has no date")
    if until > now:
        raise NotExpired(f"it is wanted until {moment(until)}")


def notes(records: Mapping[str, Record], now: float) -> list[str]:
    """Return a line on the recorded date, or that it is past; none without a date."""
    until = recorded(records)
    return [] if until is None else [_told(until, now)]


def changed(records: Mapping[str, Record], until: int | None, text: str | None, now: float) -> list[str]:
    """Return a note on how a run keeps or changes the date.

    Args:
        records: the records before the run.
        until: the date after the run.
        text: the option's value, if it was given.
    """
    before = recorded(records)
    if text is None:
        return [] if until is None else [f"{_told(until, now)}; `up` keeps that date, and {OPTION} extends it"]
    if until is None:
        return [] if before is None else [f"the stack has no date any more: it was wanted until {moment(before)}"]
    instead = f" instead of {moment(before)}" if before not in (None, until) else ""
    return [f"the stack is wanted until {moment(until)}{instead}: `provision down --expired` deletes it after that"]


def _told(until: int, now: float) -> str:
    if until > now:
        return f"the stack is wanted until {moment(until)}"
    return f"the stack expired at {moment(until)}: `down --expired` deletes it"


def document(until: int | None, now: float) -> dict[str, object]:
    """Return the date for JSON: as ISO 8601 in UTC, null without a date, and whether it is past."""
    shown = None if until is None else datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
    return {"expires": shown, "expired": until is not None and until <= now}


def moment(until: float) -> str:
    """Return a date as text: `2026-11-29 18:00 UTC`."""
    return datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
