"""CloudFormation as a source of other teams' values: stacks that create nothing but have outputs, some exported.

A template may have resources of the one type that creates nothing, `AWS::CloudFormation::WaitConditionHandle`. Any
other type is refused as AWS refuses types that it does not know. A stack exists at once.
"""

from __future__ import annotations

import json
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any

from ecs_emulator import calls
from ecs_emulator.clock import CLOCK
from ecs_emulator.errors import Answer, error_answer, unknown_operation
from ecs_emulator.patch import on_reset
from ecs_emulator.wsgi import Environ

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
NOTHING = "AWS::CloudFormation::WaitConditionHandle"
"""The type of resource that is only a URL, and creates nothing."""


class Refused(Exception):
    """A refusal of CloudFormation: its code and its message."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Output:
    """An output of a stack; `export` is the name under which other stacks read it, if it is exported."""

    key: str
    value: str
    export: str = ""


@dataclass(frozen=True)
class Stack:
    """A stack of one Region."""

    name: str
    arn: str
    outputs: tuple[Output, ...]
    created: str
    status: str = "CREATE_COMPLETE"
    tags: Mapping[str, str] = field(default_factory=dict)


_STACKS: dict[str, dict[str, Stack]] = {}
"""By Region and name."""
on_reset(_STACKS.clear)


def answer(environ: Environ, operation: str, account: str) -> Answer:
    """Answer a call. The caller holds the cloud's lock."""
    if operation not in _OPERATIONS:
        return unknown_operation(environ, operation)
    region = calls.scope(environ)[1]
    try:
        inside = _OPERATIONS[operation](asked(environ), _STACKS.setdefault(region, {}), f"{region}:{account}")
    except Refused as refusal:
        return error_answer(environ, 400, refusal.code, str(refusal))
    return answered(operation, inside)


def asked(environ: Environ) -> dict[str, str]:
    """Return the parameters of a call."""
    given = urllib.parse.parse_qs(environ["wsgi.input"].getvalue().decode("utf-8", "replace"))
    return {key: values[0] for key, values in given.items()}


def answered(operation: str, inside: str) -> Answer:
    """Return the answer to a successful call, with this XML in its result."""
    result = f"<{operation}Result>{inside}</{operation}Result>"
    xml = f'<{operation}Response xmlns="{NAMESPACE}">{result}</{operation}Response>'
    return 200, [("Content-Type", "text/xml")], xml.encode()


def elements(parts: Mapping[str, object]) -> str:
    """Return XML elements with these names and texts."""
    return "".join(f"<{name}>{escape(str(text), quote=False)}</{name}>" for name, text in parts.items())


def _create(form: Mapping[str, str], stacks: dict[str, Stack], place: str) -> str:
    name = form.get("StackName", "")
    if name in stacks:
        raise Refused("AlreadyExistsException", f"Stack [{name}] already exists")
    outputs = tuple(_outputs(_template(form.get("TemplateBody", ""))))
    arn = f"arn:aws:cloudformation:{place}:stack/{name}/{uuid.uuid4()}"
    taken = {one.export for stack in stacks.values() for one in stack.outputs if one.export}
    created = datetime.fromtimestamp(CLOCK.time(), UTC).isoformat()
    stacks[name] = Stack(name, arn, outputs, created, tags=dict(_tags(form)))
    if any(one.export in taken for one in outputs):
        # the name of an export is unique in a Region (user guide, "Get exported outputs")
        stacks[name] = Stack(name, arn, (), created, "ROLLBACK_COMPLETE")
    return elements({"StackId": arn})


def _template(body: str) -> Mapping[str, Any]:
    try:
        template = json.loads(body)
    except ValueError:
        raise Refused("ValidationError", "Template format error: JSON not well-formed.") from None
    resources = template.get("Resources") if isinstance(template, dict) else None
    if not resources:
        raise Refused("ValidationError", "Template format error: At least one Resources member must be defined.")
    if unknown := sorted({str(one.get("Type")) for one in resources.values()} - {NOTHING}):
        raise Refused("ValidationError", f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    found: Mapping[str, Any] = template
    return found


def _outputs(template: Mapping[str, Any]) -> Iterator[Output]:
    for key, one in template.get("Outputs", {}).items():
        value, export = one.get("Value"), one.get("Export", {}).get("Name", "")
        if not isinstance(value, str):
            # aws-cloudformation/cfn-lint#485, KablamoOSS/kombustion#16
            words = "Template format error: The Value field of every Outputs member must evaluate to a String."
            raise Refused("ValidationError", words)
        if not isinstance(export, str):
            # aws-samples/startup-kit-templates#45
            words = f"Template format error: Output {key} is malformed. The Name field of every Export member must be "
            words += "specified and consist only of alphanumeric characters, colons, or hyphens."
            raise Refused("ValidationError", words)
        yield Output(key, value, export)


def _tags(form: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    number = 1
    while (key := form.get(f"Tags.member.{number}.Key")) is not None:
        yield key, form.get(f"Tags.member.{number}.Value", "")
        number += 1


def _describe(form: Mapping[str, str], stacks: dict[str, Stack], place: str) -> str:
    name = form.get("StackName")
    found = [one for one in stacks.values() if name in (None, one.name, one.arn)]
    if name is not None and not found:
        raise Refused("ValidationError", f"Stack with id {name} does not exist")
    return f"<Stacks>{''.join(map(_shown, found))}</Stacks>"


def _shown(stack: Stack) -> str:
    outputs = "".join(
        _member(OutputKey=one.key, OutputValue=one.value, **({"ExportName": one.export} if one.export else {}))
        for one in stack.outputs
    )
    tags = "".join(_member(Key=key, Value=value) for key, value in stack.tags.items())
    told = {
        "StackId": stack.arn,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "DisableRollback": "false",
    }
    return f"<member>{elements(told)}<Outputs>{outputs}</Outputs><Tags>{tags}</Tags></member>"


def _exports(form: Mapping[str, str], stacks: dict[str, Stack], place: str) -> str:
    found = sorted(
        (one.export, one.value, stack.arn) for stack in stacks.values() for one in stack.outputs if one.export
    )
    shown = "".join(_member(ExportingStackId=arn, Name=name, Value=value) for name, value, arn in found)
    return f"<Exports>{shown}</Exports>"


def _member(**parts: str) -> str:
    return f"<member>{elements(parts)}</member>"


_OPERATIONS: Mapping[str, Callable[[Mapping[str, str], dict[str, Stack], str], str]] = {
    "CreateStack": _create,
    "DescribeStacks": _describe,
    "ListExports": _exports,
}
