"""Errors of the embedded cloud itself: build them in the protocol of the request, for every client to read."""

from __future__ import annotations

import functools
import json
import time
from typing import Any
from xml.sax.saxutils import escape

from ecs_emulator import calls, json_text

_XML = ("s3", "route53", "cloudfront")
"""REST services that answer in XML; the others answer in JSON."""
_HTML = b"<!doctype html"

Answer = tuple[int, list[tuple[str, str]], bytes]


def error_answer(environ: dict[str, Any], status: int, code: str, message: str) -> Answer:
    """Return an error in JSON, or in one of AWS's two XML envelopes."""
    protocol = _protocol(environ)
    if protocol in ("json", "rest-json"):
        content = json.dumps({"__type": code, "message": message})
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
        return status, headers, content.encode()
    error_type = "Receiver" if status >= 500 else "Sender"
    error = f"<Error><Type>{error_type}</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    stamp = f"<RequestID>{time.time_ns()}</RequestID>"
    if protocol == "ec2":
        content = f"<Response><Errors>{error}</Errors>{stamp}</Response>"
    else:
        content = f"<ErrorResponse>{error}{stamp}</ErrorResponse>"
    return status, [("Content-Type", "text/xml")], content.encode()


def unknown_operation(environ: dict[str, Any], operation: str) -> Answer:
    """Return AWS's answer to an operation that a service does not have (API references, "Common Errors")."""
    words = f"The embedded cloud does not offer {operation} of {calls.scope(environ)[0] or 'an unknown service'}."
    codes = {"ec2": (400, "InvalidAction"), "query": (400, "InvalidAction"), "json": (400, "UnknownOperationException")}
    return error_answer(environ, *codes.get(_protocol(environ), (404, "UnknownOperationException")), words)


def unknown_access_key(environ: dict[str, Any]) -> Answer:
    """Return AWS's answer to an unknown access key (API references, "Common Errors"; EC2 and S3's own)."""
    words = "The security token included in the request is invalid: the embedded cloud accepts only requests signed "
    words += "with its access key, which it printed when it started, or `provision cloud status` shows."
    if calls.scope(environ)[0] == "s3":
        return error_answer(environ, 403, "InvalidAccessKeyId", words)
    codes = {"ec2": (401, "AuthFailure"), "json": (400, "UnrecognizedClientException")}
    return error_answer(environ, *codes.get(_protocol(environ), (403, "InvalidClientTokenId")), words)


def unknown_region(environ: dict[str, Any]) -> Answer:
    """Return AWS's answer to a request signed for a Region that does not exist (terraform-provider-aws#34865)."""
    words = "Credential should be scoped to a valid region."
    signature = (400, "InvalidSignatureException")
    codes = {"ec2": (401, "AuthFailure"), "json": signature, "rest-json": signature}
    return error_answer(environ, *codes.get(_protocol(environ), (403, "SignatureDoesNotMatch")), words)


@functools.cache
def regions() -> frozenset[str]:
    """Return the names of all Regions, and the scopes of signed requests that need no Region."""
    import boto3

    session = boto3.Session()
    parts = session.get_available_partitions()
    return frozenset({"", "aws-global", *(n for part in parts for n in session.get_available_regions("ec2", part))})


def why_unreadable(environ: dict[str, Any], body: bytes) -> str:
    """Return the reason why a request's body is not the JSON that it should be; empty if all is well."""
    if not body or _protocol(environ) != "json":
        return ""
    try:
        json_text.parsed(body)
    except ValueError as error:
        return str(error)
    return ""


def unreadable_body(environ: dict[str, Any], why: str) -> Answer:
    """Return AWS's answer to a body that it cannot read (AWS's protocol tests of Smithy, malformed requests)."""
    return error_answer(environ, 400, "SerializationException", f"The body of the request cannot be read: {why}.")


def malformed_xml(environ: dict[str, Any]) -> Answer:
    """Return the answer of S3 and Route 53 to a body that is no XML (S3 API, "Error responses"; boto#384)."""
    if calls.scope(environ)[0] == "route53":
        return error_answer(environ, 400, "InvalidInput", "Invalid XML ; the request is not well-formed")
    words = "The XML you provided was not well-formed or did not validate against our published schema"
    return error_answer(environ, 400, "MalformedXML", words)


def has_no_backend(environ: dict[str, Any], moto: Any) -> bool:
    """Return whether moto lacks the service of a request; its call only fails with an exception then."""
    return moto.get_backend_for_host(moto.infer_service_region_host(environ, environ["PATH_INFO"])) is None


def is_unrouted(status: int, content: bytes) -> bool:
    """Return whether an answer is from moto's web framework, for a path that none of its services has."""
    return status == 404 and (content == b"Not Found" or content.lower().startswith(_HTML))


def _protocol(environ: dict[str, Any]) -> str:
    service = calls.scope(environ)[0]
    if "HTTP_X_AMZ_TARGET" in environ:
        return "json"
    if service == "ec2":
        return "ec2"
    if environ["CONTENT_TYPE"].startswith("application/x-www-form-urlencoded"):
        return "query"
    return "rest-xml" if service in _XML or not service else "rest-json"
