"""Rules of EventBridge: the checks of PutRule and DeleteRule, and the events that a rule matches."""

from __future__ import annotations

import json
import traceback
from typing import Any

from moto.events.models import EventPattern, EventsBackend, Rule
from moto.events.responses import EventsHandler

from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.events import bus, patterns


@wrap(EventsBackend, "put_rule")
def put_rule(
    original: Any,
    self: Any,
    name: str,
    description: str | None = None,
    event_bus_arn: str | None = None,
    event_pattern: str | None = None,
    role_arn: str | None = None,
    scheduled_expression: str | None = None,
    state: str | None = None,
    managed_by: str | None = None,
    tags: list[dict[str, str]] | None = None,
) -> Rule:
    """PutRule: refuse an invalid pattern; ignore the tags of a call for an existing rule (API reference)."""
    if event_pattern and (reason := _wrong(event_pattern)):
        refuse("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")
    there = self.event_buses.get(self._normalize_event_bus_arn(event_bus_arn))
    brought = None if there and name in there.rules else tags
    rule: Rule = original(
        self, name, description, event_bus_arn, event_pattern, role_arn, scheduled_expression, state, managed_by,
        brought,
    )  # fmt: skip
    return rule


def _wrong(text: str) -> str:
    try:
        return patterns.wrong(json.loads(text))
    except ValueError:
        return "Filter is not an object"


@wrap(EventsBackend, "describe_rule")
def describe_rule(original: Any, self: Any, name: str, event_bus_arn: str | None) -> Rule:
    """DescribeRule: refuse an unknown rule (message: AWS's for reading the rule's tags)."""
    bus_name = self._normalize_event_bus_arn(event_bus_arn)
    if bus_name in self.event_buses and name not in self.event_buses[bus_name].rules:
        refuse("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus_name}.")
    rule: Rule = original(self, name, event_bus_arn)
    return rule


@wrap(EventsHandler, "put_rule")
def put_managed_rule(original: Any, self: Any) -> Any:
    """PutRule: refuse to change a rule that another service manages."""
    _refuse_managed(self)
    return original(self)


@wrap(EventsHandler, "delete_rule")
def delete_rule(original: Any, self: Any) -> Any:
    """DeleteRule: refuse to delete a rule that another service manages, unless with Force."""
    if not self._get_param("Force"):
        _refuse_managed(self)
    return original(self)


def _refuse_managed(handler: EventsHandler) -> None:
    """Refuse to change a managed rule (API reference, ManagedRuleException; AWS's message is not known)."""
    backend = handler.events_backend
    there = backend.event_buses.get(backend._normalize_event_bus_arn(handler._get_param("EventBusName")))
    rule = there.rules.get(handler._get_param("Name")) if there else None
    if rule is not None and rule.managed_by:
        refuse("ManagedRuleException", f"Rule {rule.name} is managed by {rule.managed_by}.")


@replace(EventPattern, "matches_event")
def matches_event(self: EventPattern, event: Any) -> bool:
    """Return whether an event matches, by EventBridge's rules; moto cannot match objects in arrays."""
    pattern = self.get_pattern()
    return not pattern or patterns.matches(pattern, json.loads(json.dumps(event)))


@wrap(Rule, "send_to_targets")
def send_to_targets(original: Any, self: Rule, original_event: Any, transform_input: bool = True) -> None:
    """Send an event of the bus to the targets of an enabled rule if its pattern matches, and count the match.

    The targets get the event unchanged: the package by which moto transforms inputs is not installed.
    """
    if self.state == "DISABLED" or not self.event_pattern.get_pattern():
        return
    if self.event_pattern.matches_event(original_event):
        bus.note(self)
        try:
            original(self, original_event, transform_input=False)
        except Exception:  # noqa: BLE001 (a target that cannot be reached must not keep others from theirs)
            traceback.print_exc()
