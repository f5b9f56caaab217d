"""Serve the clock's clients: each one tells over its own connection whether it computes or waits, and until when.

A line is a JSON object. The client sends `{"n": 7, "until": 12.5, "works": false}` to wait (`until` is null if it does
not wait for a moment), and `{"n": 8}` to go on. The answer comes when the moment has come, or at once to go on:
`{"n": 7, "now": 12.5, "pace": 0}`, where `pace` is how many seconds pass in a real one while the client computes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, get_args

from ecs_emulator import faults
from ecs_emulator.clock import CLOCK, Mode, round_trip
from ecs_emulator.durations import TOOK
from ecs_emulator.errors import Answer
from ecs_emulator.operation_durations import OperationDurations

_MOST = 366 * 86400.0


def serve(rfile: Any, wfile: Any) -> None:
    """Serve one client until it hangs up or ends."""

    def say(line: dict[str, Any]) -> None:
        try:
            wfile.write(json.dumps(line).encode() + b"\n")
            wfile.flush()
        except (OSError, ValueError):
            pass  # the client has ended; reading its connection ends in a moment too

    say(shown())
    client = CLOCK.join(lambda number, now, pace: say({"n": number, "now": now, "pace": pace}))
    try:
        for line in rfile:
            message = json.loads(line)
            waits, until = "until" in message, message.get("until")
            CLOCK.update(client, message["n"], waits=waits, until=until, works=bool(message.get("works")))
    except (OSError, ValueError, KeyError):
        pass
    finally:
        CLOCK.leave(client)


def shown() -> dict[str, Any]:
    """Return the clock's time and the rules by which it moves."""
    mode = f"real:{CLOCK.pace:g}" if CLOCK.mode == "real" else CLOCK.mode
    return {
        "clock": mode,
        "durations": CLOCK.durations.choice,
        "now": CLOCK.now(),
        "epoch": CLOCK.epoch,
        "held": CLOCK.held(),
        "round_trip": 0.0 if CLOCK.mode == "real" else round_trip(),
    }


def set_clock(query: Mapping[str, str]) -> None:
    """Change how the clock moves from now on: `mode`, `idle`, and `hold` in seconds; and `durations`.

    Raises:
        ValueError: there is no such mode or choice, or a number makes no sense.
    """
    durations = OperationDurations(query["durations"]) if "durations" in query else CLOCK.durations
    if query.keys() - {"durations"}:
        _set_mode(query)
    CLOCK.durations = durations


def _set_mode(query: Mapping[str, str]) -> None:
    mode, _, factor = query.get("mode", CLOCK.mode).partition(":")
    pace, idle = seconds(factor or "1"), seconds(query.get("idle", "1"))
    hold = seconds(query["hold"]) if "hold" in query else math.inf
    if mode not in get_args(Mode) or (factor and mode != "real") or not pace:
        raise ValueError(f"no such clock: {query.get('mode')!r}: choose virtual, frozen, real or real:FACTOR")
    CLOCK.set_mode(mode, pace, idle, hold)  # type: ignore[arg-type]


def seconds(text: str) -> float:
    """Return the number of seconds in a text.

    Raises:
        ValueError: it is no number, or negative, or more than a year.
    """
    number = float(text)
    if not (math.isfinite(number) and 0 <= number <= _MOST):
        raise ValueError(f"{text!r} is not a number of seconds from 0 to {_MOST:.0f}")
    return number


def slowed(answer: Answer) -> Answer:
    """Return an answer with a header that states its extra seconds."""
    status, headers, content = answer
    return status, [*headers, (TOOK, str(faults.SLOW_SECONDS))], content
