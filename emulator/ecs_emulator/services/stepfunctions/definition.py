"""Definitions of state machines: read the one form that is run here, and refuse all others.

The form is one Task state that runs a task of ECS to its end (developer guide, "Run Amazon ECS or Fargate tasks with
Step Functions"), with retriers, and the machine's TimeoutSeconds. Source of the rules: Amazon States Language
specification (states-language.net).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecs_emulator.patch import refuse

Shape = dict[str, Any]
RUN_TASK = ":states:::ecs:runTask.sync"
ALL, FAILED, TIMEOUT = "States.ALL", "States.TaskFailed", "States.Timeout"
LONGEST = 99_999_999
"""The longest TimeoutSeconds (developer guide, "Task workflow state")."""
_MACHINE = {"Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"}
_STATE = {"Type", "Resource", "Parameters", "Retry", "End", "Comment"}
_RETRIER = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"}


def read(text: str) -> Shape:
    """Return a definition; refuse a wrong one, and a form that is not run here."""
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        _invalid(f"INVALID_JSON_DESCRIPTION: {error}")
    if not isinstance(found, dict):
        _invalid("INVALID_JSON_DESCRIPTION: not an object")
    for name in ("StartAt", "States"):
        if name not in found:
            _schema(f"The field [{name}] is required", "/")
    states = found["States"]
    if not isinstance(states, dict) or found["StartAt"] not in states:
        _invalid("MISSING_TRANSITION_TARGET: Missing 'Next' target: " + str(found["StartAt"]) + " at /StartAt")
    _check_number(found, "TimeoutSeconds", "/", 1, LONGEST)
    _known(found, _MACHINE, "a state machine")
    if len(states) != 1 or found.get("QueryLanguage", "JSONPath") != "JSONPath":
        _not_offered("more than one state, or JSONata")
    _check_state(states[found["StartAt"]], f"/States/{found['StartAt']}")
    return dict(found)


def only(definition: Shape) -> Shape:
    """Return the one state of a definition."""
    state: Shape = definition["States"][definition["StartAt"]]
    return state


def matches(retrier: Shape, error: str) -> bool:
    """Return whether a retrier is for an error: States.TaskFailed means every one but a timeout (developer guide)."""
    named = retrier["ErrorEquals"]
    return error in named or ALL in named or (FAILED in named and error != TIMEOUT)


def wait(retrier: Shape, retries: int) -> float:
    """Return the seconds before the next retry, given how many there were (developer guide, "Retrier fields")."""
    found = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** retries
    return min(found, float(retrier.get("MaxDelaySeconds", LONGEST)))


def _check_state(state: Any, place: str) -> None:
    if not isinstance(state, dict) or "Type" not in state:
        _schema("The field [Type] is required", place)
    if not state.get("End") and "Next" not in state:
        _schema("These fields are required: [End] or [Next]", place)
    if state["Type"] != "Task" or RUN_TASK not in str(state.get("Resource")):
        _not_offered(f"{state['Type']} {state.get('Resource', '')}".strip())
    _known(state, _STATE, "a state")
    given = state.get("Parameters")
    if not isinstance(given, dict) or "TaskDefinition" not in given:
        _schema("The field [TaskDefinition] is required", f"{place}/Parameters")
    if ".$" in json.dumps(given):
        _not_offered("parameters from the input")
    for number, retrier in enumerate(state.get("Retry", ())):
        where = f"{place}/Retry[{number}]"
        if not isinstance(retrier, dict) or not retrier.get("ErrorEquals"):
            _schema("The field [ErrorEquals] is required", where)
        _known(retrier, _RETRIER, "a retrier")
        _check_number(retrier, "IntervalSeconds", where, 1, LONGEST)
        _check_number(retrier, "MaxAttempts", where, 0, LONGEST)
        _check_number(retrier, "MaxDelaySeconds", where, 1, 31_622_400)
        if retrier.get("BackoffRate", 1) < 1:
            _schema("Value is less than minimum: 1.0", f"{where}/BackoffRate")
        if retrier.get("JitterStrategy", "NONE") != "NONE":
            _not_offered("jitter")


def _check_number(table: Mapping[str, Any], name: str, place: str, least: int, most: int) -> None:
    value = table.get(name, least)
    if not isinstance(value, int) or not least <= value <= most:
        _schema(f"Value is not an integer from {least} to {most}", f"{place.rstrip('/')}/{name}")


def _known(table: Mapping[str, Any], names: set[str], what: str) -> None:
    if others := sorted({*table} - names):
        _not_offered(f"{', '.join(others)} of {what}")


def _schema(words: str, place: str) -> None:
    _invalid(f"SCHEMA_VALIDATION_FAILED: {words} at {place}")


def _invalid(words: str) -> None:
    refuse("InvalidDefinition", f"Invalid State Machine Definition: '{words}'")


def _not_offered(what: str) -> None:
    refuse("InvalidDefinition", f"The embedded cloud does not offer {what} in definitions of Step Functions.")
