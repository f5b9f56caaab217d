"""Answers that cannot be read: botocore's own errors about them show the whole body, and a password may be in it."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError

from provisioner.aws.reads import reads
from provisioner.engine.errors import OutcomeUnknown

_READING = (ResponseParserError, ValueError, LookupError, TypeError, AttributeError)
"""What botocore's parsers raise for what is not as the model says."""


class UnreadableAnswer(BotoCoreError):
    """An answer is not what the API's model says; its body is not shown."""

    fmt = "the answer to {operation} cannot be read (HTTP {status}, {length} bytes)"


_ANSWER: ContextVar[tuple[int, int] | None] = ContextVar("answer", default=None)
"""Status and length of the answer that this thread reads, while it does."""


def guard(client: Any) -> None:
    """Let the errors of a boto3 client say of an answer that cannot be read which one it is, and nothing in it.

    Its calls raise `UnreadableAnswer`, or `OutcomeUnknown` where a write was accepted.
    """
    events, own = client.meta.events, client.meta.service_model.service_id.hyphenize()
    events.register_first("before-parameter-build", _begin)
    events.register(f"before-parse.{own}", _look)
    events.register_last("after-call-error", _raise)


def without_body(error: Exception, operation: str) -> Exception:
    """Return what a call raised, or in place of what its answer caused an error without the answer."""
    if (answer := _ANSWER.get()) is None or isinstance(error, BotoCoreError) or not isinstance(error, _READING):
        return error
    return _unreadable(operation, *answer)


def _unreadable(operation: str, status: int, length: int) -> Exception:
    error = UnreadableAnswer(operation=operation, status=status, length=length)
    # a refusal had no effect, whatever it says
    return error if reads(operation) or status >= 300 else OutcomeUnknown(str(error))


def _begin(**_: Any) -> None:
    _ANSWER.set(None)


def _look(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Note which answer is read. Of JSON that is none botocore would make an empty answer, or a message of the body."""
    status, body = response_dict["status_code"], response_dict.get("body")
    if not isinstance(body, bytes):
        return  # a stream, which is not looked into
    _ANSWER.set((status, len(body)))
    if "json" not in operation_model.service_model.resolved_protocol or not body or _is_json(body):
        return
    if status < 500:
        raise _unreadable(operation_model.name, status, len(body))
    # botocore says the status then, and repeats what may be repeated
    response_dict["body"] = b""


def _is_json(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _raise(exception: Exception, event_name: str, **_: Any) -> None:
    found = without_body(exception, event_name.rpartition(".")[2])
    if found is not exception:
        raise found from None
