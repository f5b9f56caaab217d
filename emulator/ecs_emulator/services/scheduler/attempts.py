"""Attempts to invoke a target: an invocation that fails is repeated as the schedule's RetryPolicy says, then dropped.

Sources: API reference, `RetryPolicy` (exponential backoff, until the maximum of attempts or of the event's age);
EventBridge user guide, "How EventBridge retries delivering events" (without permission, or without the target, nothing
is repeated). By analogy: the length of the waits, and that every other refusal by the target is repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException

from ecs_emulator.clock import CLOCK, later, passed
from ecs_emulator.patch import on_reset
from ecs_emulator.services.scheduler.schedules import NEVER, Schedule, Schedules, Shape

_LONGEST_WAIT = 300.0
_PERMANENT = ("AccessDenied", "UnauthorizedOperation", "AuthFailure", "NotFound", "DoesNotExist")
"""Parts of the codes of refusals that no repetition changes."""


@dataclass
class Attempt:
    """An invocation that is still to succeed, with the target as it was when the schedule was due.

    Attributes:
        began: when it was made first. made: how often. at: when it is made next.
    """

    kept: Schedules
    schedule: Schedule
    target: Shape
    began: float = field(default_factory=CLOCK.now)
    made: int = 0
    at: float = NEVER


_waiting: list[Attempt] = []
_dropped: Counter[tuple[str, str, str, int]] = Counter()
"""By account, Region, schedule group and minute."""


def due() -> list[Attempt]:
    """Return the attempts to repeat now, and forget them."""
    found = [one for one in _waiting if passed(one.at)]
    _waiting[:] = [one for one in _waiting if one not in found]
    return found


def permanent(error: Exception) -> bool:
    """Return whether no repetition can succeed: a lack of permission, a target that is gone, an input that misfits."""
    if isinstance(error, ClientError):
        return any(part in error.response["Error"]["Code"] for part in _PERMANENT)
    if isinstance(error, ServiceException):
        return any(part in error.code for part in _PERMANENT)
    return isinstance(error, ValueError | PermissionError)


def fail(attempt: Attempt, error: Exception) -> None:
    """Plan the repetition of an attempt that has failed; drop it if there is none."""
    policy = attempt.target["RetryPolicy"]
    attempt.made += 1
    wait = min(2.0 ** (attempt.made - 1), _LONGEST_WAIT)
    too_late = CLOCK.now() + wait > attempt.began + int(policy["MaximumEventAgeInSeconds"])
    if permanent(error) or too_late or attempt.made > int(policy["MaximumRetryAttempts"]):
        kept = attempt.kept
        _dropped[kept.account, kept.region, attempt.schedule.group, int(CLOCK.time()) // 60] += 1
        return
    attempt.at = later(wait)
    _waiting.append(attempt)


def dropped(account: str, region: str, group: str, minutes: Iterable[int]) -> list[float]:
    """Return the numbers of dropped invocations of a group in these minutes, without minutes that have none."""
    counts = ((account, region, group, minute) for minute in minutes)
    return [float(_dropped[one]) for one in counts if _dropped[one]]


@on_reset
def forget() -> None:
    """Drop all attempts and counts."""
    _waiting.clear()
    _dropped.clear()
