"""The protocol versions of target groups: their health checks, and the listeners that may use them.

Sources: ELBv2 API, CreateTargetGroup, Matcher; Application Load Balancer guide, "Target groups", protocol version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ecs_emulator.forwarding import expected, matches
from ecs_emulator.patch import refuse
from ecs_emulator.services.elbv2 import texts

GRPC = "GRPC"
OVER_HTTPS = ("HTTP2", GRPC)
"""The versions whose groups HTTPS listeners alone forward to."""
NO_METHOD = "/AWS.ALB/healthcheck"
"""The path of a check that no service implements (CreateTargetGroup, HealthCheckPath); it answers UNIMPLEMENTED."""
UNIMPLEMENTED = 12
_UNKNOWN = 2
_OF_HTTP = {200: 0, 401: 16, 403: 7, 404: UNIMPLEMENTED, 429: 14, 502: 14, 503: 14, 504: 14}
"""gRPC's codes for HTTP's codes (grpc/grpc, doc/http-grpc-status-mapping.md); 200: OK."""
_VERSIONS = ("HTTP1", *OVER_HTTPS)
_MOST_CODE = 99


def check_version(kwargs: Mapping[str, Any]) -> None:
    """CreateTargetGroup: refuse an unknown version, and one of a group that is neither HTTP nor HTTPS.

    API reference, CreateTargetGroup, ProtocolVersion; the words are a guess.
    """
    version = kwargs.get("protocol_version")
    if version and version not in _VERSIONS:
        refuse("ValidationError", f"Protocol version '{version}' must be one of '{', '.join(_VERSIONS)}'")
    if version and kwargs.get("protocol") not in ("HTTP", "HTTPS"):
        refuse("ValidationError", f"Protocol version cannot be specified with protocol '{kwargs.get('protocol')}'")


def completed(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a new group with the path and code of a gRPC check (CreateTargetGroup, Matcher)."""
    if kwargs.get("protocol_version") != GRPC:
        return dict(kwargs)
    usual = {"healthcheck_path": NO_METHOD, "matcher": {"GrpcCode": str(UNIMPLEMENTED)}}
    return {**kwargs, **{key: kwargs.get(key) or value for key, value in usual.items()}}


def check_matcher(version: str | None, matcher: Mapping[str, str]) -> None:
    """Refuse codes of the other protocol, and gRPC codes beyond 99 (API reference, Matcher); the words are a guess."""
    grpc = matcher.get("GrpcCode")
    if version == GRPC and matcher.get("HttpCode"):
        refuse("ValidationError", "Health check matcher HTTP code cannot be specified with protocol version 'GRPC'")
    if version != GRPC and grpc:
        refuse("ValidationError", "Health check matcher gRPC code can only be specified with protocol version 'GRPC'")
    for part in grpc.split(",") if grpc else ():
        first, _, last = part.partition("-")
        numbers = [int(one) for one in (first, last or first) if re.fullmatch(r"\d{1,2}", one)]
        if len(numbers) < 2 or numbers[0] > numbers[1]:
            limits = f"0-{_MOST_CODE}"
            refuse("ValidationError", f"Health check matcher gRPC code '{grpc}' must be within '{limits}' inclusively")


def check_listener(protocol: str, groups: Sequence[Any]) -> None:
    """Refuse a listener without TLS before a group of HTTP/2 or gRPC, by AWS's code and words.

    Source: kubernetes-sigs/aws-load-balancer-controller#4497, of a rule, and #2214.
    """
    for group in groups:
        if protocol != "HTTPS" and group.protocol_version in OVER_HTTPS:
            refuse("InvalidLoadBalancerAction", texts.LISTENER_WITHOUT_TLS.format(protocol, group.protocol_version))


def codes(group: Any) -> str:
    """Return the codes that a group's check accepts: gRPC's, or HTTP's."""
    matcher = group.matcher or {}
    if group.protocol_version == GRPC:
        return str(matcher.get("GrpcCode") or UNIMPLEMENTED)
    return str(matcher.get("HttpCode") or "200")


def passing(group: Any) -> int:
    """Return the HTTP code by which a simulated program passes a group's check."""
    if group.protocol_version != GRPC:
        return expected(codes(group))
    return next((code for code in _OF_HTTP if matches(codes(group), status(group, code))), 200)


def status(group: Any, answered: int) -> int:
    """Return the code of a program's answer to a group's check, from the HTTP code by which programs are simulated."""
    if group.protocol_version != GRPC:
        return answered
    found = _OF_HTTP.get(answered, _UNKNOWN)
    return UNIMPLEMENTED if found == 0 and group.health_check_path == NO_METHOD else found
