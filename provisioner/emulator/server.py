"""The embedded cloud's server process: moto's dispatcher under one lock, with our rules and control paths."""

from __future__ import annotations

import gc
import hmac
import json
import os
import shutil
import sys
import threading
import time
import traceback
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from provisioner import __version__
from provisioner.emulator import calls, clients, containers, domains, faults, kill, registry
from provisioner.emulator.authorization import enforce
from provisioner.emulator.authorization.policy import Unreadable
from provisioner.emulator.clock import CLOCK
from provisioner.emulator.control import PROTOCOL
from provisioner.emulator.failure import (
    failure,
    lacking,
    malformed,
    misplaced,
    regions,
    stranger,
    unknown,
    unreadable,
    unrouted,
)
from provisioner.emulator.lag import Answer, Lag
from provisioner.emulator.lock import LOCK
from provisioner.emulator.refusals import text_of
from provisioner.emulator.wsgi import STREAMED, Application, Environ, HangUp, Server, TakeOver, check_sender
from state import checks

ACCOUNT = "123456789012"

# Read by moto when it is imported: managed policies are there, certificates are ours to issue.
_ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": ACCOUNT,
    "MOTO_ACM_VALIDATION_WAIT": "1",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # moto asks botocore for regions; no file or metadata service of the user may be read for it.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


GARBAGE = 100_000
"""After how many new objects Python looks for garbage, instead of 700."""
FOLDER_SECONDS = 2.0
"""How often it is looked whether the folder is still there."""


def serve(
    port: int, dns_port: int, domain: str, key: str, folder: str | None = None, account: str = ACCOUNT, parent: int = 0
) -> None:
    """Listen on 127.0.0.1:`port` until stopped, or until nothing is left in `folder`.

    `key` is the access key id that calls have to be signed with, and by which the starter knows this process.
    `account` is the account's number. With a `parent`, the process that started this one, it ends with that one too.
    """
    os.environ.update(_ENVIRONMENT, MOTO_ACCOUNT_ID=account)
    cloud = Cloud(domain, key, account)
    server = Server(port, cloud, check_sender)
    registry.begin(port, folder)
    cloud.stop = server.shutdown
    threading.Thread(target=cloud.load, args=(dns_port, folder), daemon=True).start()
    if folder:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        threading.Thread(target=_end_with, args=(place, server.shutdown, parent), daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    registry.end()
    containers.end()
    if folder and parent not in (0, os.getppid()):
        # it was the starter's to remove
        shutil.rmtree(folder, ignore_errors=True)


def _end_with(place: int, stop: Callable[[], None], parent: int) -> None:
    """Stop once an open folder is empty or removed: nobody finds the cloud any more. One that is renamed goes on.

    Also once the parent, if there is one to end with, has ended.
    """
    try:
        while os.listdir(place) and parent in (0, os.getppid()):
            time.sleep(FOLDER_SECONDS)
    except OSError:
        pass
    stop()


class Cloud:
    """The WSGI application: `/_cloud/…` is ours, everything else AWS's, answered one call at a time."""

    def __init__(self, domain: str, key: str, account: str = ACCOUNT) -> None:
        self.domain, self.account = domain, account
        self._key = key
        self.stop: Callable[[], None] = lambda: None
        self.log = calls.CallLog()
        self.lag = Lag(self._answer)
        self.kill = kill.Kill()
        self._ready = threading.Event()
        self._moto: Application

    def load(self, dns_port: int, folder: str | None) -> None:
        """Import moto with our rules laid over it, while the port is open already: early calls wait for this."""
        try:
            with LOCK:
                from provisioner.emulator import overlay

                overlay.lay_all()
                from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

                from provisioner.emulator import dns, tick

                self._moto = DomainDispatcherApplication(create_backend_app)
                self._prepare()
            CLOCK.tick = tick.tick
            CLOCK.show_calendar()
            threading.Thread(target=CLOCK.run, name="clock", daemon=True).start()
            dns.serve(dns_port)
            containers.begin(folder)
        except BaseException:  # noqa: BLE001 (a thread's end would leave a deaf server behind)
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        # what moto loaded stays, and is not to be searched for garbage again and again
        gc.freeze()
        gc.set_threshold(GARBAGE)
        self._ready.set()

    def _prepare(self) -> None:
        """What the account holds before any stack: the user who rehearses, and its registered domain, delegated."""
        from moto.iam.models import iam_backends
        from moto.route53.models import route53_backends

        from provisioner.emulator.rules.iam import CALLER

        iam_backends[self.account]["aws"].create_user("us-east-1", CALLER)

        domains.delegated.clear()
        domains.delegate(self.domain)
        route53 = route53_backends[self.account]["aws"]
        route53.create_hosted_zone(
            f"{self.domain}.", False, f"registrar:{self.domain}", comment="Made by the registrar"
        )

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request, as WSGI asks."""
        path = environ["PATH_INFO"]
        if path.startswith("/_cloud/"):
            return self._control(environ, path.removeprefix("/_cloud/"), start_response)
        self._ready.wait()
        if path.startswith(STREAMED):
            # it asks for passwords of its own, which GetAuthorizationToken gives
            return registry.application(environ, start_response)
        if path.startswith("/moto-api"):
            # it reads and writes all that there is, and files besides
            return _json("404 Not Found", {"error": f"no such path: {path}"}, start_response)
        status, headers, content = self._call(environ)
        start_response(f"{status} ", headers)
        return [content]

    def _wrongly_signed(self, environ: Environ) -> Answer | None:
        if not hmac.compare_digest(calls.signer(environ).encode(), self._key.encode()):
            return stranger(environ)
        return None if calls.scope(environ)[1] in regions() else misplaced(environ)

    def _call(self, environ: Environ) -> Answer:
        """Answer one call of an AWS service, or let the fault happen that meets it."""
        if (refusal := self._wrongly_signed(environ)) is not None:
            return refusal
        body = environ["wsgi.input"].getvalue()
        if why := unreadable(environ, body):
            return malformed(environ, why)
        (service, region), operation = calls.scope(environ), calls.operation_of(environ, body)
        request = faults.Request(service, region, operation, text_of(environ["PATH_INFO"], body))
        with CLOCK.call():
            answer = self._answered(environ, request, body)
        CLOCK.settle()
        return answer

    def _answered(self, environ: Environ, request: faults.Request, body: bytes) -> Answer:
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
                answer = failure(environ, refused.status, refused.code, refused.message)
            else:
                answer = self._answer_late(service, environ, operation)
                if calls.is_write(operation):
                    CLOCK.stir()
            self.log.note(environ, operation, *answer)
            if self._kills(service, operation, "after") or scenario == "lost":
                raise HangUp
        return clients.slowed(answer) if scenario == "slow" else answer

    def _kills(self, service: str, operation: str, moment: kill.When) -> bool:
        return calls.is_write(operation) and self.kill.meets(f"{service}:{operation}", moment)

    def _answer_late(self, service: str, environ: Environ, operation: str) -> Answer:
        """The answer, which with the scenario `lag` is some seconds old if the call is a read."""
        if "lag" not in faults.current.scenarios:
            return self._answer(environ, operation)
        if calls.is_write(operation):
            return self.lag.write(service, environ, operation)
        return self.lag.read(service, environ, operation)

    def _answer(self, environ: Environ, operation: str) -> Answer:
        """Moto's answer. What it lacks or where it breaks becomes an error that boto3 can parse."""
        head: list[Any] = []
        try:
            content = b"".join(self._moto(environ, lambda status, headers, *_: head.extend((status, headers))))
            status = int(head[0].split(" ")[0])
            return unknown(environ, operation) if unrouted(status, content) else (status, head[1], content)
        except (NotImplementedError, ModuleNotFoundError):
            return unknown(environ, operation)
        except RecursionError:
            return malformed(environ, "it is nested too deeply")
        except Exception as error:  # noqa: BLE001 (as the server of any client: one call's failure is its own)
            if lacking(environ, self._moto):
                return unknown(environ, operation)
            traceback.print_exc()
            return failure(environ, 500, "InternalFailure", f"{operation}: {type(error).__name__}: {error}")

    def _reset(self) -> None:
        from moto.moto_api._internal.models import moto_api_backend

        from provisioner.emulator import patch

        moto_api_backend.reset()
        patch.reset()
        CLOCK.clear()
        faults.current.set(())
        enforce.current.set(())
        self.kill = kill.Kill()
        self.lag.clear()
        self._prepare()

    def _control(self, environ: Environ, name: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
        query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
        if name == "health":
            return _json("200 OK", self._health(query.get("challenge", "")), start_response)
        if not hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", "").encode(), f"Bearer {self._key}".encode()):
            return _json("403 Forbidden", {"error": "the key in cloud.json is required"}, start_response)
        if name == "policy" and environ["REQUEST_METHOD"] == "POST":
            status, answer = self._set_policies(environ["wsgi.input"].getvalue())
            return _json(status, answer, start_response)
        if name in ("foreign", "outages"):
            self._ready.wait()
            from provisioner.emulator import rehearsing

            body = environ["wsgi.input"].getvalue()
            status, answer = rehearsing.answer(name, environ["REQUEST_METHOD"], body, self.account)
            return _json(status, answer, start_response)
        if name == "clock" and environ.get("HTTP_UPGRADE") == PROTOCOL:
            self._ready.wait()
            raise TakeOver(PROTOCOL, clients.talk)
        asked = self._told if environ["REQUEST_METHOD"] == "POST" else self._asked
        status, answer = asked(name, query)
        return _json(status, answer, start_response)

    def _asked(self, name: str, query: dict[str, str]) -> tuple[str, Any]:
        match name:
            case "log":
                return "200 OK", self.log.since(int(query.get("since", "0")))
            case "faults":
                return "200 OK", faults.current.shown()
            case "kill":
                return "200 OK", asdict(self.kill)
            case "policy":
                with LOCK:
                    return "200 OK", enforce.current.shown()
            case "entries":
                return "200 OK", self._entries()
            case "clock":
                return "200 OK", clients.shown()
        return "404 Not Found", {"error": f"no such path: /_cloud/{name}"}

    def _told(self, name: str, query: dict[str, str]) -> tuple[str, Any]:
        match name:
            case "reset":
                with LOCK:
                    self._reset()
                return "200 OK", {"ok": True}
            case "faults":
                return self._set_faults(query)
            case "kill":
                return self._set_kill(query)
            case "delegate":
                return self._delegate(query.get("domain", ""))
            case "release":
                return self._release(query.get("region", ""))
            case "quota":
                return self._set_quota(query)
            case "clock" | "advance":
                self._ready.wait()
                return clients.told(name, query)
            case "stop":
                threading.Thread(target=self.stop, daemon=True).start()
                return "200 OK", {"ok": True}
        return "404 Not Found", {"error": f"no such path: /_cloud/{name}"}

    def _entries(self) -> list[dict[str, Any]]:
        if not self._ready.is_set():
            return []
        from provisioner.emulator.containers import entry

        return entry.shown()

    def _delegate(self, domain: str) -> tuple[str, Any]:
        if not domain:
            return "400 Bad Request", {"error": "no domain is given: POST /_cloud/delegate?domain=example.org"}
        self._ready.wait()
        from provisioner.emulator.dns import public_zones

        with LOCK:
            names = sorted({domains.normal(zone.name) for zone in public_zones()})
        if domains.normal(domain) not in names:
            there = f"there are {', '.join(names)}" if names else "there are none"
            return "400 Bad Request", {
                "error": f"{domain} has no public hosted zone in the embedded cloud: {there}."
                " `provision up` creates that of dns.domain if dns.create_zone is true"
            }
        domains.delegate(domain)
        CLOCK.stir()
        return "200 OK", {"ok": True}

    def _release(self, region: str) -> tuple[str, Any]:
        """Have a newer ECS-optimised image released in a Region."""
        self._ready.wait()
        from provisioner.emulator.rules import ec2_images

        try:
            with LOCK:
                return "200 OK", {"image_id": ec2_images.release(self.account, region)}
        except KeyError:
            return "400 Bad Request", {"error": f"no such Region: {region}: POST /_cloud/release?region=eu-west-1"}

    def _set_quota(self, query: dict[str, str]) -> tuple[str, Any]:
        """Let a quota of Service Quotas have another value; without one only its default can be asked for."""
        self._ready.wait()
        from provisioner.emulator.rules import servicequotas

        try:
            value = float(query["value"]) if query.get("value") else None
            with LOCK:
                servicequotas.apply(query.get("service", ""), query.get("code", ""), value)
        except ValueError as error:
            return "400 Bad Request", {"error": str(error)}
        return "200 OK", {"ok": True}

    def _set_faults(self, query: dict[str, str]) -> tuple[str, Any]:
        try:
            with LOCK:
                faults.current.set(
                    filter(None, query.get("scenarios", "").split(",")),
                    each=int(query.get("each", "1")),
                    by_request=query.get("by") == "request",
                    only=query.get("only", ""),
                )
                self.lag.clear()
        except ValueError as error:
            return "400 Bad Request", {"error": str(error)}
        return "200 OK", faults.current.shown()

    def _set_policies(self, body: bytes) -> tuple[str, Any]:
        try:
            files = checks.parsed(body)
            with LOCK:
                enforce.current.set(files)
        except (KeyError, TypeError, Unreadable, ValueError) as error:
            return "400 Bad Request", {"error": str(error)}
        return "200 OK", {"policies": enforce.current.names}

    def _set_kill(self, query: dict[str, str]) -> tuple[str, Any]:
        try:
            with LOCK:
                self.kill = kill.asked(query)
        except ValueError as error:
            return "400 Bad Request", {"error": str(error)}
        return "200 OK", asdict(self.kill)

    def _health(self, challenge: str) -> dict[str, Any]:
        """What anybody may know, and the proof that this is the process that the starter gave its key to."""
        return {
            "proof": hmac.new(self._key.encode(), challenge.encode(), "sha256").hexdigest(),
            "service": "provisioner.emulator",
            "version": __version__,
            "pid": os.getpid(),
            "busy": LOCK.held(),
            "started": CLOCK.epoch,
            "clock": clients.shown()["clock"],
            "domain": self.domain,
            "ready": self._ready.is_set(),
        }


def _denial(environ: Environ, service: str, region: str, operation: str, body: bytes) -> enforce.Denial | None:
    """The refusal of a call that the policies in force do not allow, or None."""
    try:
        sent = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key[:5] == "HTTP_"}
        return enforce.denial(service, region, operation, environ["PATH_INFO"], environ["QUERY_STRING"], body, sent)
    except Exception as error:  # noqa: BLE001 (as for the answer itself: what cannot be understood is not allowed)
        traceback.print_exc()
        return enforce.Denial(500, "InternalFailure", f"{operation}: {type(error).__name__}: {error}")


def _json(status: str, answer: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
