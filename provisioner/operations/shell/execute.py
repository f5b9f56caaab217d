"""Run one command in a container of a service."""

from __future__ import annotations

import codecs
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.operations.shell import diagnosis
from provisioner.operations.shell.sessions import Caller
from provisioner.operations.shell.task_choice import Place
from provisioner.session import command
from provisioner.session.channel import NoSession, SessionFailed
from provisioner.session.command import Mode
from provisioner.session.exchange import Exchange, Outcome, Put

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State

LEFT = 130
"""The exit code after the user leaves the session with `~.`."""
CHECK = "Check its effects before you run it again"
"""The advice for a command whose exit code is not known."""
_NO_SHELL = ("executable file not found", "no such file or directory")
"""The agent's messages for a program that is missing in the image (Go's `os/exec`)."""


@dataclass(frozen=True)
class Wanted:
    """The command to run, and its standard input and output.

    Attributes:
        words: the command; empty: a shell.
        gives: whether the command gets standard input.
        put: receives the output.
    """

    words: Sequence[str]
    mode: Mode
    gives: bool
    put: Put


def run(caller: Caller, place: Place, wanted: Wanted, token: Callable[[], str]) -> int:
    """Run a command, and return its exit code.

    Raises:
        SessionFailed: the command did not run, or its exit code is unknown.
        ClientError, BotoCoreError: the session did not begin.
    """
    words, mark = list(wanted.words or command.SHELL), token()[:16]
    outcome = _exchange(caller, place, wanted, command.command_line(words, mark, wanted.mode), mark)
    if outcome.left:
        return LEFT
    if outcome.code is not None:
        return outcome.code
    if outcome.tools:
        raise SessionFailed(
            f"the image of {place.name} lacks stty, base64 or sed, by which input and output pass unchanged: run it "
            f"without --exact, and without anything on standard input"
        )
    if not outcome.began and any(words in outcome.why for words in _NO_SHELL):
        return _without_shell(caller, place, wanted)
    raise SessionFailed(f"nobody knows how the command ended: {_one_line(outcome.why)}. {CHECK}")


def _without_shell(caller: Caller, place: Place, wanted: Wanted) -> int:
    """Run a command without a shell, for an image that has none. Its exit code stays unknown.

    Raises:
        SessionFailed: always, unless the user leaves the session: the command cannot run, or its exit code is unknown.
    """
    if not wanted.words or wanted.mode is Mode.EXACT:
        raise SessionFailed(f"the image of {place.name} has no shell: name a program after --, without --exact")
    outcome = _exchange(caller, place, wanted, shlex.join(wanted.words), "")
    if outcome.left:
        return LEFT
    raise SessionFailed(
        f"the image of {place.name} has no shell, so nobody knows the command's exit code: {_one_line(outcome.why)}. "
        f"{CHECK}"
    )


def _exchange(caller: Caller, place: Place, wanted: Wanted, line: str, mark: str) -> Outcome:
    opening = caller.execute(place.cluster, place.id, place.name, line)
    with caller.channel(opening) as channel:
        return Exchange(channel, wanted.mode, mark, wanted.gives, wanted.put).run()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def in_task(aws: Aws, options: Options, config: Config, state: State, place: Place, act: Callable[[], int]) -> int:
    """Call `act`, which begins a session in a task. If the session does not begin, raise an error with the cause."""
    try:
        with aws.pace.runtime.watching():
            return act()
    except (ClientError, BotoCoreError, NoSession) as error:
        raise diagnosis.explain(aws, options, config, state, place, error) from error


def as_json(say: Callable[[str], None]) -> Put:
    """Return a function that reports output as JSON events, each of whole characters."""
    decoders = {number: codecs.getincrementaldecoder("utf-8")("replace") for number in (1, 2)}

    def put(descriptor: int, data: bytes) -> None:
        if text := decoders[descriptor].decode(data):
            stream = "stdout" if descriptor == 1 else "stderr"
            say(json.dumps({"event": "output", "stream": stream, "text": text}, ensure_ascii=False))

    return put
