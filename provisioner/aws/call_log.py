"""The debug log of `--log FILE`: each AWS call of a command as a line of JSON, with its secrets left out."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner import __version__

_STARTED = "provisioner-log"
"""The key of a call's start data in botocore's context of the call."""


class CallLog:
    """An open log. Threads may share it, and processes may share the file: each line is a single append.

    It stays open until the process ends, since a thread may still be making its last call.

    Args:
        path: an existing log to append to, or a new file that only its owner may read.

    Raises:
        ConfigurationError: the file cannot be written, or belongs to another user.
    """

    def __init__(self, path: str | Path) -> None:
        from provisioner.engine.errors import ConfigurationError

        self.path = Path(path)
        self._broken = False
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigurationError(
                f"the log {self.path} cannot be written: {reason}: choose another file with --log"
            ) from None
        status = os.fstat(self._file)
        # in a directory that everybody may write to, such as /tmp, another user may have put the file there to read it
        # later
        if stat.S_ISREG(status.st_mode) and status.st_uid != os.geteuid():
            os.close(self._file)
            raise ConfigurationError(f"the log {self.path} belongs to another user: choose another file with --log")

    def command(self, name: str, run: Callable[[], int]) -> int:
        """Run a command; log a line when it begins and another when it ends."""
        began, ended = time.monotonic(), ""
        self.write({"event": "begin", "version": __version__, "command": name, "process": os.getpid()})
        try:
            code = run()
            ended = f"exit code {code}"
        except BaseException as error:
            ended = f"{type(error).__name__}: {error}"
            raise
        else:
            return code
        finally:
            seconds = round(time.monotonic() - began, 3)
            self.write({"event": "end", "command": name, "ended": ended, "seconds": seconds})

    def watch(self, client: Any) -> None:
        """Log the calls of a boto3 client from now on."""
        events = client.meta.events
        events.register_last("before-parameter-build", self._begin)
        events.register("after-call", self._end)
        events.register("after-call-error", self._fail)

    def write(self, line: Mapping[str, Any]) -> None:
        """Append a line. If the log cannot be written, say so once and let the run go on."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        content = json.dumps({"time": moment, **line}, default=str, separators=(",", ":")).encode() + b"\n"
        if self._broken:
            return
        try:
            reason = "no space left on the disk" if os.write(self._file, content) < len(content) else None
        except OSError as error:
            reason = error.strerror
        if reason:
            self._broken = True
            sys.stderr.write(
                f"note: the log {self.path} cannot be written any more: {reason}. Later calls are not logged\n"
            )

    # -- botocore's events -----------------------------------------------------------------------------------------

    def _begin(self, model: Any, params: Any, context: dict[str, Any], **_: Any) -> None:
        context[_STARTED] = (model, params, time.monotonic())

    def _end(self, parsed: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        about, error = parsed.get("ResponseMetadata", {}), parsed.get("Error")
        line = {"status": about.get("HTTPStatusCode"), "request_id": about.get("RequestId")}
        if error:
            self._call(context, line | {"code": error.get("Code"), "message": error.get("Message")})
        else:
            self._call(context, line, {key: value for key, value in parsed.items() if key != "ResponseMetadata"})

    def _fail(self, exception: Exception, context: dict[str, Any], **_: Any) -> None:
        from provisioner.aws.answers import without_body

        found = without_body(exception, context[_STARTED][0].name)
        self._call(context, {"error": f"{type(found).__name__}: {found}"})

    def _call(self, context: dict[str, Any], outcome: dict[str, Any], answer: Mapping[str, Any] | None = None) -> None:
        from provisioner.aws.redaction import redacted

        model, params, began = context[_STARTED]
        line = {
            "event": "call",
            "thread": threading.current_thread().name,
            "service": model.service_model.service_name,
            "operation": model.name,
            "region": context.get("client_region"),
            "seconds": round(time.monotonic() - began, 4),
            "retries": context.get("retries", {}).get("attempt", 1) - 1,
            **outcome,
        }
        try:
            line["parameters"] = redacted(params, model.input_shape)
            if answer:
                line["answer"] = redacted(answer, model.output_shape)
            self.write(line)
        except Exception as error:  # noqa: BLE001 (the call has had its effect: no fault of the log may stop the run)
            self.write(line | {"parameters": None, "answer": f"not understood: {type(error).__name__}"})
