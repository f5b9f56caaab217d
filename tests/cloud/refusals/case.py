"""A refusal by AWS as a test case: the account that it is tried in, the call, and the judgement on the answer."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Concatenate, ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

STEPS = 200
"""The number of looks at a condition before it counts as never true."""

T = TypeVar("T")
P = ParamSpec("P")

ERRORS = "API reference, Errors"
"""The operation's list of errors names the code."""
TEXT = "API reference"
"""The operation's description says so."""

UNKNOWN_KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
"""The ARN of a KMS key that does not exist."""


def parameter(name: str) -> str:
    """The description or the constraints of the operation's parameter say so."""
    return f"API reference, {name}"


@dataclass
class Scene:
    """An account, and the resources that the cases have made in it.

    Attributes:
        client: returns boto3's client of a service.
        advance: lets so many of AWS's seconds pass.
        step: the same, or fewer: until the next thing that happens by itself.
    """

    client: Callable[[str], Any]
    advance: Callable[[float], None]
    step: Callable[[float], None]
    made: dict[Any, Any] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))

    def name(self, kind: str = "thing") -> str:
        """A name that nothing has yet."""
        return f"{kind}-{next(self._numbers)}"

    def wait(self, condition: Callable[[], T]) -> T:
        """Wait until `condition` returns a true value, and return it."""
        for _ in range(STEPS):
            if found := condition():
                return found
            self.step(60)
        raise TimeoutError


def once(make: Callable[Concatenate[Scene, P], T]) -> Callable[Concatenate[Scene, P], T]:
    """Keep the function's result in the scene: made when it is first asked for, and once for equal arguments."""

    signature = inspect.signature(make)

    @functools.wraps(make)
    def made(scene: Scene, /, *args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(scene, *args, **kwargs)
        bound.apply_defaults()
        key = (make, *list(bound.arguments.values())[1:])
        if key not in scene.made:
            scene.made[key] = make(scene, *args, **kwargs)
        found: T = scene.made[key]
        return found

    return made


@dataclass(frozen=True)
class Case:
    """One thing that AWS refuses.

    Attributes:
        service: boto3's name.
        operation: the operation that is refused.
        when: when it is refused, to be read after the operation's name.
        code: AWS's code.
        source: where AWS says so.
        call: makes the call, with the scene and the service's client; returns the code when AWS tells it in an answer.
        says: a text that the message contains.
        why_not: why the embedded cloud lets it pass; empty when it refuses.
    """

    service: str
    operation: str
    when: str
    code: str
    source: str
    call: Callable[[Scene, Any], Any]
    says: str = ""
    why_not: str = ""

    def answer(self, scene: Scene) -> str:
        """The code and message with which the call is refused; another text when it is not."""
        try:
            told = self.call(scene, scene.client(self.service))
        except ClientError as error:
            if error.operation_name != self.operation:
                return f"({error.operation_name}, which the case needs: {error})"
            # with the message, so that a failing test shows both
            return f"{error.response['Error']['Code']}: {error.response['Error'].get('Message', '')}"
        except BotoCoreError as error:
            return f"({type(error).__name__}: {error})"
        except Exception as error:  # noqa: BLE001 (what the case needs cannot be made here: it is not refused)
            return f"({type(error).__name__}: {error})"
        return f"{told}: " if isinstance(told, str) else "(accepted)"

    def holds(self, answer: str) -> bool:
        """Return whether an answer is the one of AWS."""
        code, _, message = answer.partition(": ")
        return code == self.code and self.says in message

    def __str__(self) -> str:
        return f"{self.service} {self.operation} {self.when}"
