"""Answers that cannot be read: hide their body, which botocore's own errors show and which may hold a password."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError

from provisioner.aws.reads import reads
from provisioner.engine.errors import OutcomeUnknown

_READING = (ResponseParserError, ValueError, LookupError, TypeError, AttributeError)
"""The errors that botocore's parsers raise for an answer that does not fit the API's model."""


class UnreadableAnswer(BotoCoreError):
    """An answer does not fit the API's model; its body is not shown."""

    fmt = "the answer to {operation} cannot be read (HTTP {status}, {length} bytes)"


_ANSWER: ContextVar[tuple[int, int] | None] = ContextVar("answer", default=None)
"""HTTP status and length of the answer that this thread is reading now."""


def guard(client: Any) -> None:
    """Let a boto3 client's errors about unreadable answers name the operation, and show nothing of the answer.

    Its calls raise `UnreadableAnswer`, or `OutcomeUnknown` if AWS accepted a write.
    """
    events, own = client.meta.events, client.meta.service_model.service_id.hyphenize()
    events.register_first("before-parameter-build", _begin)
    events.register(f"before-parse.{own}", _look)
    events.register_last("after-call-error", _raise)


def without_body(error: Exception, operation: str) -> Exception:
    """Return the error of a call; replace it if it comes from reading the answer, so that the answer is not shown."""
    if (answer := _ANSWER.get()) is None or isinstance(error, BotoCoreError) or not isinstance(error, _READING):
        return error
    return _unreadable(operation, *answer)


def _unreadable(operation: str, status: int, length: int) -> Exception:
    error = UnreadableAnswer(operation=operation, status=status, length=length)
    # a refused call had no effect, even if its answer cannot be read
    return error if reads(operation) or status >= 300 else OutcomeUnknown(str(error))


def _begin(**_: Any) -> None:
    _ANSWER.set(None)


def _look(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Note the answer's status and length. Raise for invalid JSON, of which botocore would make an empty answer."""
    status, body = response_dict["status_code"], response_dict.get("body")
    if not isinstance(body, bytes):
        return  # a stream, which is not parsed
    _ANSWER.set((status, len(body)))
    if "json" not in operation_model.service_model.resolved_protocol or not body or _is_json(body):
        return
    if status < 500:
        raise _unreadable(operation_model.name, status, len(body))
    # for an empty body botocore's error says the status, and botocore repeats the call if that is safe
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
