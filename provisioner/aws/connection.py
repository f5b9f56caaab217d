"""The connection to AWS: one session, service clients made when first needed, a guard for reads, rates, a call log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from provisioner.aws import rate_limits
from provisioner.aws.durations import TOOK
from provisioner.aws.errors import note_service, throttled
from provisioner.aws.reads import reads
from provisioner.engine.clock import Pace
from provisioner.engine.errors import Interrupted, OutcomeUnknown, ReadInterrupted, ReadOnly

if TYPE_CHECKING:
    import boto3

    from provisioner.aws.session import Session

_PARAMETERS = "provisioner-parameters"
"""The key of a call's parameters in botocore's context of the call."""


@dataclass(frozen=True)
class CallHooks:
    """The functions that are called for a thread's AWS calls.

    Attributes:
        queued: called with the service when a call waits for a rate limit.
        fence: called before each attempt of a write; its error stops the attempt.
    """

    queued: Callable[[str], None]
    fence: Callable[[], None]


_ACTING: ContextVar[CallHooks | None] = ContextVar("acting", default=None)


class Watcher(Protocol):
    """An observer of the calls, such as the log of `--log`."""

    def watch(self, client: Any) -> None:
        """Watch the calls of a boto3 client from now on."""


class Connection:
    """The connection to AWS for one command. Its clients are created when first needed; nothing else changes.

    Args:
        session: a session with its region and credentials.
        pace: the clock of the run.
        endpoint: an endpoint for all services, or None for AWS's own.
        log: the log of all calls, if the user asked for one.
        rates: whether to keep calls below AWS's documented rates.
    """

    def __init__(
        self,
        session: Session | boto3.Session,
        pace: Pace,
        *,
        endpoint: str | None = None,
        log: Watcher | None = None,
        rates: bool = True,
    ) -> None:
        self.session: Session | boto3.Session = session
        self.pace, self.endpoint, self.log = pace, endpoint, log
        self.region: str = session.region_name
        self.partition: str = session.get_partition_for_region(self.region)
        self._limited = rates
        self._rates = rate_limits.Buckets(pace.now, rate_limits.bucket_below, pace.runtime.lock)
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = pace.runtime.lock()

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service, made at most once; threads may share it."""
        key = (service, region or self.region)
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._make(*key)
            return self._clients[key]

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config

        from provisioner.aws import answers, list_limits
        from provisioner.aws.redaction import check

        config = Config(
            retries={"mode": "standard", "total_max_attempts": 10},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=50,
            user_agent_extra="provisioner",
            parameter_validation=False,  # `check` does it, and shows no secret
        )
        client = self.session.client(service, region_name=region, endpoint_url=self.endpoint, config=config)
        client.meta.events.register_last("before-parameter-build", _keep)
        client.meta.events.register_last("before-parameter-build", check)
        client.meta.events.register_last("before-parameter-build", list_limits.check)
        client.meta.events.register("after-call", self._note)
        answers.guard(client)
        # register under botocore's own event names, because its handlers would run first otherwise: one of them uses up
        # the retry quota, another signs the request, which has to happen after any wait
        model = client.meta.service_model
        own = model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{own}", no_blind_retry)
        keep_time(client, self.pace)
        client.meta.events.register_first(f"request-created.{own}", _unless_fenced)
        client.meta.events.register_first(f"request-created.{own}", self._unless_leaving)
        if self._limited:
            client.meta.events.register_first(f"request-created.{own}", partial(self._wait, model.signing_name, region))
        if self.log:
            self.log.watch(client)
        return client

    def _unless_leaving(self, operation_name: str, **_: Any) -> None:
        """Stop a call before it is sent if the user has ended a command that only reads."""
        if self.pace.leaving.is_set():
            with _stopping(operation_name):
                self.pace.check()

    def _wait(self, service: str, region: str, operation_name: str, **_: Any) -> None:
        """Wait for a rate-limit token before an attempt of a call; the user's interrupt stops the attempt."""

        def waits() -> None:
            if acting := _ACTING.get():
                acting.queued(service)

        def sleep(seconds: float) -> None:
            with _stopping(operation_name):
                self.pace.sleep(seconds)

        self._rates.wait(service, region, operation_name, sleep, waits)

    def _note(self, model: Any, parsed: dict[str, Any], context: dict[str, Any], http_response: Any, **_: Any) -> None:
        """Advance a rehearsal's clock by the call's duration; remove secrets from an error and add its service."""
        if self.endpoint:
            self.pace.lapse(float(http_response.headers.get(TOOK, 0)))
        if error := parsed.get("Error"):
            note_service(parsed, model.service_model.service_name)
        if error and (message := error.get("Message")):
            from provisioner.aws.redaction import without_secrets

            error["Message"] = without_secrets(message, context[_PARAMETERS], model.input_shape)


class ReadsOnly:
    """A boto3 client that refuses every operation that is not a read."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        operation = self._client.meta.method_to_api_mapping.get(name)
        if operation and not reads(operation):
            service = self._client.meta.service_model.service_name
            raise ReadOnly(
                f"{service}:{operation} is not a read call, and this command makes no others. This is a bug in "
                f"provision: report it"
            )
        return getattr(self._client, name)


@contextmanager
def acting(these: CallHooks) -> Iterator[None]:
    """Call the hooks `these` for this thread's calls while the context lasts."""
    before = _ACTING.set(these)
    try:
        yield
    finally:
        _ACTING.reset(before)


def _unless_fenced(operation_name: str, **_: Any) -> None:
    """Call the thread's `fence` before each attempt of a write; its error stops the attempt."""
    if (acting := _ACTING.get()) and not reads(operation_name):
        acting.fence()


def _keep(params: Any, context: dict[str, Any], **_: Any) -> None:
    context[_PARAMETERS] = params


def no_blind_retry(
    operation: Any, response: tuple[Any, Mapping[str, Any]] | None, caught_exception: Exception | None, **_: Any
) -> None:
    """Keep botocore from repeating a write that may have succeeded: most creates would make a second resource.

    Raises:
        OutcomeUnknown: the reply to a write was lost, or is a server error other than throttling.
    """
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

    if reads(operation.name) or isinstance(caught_exception, (ConnectTimeoutError, EndpointConnectionError)):
        return
    if caught_exception is not None:
        raise OutcomeUnknown(f"the response to {operation.name} was lost ({caught_exception})") from caught_exception
    if response is not None and response[0].status_code >= 500:
        code = response[1].get("Error", {}).get("Code", "")
        if not throttled(code):
            raise OutcomeUnknown(f"{operation.name} returned HTTP {response[0].status_code} {code}")


@contextmanager
def _stopping(operation: str) -> Iterator[None]:
    """Raise `ReadInterrupted` instead of `Interrupted` before an attempt of a read."""
    try:
        yield
    except Interrupted as stopped:
        if reads(operation):
            raise ReadInterrupted(str(stopped)) from None
        raise


def keep_time(client: Any, pace: Pace, *, ending: Callable[[], bool] | None = None) -> None:
    """Make a client's calls use the run's clock: for the network round trip, and for the pauses between retries.

    botocore would wait between retries by the machine's clock.

    Args:
        ending: tells whether the user asked the run to end, for a client that keeps working then. It repeats a call
            that failed at once, but not one that timed out. None: make no further attempt after the user's interrupt.
    """
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
    from botocore.retries.standard import register_retry_handler

    service = client.meta.service_model.service_id.hyphenize()
    event, own = f"needs-retry.{service}", f"retry-config-{service}"
    client.meta.events.unregister(event, unique_id=own)
    handler = register_retry_handler(client, client.meta.config.retries["total_max_attempts"])
    client.meta.events.unregister(event, unique_id=own)

    def again(**attempt: Any) -> float | None:
        waited = isinstance(
            attempt["caught_exception"], (ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError)
        )
        if ending and waited and ending():
            return None
        seconds: float | None = handler.needs_retry(**attempt)
        if seconds is None:
            return None
        if not ending:
            # calls that get here had no effect: `no_blind_retry` has run before
            with _stopping(attempt["operation"].name):
                pace.sleep(seconds)
        else:
            pace.lapse(seconds)
        return 0

    client.meta.events.register(event, again)
    if way := pace.runtime.round_trip:
        # before the request is signed, and after any other wait
        client.meta.events.register_first(f"request-created.{service}", lambda **_: pace.lapse(way))
