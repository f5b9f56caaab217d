"""The embedded cloud's server process: moto's dispatcher under one lock, with our rules and control paths."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from provisioner import __version__
from provisioner.cloud import calls, clock, domains, faults, kill
from provisioner.cloud.lag import Answer, Lag
from provisioner.cloud.lock import LOCK
from provisioner.cloud.refusals import text_of
from provisioner.cloud.wsgi import Application, Environ, HangUp, Server

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


def serve(port: int, dns_port: int, domain: str, started: str) -> None:
    """Listen on 127.0.0.1:`port` until stopped; `started` is the stamp by which the starter knows this process."""
    os.environ.update(_ENVIRONMENT)
    cloud = Cloud(domain, started)
    server = Server(port, cloud)
    cloud.stop = server.shutdown
    threading.Thread(target=cloud.load, args=(dns_port,), daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    server.server_close()


class Cloud:
    """The WSGI application: `/_cloud/…` is ours, everything else AWS's, answered one call at a time."""

    def __init__(self, domain: str, started: str) -> None:
        self.domain = domain
        self.started = started
        self.stop: Callable[[], None] = lambda: None
        self.log = calls.CallLog()
        self.lag = Lag(self._answer)
        self.kill = kill.Kill()
        self._ready = threading.Event()
        self._moto: Application

    def load(self, dns_port: int) -> None:
        """Import moto and lay our rules over it, while the port is open already: early calls wait for this."""
        try:
            with LOCK:
                from provisioner.cloud import speed

                speed.read_botocore_data_once()
                from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

                from provisioner.cloud import dns, ecs, rules

                speed.parse_managed_policies_once()
                rules.install()
                ecs.install()
                self._moto = DomainDispatcherApplication(create_backend_app)
                self._prepare()
            dns.serve(dns_port)
        except BaseException:  # noqa: BLE001 (a thread's end would leave a deaf server behind)
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        self._ready.set()

    def _prepare(self) -> None:
        """What the account holds before any stack: its registered domain, delegated to a public zone."""
        from moto.route53.models import route53_backends

        domains.delegated.clear()
        domains.delegate(self.domain)
        route53 = route53_backends[ACCOUNT]["aws"]
        route53.create_hosted_zone(
            f"{self.domain}.", False, f"registrar:{self.domain}", comment="Made by the registrar"
        )

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request, as WSGI asks."""
        path = environ["PATH_INFO"]
        if path.startswith("/_cloud/"):
            return self._control(environ, path.removeprefix("/_cloud/"), start_response)
        self._ready.wait()
        if path.startswith("/moto-api"):
            status, headers, content = self._moto_api(environ, path)
        else:
            status, headers, content = self._call(environ)
        start_response(f"{status} ", headers)
        return [content]

    def _moto_api(self, environ: Environ, path: str) -> Answer:
        with LOCK:
            answer = self._answer(environ, path)
            if path == "/moto-api/reset":
                self._reset()
        return answer

    def _call(self, environ: Environ) -> Answer:
        """Answer one call of an AWS service, or let the fault happen that meets it."""
        body = environ["wsgi.input"].getvalue()
        service, operation = calls.scope(environ)[0], calls.operation_of(environ, body)
        with LOCK:
            fault = faults.current.meet(faults.Request(service, operation, text_of(environ["PATH_INFO"], body)))
        scenario = fault.scenario if fault else ""
        if scenario == "slow":
            time.sleep(faults.SLOW_SECONDS * clock.scale())
        elif scenario == "reset":
            raise HangUp
        with LOCK:
            if self._kills(service, operation, "before"):
                raise HangUp
            if fault and fault.status:
                answer = _failure(environ, fault.status, fault.code, fault.message)
            else:
                answer = self._answer_late(service, environ, operation)
            self.log.note(environ, operation, *answer)
            if self._kills(service, operation, "after") or scenario == "lost":
                raise HangUp
        return answer

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
            return int(head[0].split(" ")[0]), head[1], content
        except NotImplementedError as error:
            message = f"The embedded cloud does not offer {operation}: {error}"
            return _failure(environ, 501, "NotImplemented", message)
        except Exception as error:  # noqa: BLE001 (as the server of any client: one call's failure is its own)
            traceback.print_exc()
            return _failure(environ, 500, "InternalFailure", f"{operation}: {type(error).__name__}: {error}")

    def _reset(self) -> None:
        from provisioner.cloud import patch

        patch.reset()
        faults.current.set(())
        self.kill = kill.Kill()
        self.lag.clear()
        self._prepare()

    def _control(self, environ: Environ, name: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
        query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
        answer: Any = {"ok": True}
        status = "200 OK"
        match environ["REQUEST_METHOD"], name:
            case "POST", _ if "HTTP_ORIGIN" in environ:
                status, answer = "403 Forbidden", {"error": "not for web pages"}
            case "GET", "health":
                answer = self._health()
            case "GET", "log":
                answer = self.log.since(int(query.get("since", "0")))
            case "GET", "faults":
                answer = faults.current.shown()
            case "POST", "faults":
                status, answer = self._set_faults(query)
            case "GET", "kill":
                answer = asdict(self.kill)
            case "POST", "kill":
                status, answer = self._set_kill(query)
            case "POST", "delegate":
                domains.delegate(query["domain"])
            case "POST", "stop":
                threading.Thread(target=self.stop, daemon=True).start()
            case _:
                status, answer = "404 Not Found", {"error": f"no such path: /_cloud/{name}"}
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

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

    def _set_kill(self, query: dict[str, str]) -> tuple[str, Any]:
        try:
            with LOCK:
                self.kill = kill.asked(query)
        except ValueError as error:
            return "400 Bad Request", {"error": str(error)}
        return "200 OK", asdict(self.kill)

    def _health(self) -> dict[str, Any]:
        return {
            "service": "provisioner.cloud",
            "version": __version__,
            "pid": os.getpid(),
            "started": self.started,
            "time_scale": clock.scale(),
            "domain": self.domain,
            "ready": self._ready.is_set(),
        }


def _failure(environ: Environ, status: int, code: str, message: str) -> Answer:
    """An error in the protocol of the request: JSON, or XML with both of AWS's envelopes in reach of a parser."""
    from xml.sax.saxutils import escape

    if "HTTP_X_AMZ_TARGET" in environ:
        content = json.dumps({"__type": code, "message": message})
        return status, [("Content-Type", "application/x-amz-json-1.1")], content.encode()
    error = f"<Error><Type>Receiver</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    stamp = f"<RequestID>{time.time_ns()}</RequestID>"
    if calls.scope(environ)[0] == "ec2":
        content = f"<Response><Errors>{error}</Errors>{stamp}</Response>"
    else:
        content = f"<ErrorResponse>{error}{stamp}</ErrorResponse>"
    return status, [("Content-Type", "text/xml")], content.encode()
