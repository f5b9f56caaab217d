"""The expiry date of a stack: set by `up --expires`, kept in the state, checked by `down --expired`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioner.config.facts import EXPIRES
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
"""What is wanted for longer has no end that anybody would wait for."""
LATEST = 32_503_680_000
"""The year 3000: no date that this tool has recorded is later."""


class NotExpired(ProvisionError):
    """A stack is not to be deleted for its date: it has none, or that is to come."""

    code = "not-expired"


def seconds(text: str) -> int | None:
    """Return the seconds that the option's value stands for; None if the stack is to have no date any more.

    Raises:
        ConfigurationError: it is neither a span nor `never`.
    """
    if text == NEVER:
        return None
    found = seconds_of(OPTION, text)
    if not 0 < found <= MOST_DAYS * 86400:
        raise ConfigurationError(f'{OPTION} {text!r}: write a span up to {MOST_DAYS}d, such as "8h", or "{NEVER}"')
    return found


def wanted(records: Mapping[str, Record], text: str | None, now: float) -> int | None:
    """Return until when the stack is wanted, in seconds since the epoch; None: it has no date.

    Args:
        text: the option's value; None: the state's date stays.
        now: the time of the target's clock.

    Raises:
        ConfigurationError: it is none.
    """
    if text is None:
        return recorded(records)
    span = seconds(text)
    return None if span is None else int(now) + span


def recorded(records: Mapping[str, Record]) -> int | None:
    """Return the date that the state keeps, in seconds since the epoch; None if there is none, or it makes no sense."""
    record = records.get(ADDRESS)
    until = record.arguments.get("until") if record else None
    return until if type(until) is int and 0 < until < LATEST else None


def records_of(records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the record of the date, by its address."""
    return {ADDRESS: records[ADDRESS]} if ADDRESS in records else {}


def dated(records: Mapping[str, Record], until: int | None) -> dict[str, Record]:
    """Return the records with that date, or without any."""
    others = {address: record for address, record in records.items() if address != ADDRESS}
    return others if until is None else {**others, ADDRESS: _record(until)}


def keep(store: Store, until: int | None) -> None:
    """Record the date durably, or that there is none any more."""
    if until == recorded(store.records):
        return
    if until is None:
        store.drop(ADDRESS)
    else:
        store.put(_record(until))


def _record(until: int) -> Record:
    return Record(ADDRESS, EXPIRES, "ready", "", arguments={"until": until}, step=STEP)


def check_unprotected(config: Config, protected: Collection[str]) -> None:
    """Refuse a date for a protected stack, which `down --expired` would leave for ever.

    Args:
        protected: the addresses of what is protected from deletion, by the state or in AWS.

    Raises:
        ConfigurationError: it is.
    """
    if config.protect:
        default = ', the default of env = "prod"' if config.env == "prod" else ""
        raise ConfigurationError(
            f"{OPTION}: {config.name} is protected (protect = true{default}), and what is protected does not end by "
            f"itself: leave the option out, or write protect = false and run `provision up` first"
        )
    if protected:
        verb = "is" if len(protected) == 1 else "are"
        raise ConfigurationError(
            f"{OPTION}: {names([*protected])} {verb} protected from deletion still, and what is protected does not end "
            f"by itself: leave the option out, or run `provision up` first, which turns the protection off"
        )


def check_over(records: Mapping[str, Record], now: float) -> None:
    """Refuse to delete a stack for its date unless that is over.

    Raises:
        NotExpired: with the reason.
    """
    if (until := recorded(records)) is None:
        raise NotExpired("it has no date")
    if until > now:
        raise NotExpired(f"it is wanted until {moment(until)}")


def notes(records: Mapping[str, Record], now: float) -> list[str]:
    """Say until when the stack is wanted, or that this is over, as the state says it."""
    until = recorded(records)
    return [] if until is None else [_told(until, now)]


def changed(records: Mapping[str, Record], until: int | None, text: str | None, now: float) -> list[str]:
    """Return a note on how a run keeps or changes the date.

    Args:
        records: as they are before.
        until: the date from then on.
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
    """Return the date for JSON: as ISO 8601 in UTC, null if there is none, and whether it is over."""
    shown = None if until is None else datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
    return {"expires": shown, "expired": until is not None and until <= now}


def moment(until: float) -> str:
    """Return a date for people: `2026-11-29 18:00 UTC`."""
    return datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
