"""Fault injection: named scenarios of failing calls, and the rules by which they meet calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator import alarms, rates
from ecs_emulator.clock import later, now, passed
from ecs_emulator.refusals import REFUSALS
from ecs_emulator.services.apis import SIGNED
from ecs_emulator.services.model import Codes, Refusal

SCENARIOS = {
    "throttle": "the service throttles, with its own code",
    "rate-limits": "the service throttles beyond AWS's documented rates",
    "server-error": "the service fails: HTTP 500, or 503 on every second call",
    "reset": "the connection is reset before the call takes effect",
    "lost": "the call takes effect, then the connection is reset and the response is lost",
    "slow": "the response takes 30 s",
    "lag": "reads lag 5 s behind writes: new resources are not listed yet, deleted ones still are",
    "refusals": "transient errors of some seconds: not propagated yet, in use, busy",
    "operations-fail": "asynchronous operations fail: Cloud Map operations, ECS updates, an instance refresh",
    "denied": "access is denied, with the service's own code",
    "expired": "the caller's credentials have expired",
    "region-policy": "a service control policy denies everything in us-east-1 except the global services",
    "task-fails": "every container exits at once",
    "spot-short": "Fargate Spot is short: its tasks cannot be placed",
    "late-logs": "log events are found up to 20 s after they were taken, later of one stream than of another",
    "breaker-shifts": "the circuit breaker also ends deployments that shift traffic",
    "reconcile-late": "the weights of listener rules stay when a deployment that shifts traffic is replaced",
    "small-pages": "lists come in pages of two items, the first one empty where AWS may do so",
}
"""Every scenario and its effect."""

ONE_BY_ONE = ("throttle", "server-error", "reset", "lost", "slow")
"""The scenarios that meet an operation's first calls; several scenarios take turns."""
ALWAYS = (
    "denied", "expired", "region-policy", "task-fails", "spot-short", "late-logs", "breaker-shifts", "reconcile-late",
    "small-pages",
)  # fmt: skip
"""The scenarios whose effect lasts as long as they are in force."""
GLOBAL = ("cloudfront", "iam", "route53", "sts")
"""The services without Regions, to which the policy of `region-policy` does not apply."""
SLOW_SECONDS = 30.0
_MADE_UP = re.compile(r'[0-9a-f]{32}|"Value": ?"[^"]*"')
"""The parts of a request that differ in a repeated call: idempotency tokens, and generated passwords."""


@dataclass(frozen=True)
class Request:
    """A request as faults match it: the service's signing name, Region, operation, and path and body as text."""

    service: str
    region: str
    operation: str
    text: str

    @property
    def name(self) -> str:
        """The operation as `service:Operation`."""
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True)
class Fault:
    """A fault of one call: the scenario, and for an error its HTTP status, AWS's code and message."""

    scenario: str
    status: int = 0
    code: str = ""
    message: str = ""


@dataclass
class Faults:
    """The scenarios in force, and the calls that they have met so far.

    Attributes:
        each: how many calls of an operation each scenario meets.
        by_request: whether calls are counted by operation and content, so that each resource's own call is met.
        only: the pattern that `service:Operation` must match to be met.
        met: how often each scenario met each operation.
    """

    scenarios: tuple[str, ...] = ()
    each: int = 1
    by_request: bool = False
    only: re.Pattern[str] = re.compile("")
    met: dict[str, Counter[str]] = field(default_factory=dict)
    _calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    _until: dict[tuple[Refusal, str], float] = field(default_factory=dict)
    _rates: rates.Rates = field(default_factory=lambda: rates.Rates(now))
    _alarms: alarms.Alarms = field(default_factory=lambda: alarms.Alarms(now))

    def set(self, scenarios: Iterable[str], *, each: int = 1, by_request: bool = False, only: str = "") -> None:
        """Put these scenarios in force instead of the former ones, and count from zero.

        Raises:
            ValueError: there is no such scenario, `each` is below 1, or `only` is no regular expression.
        """
        wanted = tuple(dict.fromkeys(scenarios))
        if unknown := [name for name in wanted if name not in SCENARIOS]:
            raise ValueError(f"there is no fault {', '.join(unknown)}: choose from {', '.join(SCENARIOS)}")
        if each < 1:
            raise ValueError(f"each is {each}: set it to 1 or more")
        try:
            pattern = re.compile(only)
        except re.error as error:
            raise ValueError(f"only is not a regular expression: {error}") from None
        self.scenarios, self.each, self.by_request, self.only = wanted, each, by_request, pattern
        self.met, self._calls, self._until = {}, Counter(), {}
        self._rates = rates.Rates(now)
        self._alarms = alarms.Alarms(now)

    def shown(self) -> dict[str, Any]:
        """Return the scenarios in force and the operations that they met, as the control path answers."""
        return {
            "scenarios": list(self.scenarios),
            "each": self.each,
            "by": "request" if self.by_request else "operation",
            "only": self.only.pattern,
            "met": {scenario: dict(sorted(met.items())) for scenario, met in self.met.items()},
        }

    def strike(self, scenario: str, name: str) -> bool:
        """Return whether a scenario meets `name`, and count it: for scenarios that are no answer to a call."""
        if scenario not in self.scenarios or not self.only.search(name):
            return False
        if scenario not in ALWAYS and self.met.get(scenario, Counter())[name] >= self.each:
            return False
        self._count(scenario, name)
        return True

    def meet(self, request: Request) -> Fault | None:
        """Return the fault of this call, or None if it succeeds."""
        if not self.scenarios or not self.only.search(request.name):
            return None
        return (
            self._nobody(request)
            or self._denied(request)
            or self._beyond(request)
            or self._in_turn(request)
            or self._refused(request)
        )

    def _nobody(self, request: Request) -> Fault | None:
        """Return AWS's answer to a caller with expired credentials, or without permission for the call."""
        codes = _codes(request.service)
        if self.strike("expired", request.name):
            words = "The security token included in the request is expired"
            return Fault("expired", codes.barred_status, codes.expired, words)
        if self.strike("denied", request.name):
            caller = "User: arn:aws:iam::123456789012:user/moto"
            words = f"{caller} is not authorized to perform: {request.name} because no identity-based policy allows it"
            return Fault("denied", codes.barred_status, codes.denied, words)
        return None

    def _denied(self, request: Request) -> Fault | None:
        """Return AWS's answer in a Region that a service control policy denies (IAM guide, deny access by Region)."""
        if request.region != "us-east-1" or request.service in GLOBAL or not self.strike("region-policy", request.name):
            return None
        message = (
            f"User: arn:aws:iam::123456789012:user/moto is not authorized to perform: {request.name} with an explicit "
            "deny in a service control policy"
        )
        return Fault("region-policy", 400, "AccessDeniedException", message)

    def _beyond(self, request: Request) -> Fault | None:
        """Return AWS's answer if the call exceeds a rate."""
        if "rate-limits" not in self.scenarios:
            return None
        if request.service == alarms.SERVICE:
            # Application Auto Scaling has no documented rates of its own
            if words := self._alarms.refusal(request.region, request.operation):
                self._count("rate-limits", request.name)
                return Fault("rate-limits", 400, alarms.CODE, words)
            return None
        if self._rates.admit(request.service, request.region, request.operation):
            return None
        self._count("rate-limits", request.name)
        return _fault("rate-limits", request, 0)

    def _in_turn(self, request: Request) -> Fault | None:
        scenarios = [name for name in self.scenarios if name in ONE_BY_ONE]
        key = (request.name, _MADE_UP.sub("", request.text) if self.by_request else "")
        turn, self._calls[key] = self._calls[key], self._calls[key] + 1
        if turn >= len(scenarios) * self.each:
            return None
        scenario = scenarios[turn // self.each]
        self._count(scenario, request.name)
        return _fault(scenario, request, sum(self.met[scenario].values()))

    def _refused(self, request: Request) -> Fault | None:
        """Return AWS's transient refusal of this call, until its seconds since the first such call are over."""
        if "refusals" not in self.scenarios:
            return None
        for rule in REFUSALS:
            if (subject := rule.subject_of(request.service, request.operation, request.text)) is None:
                continue
            # one rule at a time: the next one's seconds begin when this one's are over
            if not passed(self._until.setdefault((rule, subject), later(rule.seconds))):
                self._count("refusals", request.name)
                return Fault("refusals", rule.status, rule.code, rule.message.replace("{}", subject))
        return None

    def _count(self, scenario: str, name: str) -> None:
        self.met.setdefault(scenario, Counter())[name] += 1


current = Faults()
"""The faults of this process's cloud."""


def _codes(service: str) -> Codes:
    """Return a service's codes for the errors that any call may get."""
    own = SIGNED[service].codes if service in SIGNED else None
    return own or Codes("ThrottlingException")


def _fault(scenario: str, request: Request, number: int) -> Fault:
    """Return the `number`th fault of a scenario, in the words of the request's service."""
    codes = _codes(request.service)
    if scenario in ("throttle", "rate-limits"):
        return Fault(scenario, codes.throttled_status, codes.throttled, "Rate exceeded")
    if scenario == "server-error":
        if number % 2:
            return Fault(scenario, 500, codes.error, "An internal error has occurred")
        return Fault(scenario, 503, codes.unavailable, "The service is temporarily unavailable")
    return Fault(scenario)
