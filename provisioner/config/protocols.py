"""The protocols of services: of their callers and of the load balancer, and the health checks that each needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from provisioner.config.base import Problem
from provisioner.config.call_variables import HTTP, HTTPS

if TYPE_CHECKING:
    from provisioner.config.health import Health

HTTP2, GRPC = "http2", "grpc"
VERSIONS = {HTTP: "HTTP1", HTTP2: "HTTP2", GRPC: "GRPC"}
"""The protocols that a load balancer speaks with tasks, in its own words (ELBv2 API, CreateTargetGroup,
ProtocolVersion)."""
OF_VERSION = {version: protocol for protocol, version in VERSIONS.items()}
BY_HTTPS = (HTTP2, GRPC)
"""The protocols that it takes at HTTPS listeners alone (Application Load Balancer guide, "Target groups")."""
WITH_TLS = {HTTPS: HTTP, "grpcs": GRPC}
"""Schemes that `tls` stands for."""
NO_METHOD, UNIMPLEMENTED, OK = "/AWS.ALB/healthcheck", "12", "0"
"""The method of a gRPC check that no service implements, and its answer (CreateTargetGroup, HealthCheckPath); the
answer of a method that is implemented."""
MOST_GRPC_CODE = 99
"""The highest code of a gRPC check (ELBv2 API, Matcher)."""
LEAST_HTTP_CODE = 200
_METHOD = re.compile(r"/[\w.]+/\w+")


def scheme(protocol: str, *, tls: bool) -> str:
    """Return the scheme of a service's URLs, which its callers get; `tcp` if they get none."""
    return f"{HTTP if protocol == HTTP2 else protocol}{'s' if tls else ''}"


def by_proxy(protocol: str, *, tls: bool) -> str | None:
    """Return the protocol that Service Connect's proxies speak with a service; None: they pass its bytes on.

    ECS API, PortMapping, appProtocol.
    """
    return protocol if protocol in VERSIONS and not tls else None


def path(protocol: str, health: Health) -> str:
    """Return the path of the load balancer's check: by gRPC, a method."""
    return NO_METHOD if protocol == GRPC and "path" not in health.model_fields_set else health.path


def codes(protocol: str, health: Health) -> str:
    """Return the codes of a healthy target."""
    if protocol != GRPC or "codes" in health.model_fields_set:
        return health.codes
    return UNIMPLEMENTED if path(protocol, health) == NO_METHOD else OK


def is_method(path: str) -> bool:
    """Return whether a path is a method of gRPC, such as `/grpc.health.v1.Health/Check`."""
    return bool(_METHOD.fullmatch(path))


def problems(protocol: str, *, tls: bool, public: bool, entry: int | None, given: Collection[str]) -> Iterator[Problem]:
    """Yield a protocol that the load balancer does not speak, and settings without effect.

    Args:
        entry: the port of the service; None without one. given: the keys of the service that are in the file.
    """
    if plain := WITH_TLS.get(protocol):
        also = "" if plain == HTTP else f'protocol = "{plain}" and '
        yield "protocol", f'is "{protocol}", for which there is a key of its own: write {also}tls = true instead'
    elif public and protocol not in VERSIONS:
        why = "the load balancer speaks HTTP to a public service"
        yield "protocol", f'is "{protocol}", and {why}: remove it, or use "{HTTP2}" or "{GRPC}"'
    elif tls and protocol not in VERSIONS:
        yield "tls", f'has no effect on protocol "{protocol}": write a scheme that stands for TLS, such as "rediss"'
    for key in ("protocol", "tls"):
        if key in given and entry is None:
            yield key, f"has no effect on a service without a port: add port, or remove {key}"


def of_check(protocol: str, health: Health) -> Iterator[Problem]:
    """Yield the path and the codes of a load balancer's check that belong to another protocol."""
    numbers = [int(one) for one in re.findall(r"\d+", codes(protocol, health))]
    if protocol == GRPC:
        if not is_method(asked := path(protocol, health)):
            example = "/grpc.health.v1.Health/Check"
            yield "health.path", f'"{asked}" is no method of gRPC: write one such as "{example}", or remove it'
        if max(numbers) > MOST_GRPC_CODE:
            yield "health.codes", f'"{health.codes}" is for HTTP: use codes of gRPC, 0 to 99, such as "0" or "0,12"'
    elif min(numbers) < LEAST_HTTP_CODE:
        what = f'"{health.codes}" is for gRPC: use codes of HTTP, 200 to 499'
        yield "health.codes", f'{what}, or protocol = "{GRPC}"'
