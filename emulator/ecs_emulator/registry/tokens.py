"""Issue and check the registry's passwords, each for one account and Region (GetAuthorizationToken)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time

from ecs_emulator.registry.storage import RequestError

HOURS = 12
"""The lifetime of a token (ECR API, GetAuthorizationToken)."""

_KEY = secrets.token_bytes(32)


def password(account: str, region: str, now: float) -> tuple[str, float]:
    """Return a password for the user AWS to one account's registry in one Region, and its expiry."""
    ends = now + HOURS * 3600
    text = f"{account}/{region}/{ends:.0f}"
    return base64.urlsafe_b64encode(f"{text}/{_signature(text)}".encode()).decode(), ends


def caller(authorization: str) -> tuple[str, str]:
    """Return the account and Region of the token in a request's header.

    Raises:
        RequestError: there is none, it was not issued here, or it has expired.
    """
    scheme, _, given = authorization.partition(" ")
    try:
        user, _, word = base64.b64decode(given, validate=True).decode().partition(":")
        text, _, signature = base64.urlsafe_b64decode(word).decode().rpartition("/")
        account, region, ends = text.split("/")
    except ValueError:
        raise RequestError(401, "UNAUTHORIZED", "Not Authorized") from None
    ours = hmac.compare_digest(signature.encode(), _signature(text).encode())
    if not (scheme.lower() == "basic" and user == "AWS" and ours):
        raise RequestError(401, "UNAUTHORIZED", "Not Authorized")
    if time.time() > float(ends):
        raise RequestError(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
    return account, region


def _signature(text: str) -> str:
    return hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()
