"""The control paths under `/_cloud/`: requests of the command line, rehearsals and tests to the cloud itself."""

from __future__ import annotations

import hmac
import json
import os
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from ecs_emulator import __version__, clock_clients, domains, faults, json_text, kill
from ecs_emulator.authorization import enforce
from ecs_emulator.clock import CLOCK
from ecs_emulator.cloud import Cloud
from ecs_emulator.control import PROTOCOL
from ecs_emulator.lock import LOCK
from ecs_emulator.wsgi import Environ, Rejected, StartResponse, TakeOver

PREFIX = "/_cloud/"
_JSON = (("Content-Type", "application/json"),)
Query = Mapping[str, str]


def admit(cloud: Cloud, environ: Environ) -> bool:
    """Return whether the sender of a request has shown the key of `cloud.json`, or a task's own secret in the path.

    Raises:
        Rejected: it has not, and asks for more than `health`, or sends a body.
    """
    if _of_task(cloud, environ):
        return True
    if hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", "").encode(), f"Bearer {cloud.key}".encode()):
        return True
    if environ["PATH_INFO"] != f"{PREFIX}health":
        raise Rejected(HTTPStatus.FORBIDDEN, json.dumps({"error": "the key in cloud.json is required"}), _JSON)
    if environ["CONTENT_LENGTH"] not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in environ:
        raise Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, json.dumps({"error": "health takes no body"}), _JSON)
    return False


def _of_task(cloud: Cloud, environ: Environ) -> bool:
    """Return whether a container sent the request, to the secret path that it was given."""
    if not environ["PATH_INFO"].startswith(f"{PREFIX}task/") or not cloud.ready.is_set():
        return False
    from ecs_emulator.ecs import task_endpoint

    return environ["REQUEST_METHOD"] == "GET" and task_endpoint.is_known(_below_task(environ))


def _below_task(environ: Environ) -> str:
    return str(environ["PATH_INFO"]).removeprefix(f"{PREFIX}task/")


def _answer_task(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    from ecs_emulator.ecs import task_endpoint

    with LOCK:
        found = task_endpoint.answer(_below_task(environ))
    if found is None:
        return answer_json("404 Not Found", {"error": "there is nothing of the task here"}, start_response)
    return answer_json("200 OK", found, start_response)


def application(cloud: Cloud, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer an admitted request under `/_cloud/`, as WSGI asks."""
    method, name = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(PREFIX)
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    if name == "health":
        return answer_json("200 OK", _health(cloud, query.get("challenge", "")), start_response)
    if name.startswith("task/"):
        cloud.ready.wait()
        return _answer_task(environ, start_response)
    if (answer := PATHS.get((method, name))) is None:
        return answer_json("404 Not Found", {"error": f"no such path: {method} {PREFIX}{name}"}, start_response)
    upgraded = name == "clock" and environ.get("HTTP_UPGRADE") == PROTOCOL
    if upgraded or (method, name) not in EARLY:
        cloud.ready.wait()
    if upgraded:
        raise TakeOver(PROTOCOL, clock_clients.serve)
    try:
        answered = answer(cloud, query, environ["wsgi.input"].getvalue())
    except ValueError as error:
        return answer_json("400 Bad Request", {"error": str(error)}, start_response)
    return answer_json("200 OK", {"ok": True} if answered is None else answered, start_response)


def answer_json(status: str, answer: Any, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with a JSON document, as WSGI asks."""
    start_response(status, list(_JSON))
    return [json.dumps(answer).encode()]


def _health(cloud: Cloud, challenge: str) -> dict[str, Any]:
    """Return the public facts, and the proof that this process has the key that its starter made."""
    return {
        "proof": hmac.new(cloud.key.encode(), challenge.encode(), "sha256").hexdigest(),
        "service": "ecs_emulator",
        "version": __version__,
        "pid": os.getpid(),
        "busy": LOCK.held(),
        "started": CLOCK.epoch,
        "clock": clock_clients.shown()["clock"],
        "domain": cloud.domain,
        "ready": cloud.ready.is_set(),
    }


def _stop(cloud: Cloud, query: Query, body: bytes) -> None:
    threading.Thread(target=cloud.stop, daemon=True).start()


def _entries(cloud: Cloud, query: Query, body: bytes) -> list[dict[str, Any]]:
    from ecs_emulator.containers import entry

    return entry.shown()


def _containers(cloud: Cloud, query: Query, body: bytes) -> dict[str, bool]:
    from ecs_emulator.containers import engine

    return {"run": engine.current is not None}


def _set_clock(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    clock_clients.set_clock(query)
    return clock_clients.shown()


def _advance(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    CLOCK.advance(clock_clients.seconds(query.get("seconds", "")), step="step" in query)
    return clock_clients.shown()


def _set_faults(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    with LOCK:
        faults.current.set(
            filter(None, query.get("scenarios", "").split(",")),
            each=int(query.get("each", "1")),
            by_request=query.get("by") == "request",
            only=query.get("only", ""),
        )
        cloud.lag.clear()
    return faults.current.shown()


def _set_kill(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    with LOCK:
        cloud.kill = kill.from_query(query)
    return asdict(cloud.kill)


def _policies(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    with LOCK:
        return enforce.current.shown()


def _set_policies(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    _apply(enforce.current.set, body)
    return {"policies": enforce.current.names}


def _set_organization(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    """Put service control policies on the account, which joins an organization by that."""
    _apply(enforce.current.set_organization, body)
    return {"organization": enforce.current.organization}


def _delegate(cloud: Cloud, query: Query, body: bytes) -> None:
    from ecs_emulator.dns import public_zones

    if not (domain := query.get("domain", "")):
        raise ValueError("no domain is given: POST /_cloud/delegate?domain=example.org")
    with LOCK:
        names = sorted({domains.normal(zone.name) for zone in public_zones()})
    if domains.normal(domain) not in names:
        there = f"there are {', '.join(names)}" if names else "there are none"
        raise ValueError(
            f"{domain} has no public hosted zone in the embedded cloud: {there}."
            " `provision up` creates that of dns.domain if dns.create_zone is true"
        )
    domains.delegate(domain)
    CLOCK.wake()


def _release(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    """Release a newer ECS-optimised image in a Region."""
    from ecs_emulator.services.ec2 import images as ec2_images

    region = query.get("region", "")
    try:
        with LOCK:
            return {"image_id": ec2_images.release(cloud.account, region)}
    except KeyError:
        raise ValueError(f"no such Region: {region}: POST /_cloud/release?region=eu-west-1") from None


def _set_quota(cloud: Cloud, query: Query, body: bytes) -> None:
    """Set a quota of Service Quotas; without a value, only its default can be read."""
    from ecs_emulator.services.servicequotas import rules as servicequotas

    value = float(query["value"]) if query.get("value") else None
    with LOCK:
        servicequotas.apply(query.get("service", ""), query.get("code", ""), value)


def _share(cloud: Cloud, query: Query, body: bytes) -> None:
    """Make a VPC another account's, which shares its subnets with this account."""
    from ecs_emulator.services.ec2 import sharing

    with LOCK:
        sharing.share(cloud.account, query.get("region", ""), query.get("vpc", ""), query.get("owner", ""))


def _put_unmanaged(cloud: Cloud, query: Query, body: bytes) -> None:
    """Create resources in the account as somebody else would."""
    from ecs_emulator import unmanaged

    _apply(lambda request: unmanaged.put(cloud.account, request), body)


def _put_stand_ins(cloud: Cloud, query: Query, body: bytes) -> dict[str, list[str]]:
    """Create those unmanaged resources that are not there, and return which these are."""
    from ecs_emulator import stand_ins

    made: dict[str, list[str]] = {}
    _apply(lambda request: made.update(stand_ins.put(cloud.account, request)), body)
    return made


def _outages(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    from ecs_emulator.outages.watch import WATCH

    with LOCK:
        return WATCH.shown()


def _watch(cloud: Cloud, query: Query, body: bytes) -> None:
    """Record from now on which services and URLs go down; a body may give the arguments of `Watch.begin`."""
    from ecs_emulator.outages.watch import WATCH

    _apply(lambda request: WATCH.begin(**request), body or b"{}")


def _exit(cloud: Cloud, query: Query, body: bytes) -> None:
    """Let the tasks of some services exit at once, except on the revisions that they run now."""
    from ecs_emulator.ecs import failing

    _apply(failing.exit_later, body)


def _approve(cloud: Cloud, query: Query, body: bytes) -> None:
    """Approve at once every deployment that waits for a person's approval."""
    from ecs_emulator.ecs import hooks

    with LOCK:
        hooks.approve_all()


def _set_sessions(cloud: Cloud, query: Query, body: bytes) -> dict[str, Any]:
    """Choose the target of sessions into tasks without containers: this machine's shell, one of its ports."""
    from ecs_emulator.sessions import book

    with LOCK:
        book.chosen.shell, book.chosen.port = query.get("shell") == "1", int(query.get("port", "0"))
        return asdict(book.chosen)


def _apply(change: Callable[[Any], None], body: bytes) -> None:
    """Apply a change that a JSON body describes.

    Raises:
        ValueError: the body is not JSON, or lacks a member.
    """
    try:
        with LOCK:
            change(json_text.parsed(body))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


PATHS: Mapping[tuple[str, str], Callable[[Cloud, Query, bytes], Any]] = {
    ("POST", "stop"): _stop,
    ("POST", "reset"): lambda cloud, query, body: cloud.reset(),
    ("GET", "log"): lambda cloud, query, body: cloud.log.since(int(query.get("since", "0"))),
    ("GET", "entries"): _entries,
    ("GET", "containers"): _containers,
    ("GET", "clock"): lambda cloud, query, body: clock_clients.shown(),
    ("POST", "clock"): _set_clock,
    ("POST", "advance"): _advance,
    ("GET", "faults"): lambda cloud, query, body: faults.current.shown(),
    ("POST", "faults"): _set_faults,
    ("GET", "kill"): lambda cloud, query, body: asdict(cloud.kill),
    ("POST", "kill"): _set_kill,
    ("GET", "policy"): _policies,
    ("POST", "policy"): _set_policies,
    ("POST", "organization"): _set_organization,
    ("POST", "delegate"): _delegate,
    ("POST", "release"): _release,
    ("POST", "quota"): _set_quota,
    ("POST", "share"): _share,
    ("POST", "unmanaged"): _put_unmanaged,
    ("POST", "stand-ins"): _put_stand_ins,
    ("POST", "exits"): _exit,
    ("POST", "approvals"): _approve,
    ("POST", "sessions"): _set_sessions,
    ("GET", "outages"): _outages,
    ("POST", "outages"): _watch,
}
"""The function of each method and path. None is answered as `{"ok": true}`, and a ValueError as a bad request."""

EARLY = {("POST", "stop"), ("GET", "clock")}
"""Paths that answer while moto is still being imported; all others wait for that."""
