"""The embedded cloud: moto with our rules on top. It answers AWS's calls one at a time, under one lock."""

from __future__ import annotations

import gc
import hmac
import io
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from ecs_emulator import calls, clock_clients, containers, domains, faults, json_text, kill, long_polls
from ecs_emulator.authorization import enforce, sessions
from ecs_emulator.authorization.policy import VIA_SERVICE
from ecs_emulator.clock import CLOCK
from ecs_emulator.cloudcontrol.on_behalf import VIA
from ecs_emulator.errors import (
    Answer,
    error_answer,
    has_no_backend,
    is_unrouted,
    malformed_xml,
    regions,
    unknown_access_key,
    unknown_operation,
    unknown_region,
    unreadable_body,
    why_unreadable,
)
from ecs_emulator.lag import Lag
from ecs_emulator.lock import LOCK
from ecs_emulator.refusals import text_of
from ecs_emulator.wsgi import Application, Environ, HangUp, Rejected

GARBAGE = 100_000
"""The number of new objects after which Python looks for garbage, instead of 700."""
POLL_SECONDS = 0.1
"""Real seconds between two looks for the result that a long poll waits for."""


class Cloud:
    """An account of AWS.

    Args:
        domain: its registered domain.
        key: the access key id with which calls have to be signed.
        account: its number.
    """

    def __init__(self, domain: str, key: str, account: str) -> None:
        self.domain, self.key, self.account = domain, key, account
        self.stop: Callable[[], None] = lambda: None
        self.ready = threading.Event()
        self.log = calls.AnsweredCalls()
        self.lag = Lag(self._answer)
        self.kill = kill.Kill()
        self._moto: Application
        self._own: Mapping[str, Callable[[Environ, str], Answer]] = {}
        """The functions that answer in place of moto, by the services' signing names."""

    def load(self, dns_socket: socket.socket, directory: str, read: Callable[[str], Any] | None = None) -> None:
        """Import moto with our rules on top, while the port is open already: early calls wait for this.

        Args:
            read: see `fast_paths.read_botocore_data_once`.
        """
        with LOCK:
            from ecs_emulator import overlay

            overlay.install(read)
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            from ecs_emulator import dns, tick

            self._moto = DomainDispatcherApplication(create_backend_app)
            from ecs_emulator.cloudcontrol.service import Service
            from ecs_emulator.services.pricing import operations
            from ecs_emulator.services.scheduler.universal import UNIVERSAL

            UNIVERSAL.call = self._call_on_behalf
            own = Service(self._call_on_behalf).answer
            cloudformation = partial(self._cloudformation, own)
            self._own = {"cloudcontrolapi": own, "cloudformation": cloudformation, "pricing": operations.answer}
            self._prepare()
        CLOCK.tick = tick.tick
        CLOCK.show_calendar()
        threading.Thread(target=CLOCK.run, name="clock", daemon=True).start()
        dns.serve(dns_socket)
        containers.begin(directory)
        # moto's modules stay in memory: do not search them for garbage again and again
        gc.freeze()
        gc.set_threshold(GARBAGE)
        self.ready.set()

    def load_or_exit(self, dns_socket: socket.socket, directory: str) -> None:
        """Load in a thread, and exit if that fails: otherwise a server that answers nothing would go on running."""
        try:
            self.load(dns_socket, directory)
        except BaseException:  # noqa: BLE001 (after any error the server is of no use)
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    def _prepare(self) -> None:
        """Create the account's contents before any stack: the calling user, and the registered, delegated domain."""
        from moto.iam.models import iam_backends
        from moto.route53.models import route53_backends

        from ecs_emulator.services.iam.rules import CALLER

        iam_backends[self.account]["aws"].create_user("us-east-1", CALLER)

        domains.delegated.clear()
        domains.delegate(self.domain)
        route53 = route53_backends[self.account]["aws"]
        route53.create_hosted_zone(
            f"{self.domain}.", False, f"registrar:{self.domain}", comment="Created by the registrar"
        )

    def admit(self, environ: Environ) -> None:
        """Let in a call that is signed with the key, or with a role session's.

        Raises:
            Rejected: it is signed with another key, or not at all.
        """
        signer = calls.signer(environ)
        if not hmac.compare_digest(signer.encode(), self.key.encode()) and not sessions.of(signer):
            status, headers, content = unknown_access_key(environ)
            raise Rejected(status, content.decode(), headers)

    def call(self, environ: Environ) -> Answer:
        """Answer a call of an AWS service that was let in, or let it meet its fault."""
        if calls.scope(environ)[1] not in regions():
            return unknown_region(environ)
        body = environ["wsgi.input"].getvalue()
        if why := why_unreadable(environ, body):
            return unreadable_body(environ, why)
        (service, region), operation = calls.scope(environ), calls.operation_of(environ, body)
        request = faults.Request(service, region, operation, text_of(environ["PATH_INFO"], body))
        with CLOCK.call():
            answer = self._answer_or_fault(environ, request, body)
        CLOCK.settle()
        if seconds := long_polls.taken():
            return self._polled(environ, operation, body, time.monotonic() + seconds) or answer
        return answer

    def _polled(self, environ: Environ, operation: str, body: bytes, until: float) -> Answer | None:
        """Ask again for a missing result until it comes or this machine's clock reaches `until`; None if it is late."""
        while time.monotonic() < until:
            time.sleep(POLL_SECONDS)
            with CLOCK.call(), LOCK:
                answer = self._answer({**environ, "wsgi.input": io.BytesIO(body)}, operation)
            if not long_polls.taken():
                return answer
        return None

    def _answer_or_fault(self, environ: Environ, request: faults.Request, body: bytes) -> Answer:
        service, region, operation = request.service, request.region, request.operation
        with LOCK:
            fault = faults.current.meet(request)
            scenario = fault.scenario if fault else ""
            if scenario == "reset":
                raise HangUp
            if self._kills(service, operation, "before"):
                raise HangUp
            refused = fault if fault and fault.status else _denial(environ, service, region, operation, body)
            if refused:
                answer = error_answer(environ, refused.status, refused.code, refused.message)
            else:
                answer = self._answer_with_lag(service, environ, operation)
                if calls.is_write(operation):
                    CLOCK.wake()
            self.log.note(environ, operation, *answer)
            if self._kills(service, operation, "after") or scenario == "lost":
                raise HangUp
        return clock_clients.slowed(answer) if scenario == "slow" else answer

    def _kills(self, service: str, operation: str, moment: kill.When) -> bool:
        return calls.is_write(operation) and self.kill.meets(f"{service}:{operation}", moment)

    def _answer_with_lag(self, service: str, environ: Environ, operation: str) -> Answer:
        """Return the answer; with the scenario `lag`, a read's answer is some seconds old."""
        if "lag" not in faults.current.scenarios:
            return self._answer(environ, operation)
        if calls.is_write(operation):
            return self.lag.write(service, environ, operation)
        return self.lag.read(service, environ, operation)

    def _answer(self, environ: Environ, operation: str) -> Answer:
        """Return moto's answer, or a parsable error if moto lacks the operation or fails at it."""
        head: list[Any] = []
        own = self._own.get(calls.scope(environ)[0])
        try:
            if own:
                return own(environ, operation)
            content = b"".join(self._moto(environ, lambda status, headers, *_: head.extend((status, headers))))
            status = int(head[0].split(" ")[0])
            return unknown_operation(environ, operation) if is_unrouted(status, content) else (status, head[1], content)
        except (NotImplementedError, ModuleNotFoundError):
            return unknown_operation(environ, operation)
        except ExpatError:
            return malformed_xml(environ)
        except RecursionError:
            return unreadable_body(environ, json_text.TOO_DEEP)
        except Exception as error:  # noqa: BLE001 (a failure of one call must not stop the server)
            if not own and has_no_backend(environ, self._moto):
                return unknown_operation(environ, operation)
            if isinstance(error.__context__, ParseError):
                return malformed_xml(environ)
            traceback.print_exc()
            return error_answer(environ, 500, "InternalFailure", f"{operation}: {type(error).__name__}: {error}")

    def _cloudformation(self, types: Callable[[Environ, str], Answer], environ: Environ, operation: str) -> Answer:
        """Answer a call of CloudFormation: about a type from the Cloud Control API, or about stacks."""
        from ecs_emulator import cloudformation

        if operation == "DescribeType":
            return types(environ, operation)
        return cloudformation.answer(environ, operation, self.account)

    def _call_on_behalf(self, environ: Environ) -> Answer:
        """Answer a call that a service makes for its caller; the caller's policies have to allow it as well."""
        body = environ["wsgi.input"].getvalue()
        (service, region), operation = calls.scope(environ), calls.operation_of(environ, body)
        fault = faults.current.meet(faults.Request(service, region, operation, text_of(environ["PATH_INFO"], body)))
        if fault and fault.scenario == "reset":
            raise HangUp
        refused = fault if fault and fault.status else _denial(environ, service, region, operation, body)
        if refused:
            answer = error_answer(environ, refused.status, refused.code, refused.message)
        else:
            answer = self._answer(environ, operation)
            if calls.is_write(operation):
                CLOCK.wake()
        self.log.note(environ, operation, *answer)
        if fault and fault.scenario == "lost":
            raise HangUp
        return answer

    def reset(self) -> None:
        """Forget everything except the log of the calls."""
        from moto.moto_api._internal.models import moto_api_backend

        from ecs_emulator import patch

        with LOCK:
            moto_api_backend.reset()
            patch.reset()
            CLOCK.clear()
            faults.current.set(())
            enforce.current.set(())
            enforce.current.set_organization(())
            self.kill = kill.Kill()
            self.lag.clear()
            self._prepare()


def _denial(environ: Environ, service: str, region: str, operation: str, body: bytes) -> enforce.Denial | None:
    """Return the refusal of a call that the policies in force do not allow, or None."""
    from ecs_emulator.authorization.api_call import ApiCall

    try:
        sent = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key[:5] == "HTTP_"}
        sent[VIA_SERVICE] = str(bool(environ.get(VIA))).lower()
        session = sessions.of(calls.signer(environ))
        account = session.account if session else enforce.CALLER.split(":")[4]
        where = environ["PATH_INFO"], environ["QUERY_STRING"]
        return enforce.denial(ApiCall(service, region, operation, account, *where, body, sent), session)
    except Exception as error:  # noqa: BLE001 (as for the answer itself: a call that cannot be understood is refused)
        traceback.print_exc()
        return enforce.Denial(500, "InternalFailure", f"{operation}: {type(error).__name__}: {error}")
