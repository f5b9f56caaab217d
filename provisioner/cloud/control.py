"""The way to an embedded cloud that runs: who it is, the proof of that, and its control paths."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import secrets
from dataclasses import dataclass
from typing import Any

from provisioner.engine.errors import ConfigurationError, ProvisionError

ANSWER_SECONDS = 5.0
KEY = "PROVISION_CLOUD_KEY"
"""The variable of the environment in which its process is given the key."""


class CloudError(ProvisionError):
    """The embedded cloud could not be started or asked; the message says why and what to do."""


@dataclass(frozen=True)
class Cloud:
    """A running embedded cloud.

    `key` is the access key id that calls are signed with (with any secret), and that tells its process from others.
    """

    endpoint: str
    dns_port: int
    pid: int
    key: str
    domain: str
    time_scale: float


def new_key() -> str:
    """Return an access key id that nobody can guess, in AWS's form (IAM user guide, "Unique identifiers")."""
    return "AKIA" + base64.b32encode(secrets.token_bytes(20)).decode()


def health(cloud: Cloud) -> dict[str, Any]:
    """The health answer, or an empty one when nothing, or something else than the cloud with this key, answers."""
    challenge = secrets.token_hex(16)
    try:
        answer = json.loads(request(cloud, "GET", f"/_cloud/health?challenge={challenge}", proven=False))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    proof = hmac.new(cloud.key.encode(), challenge.encode(), "sha256").hexdigest()
    ours = isinstance(answer, dict) and hmac.compare_digest(str(answer.get("proof")).encode(), proof.encode())
    return answer if ours else {}


def control(cloud: Cloud, method: str, path: str, content: bytes = b"") -> bytes:
    """Return what a control path (`/_cloud/…`) of a cloud that runs answers.

    Raises:
        CloudError: it does not answer.
        ConfigurationError: it refuses what it is asked.
    """
    try:
        return request(cloud, method, path, content)
    except (OSError, http.client.HTTPException) as error:
        raise CloudError(f"the embedded cloud did not answer at {cloud.endpoint}: {error}") from None


def request(cloud: Cloud, method: str, path: str, content: bytes = b"", *, proven: bool = True) -> bytes:
    """Return what a control path answers; ConfigurationError for what the user asked for wrongly.

    Args:
        content: what is sent with it.
        proven: whether it is known that the cloud answers; the key is shown to nobody else.
    """
    # http.client and not urllib: a proxy of the user must never see this.
    connection = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"), timeout=ANSWER_SECONDS)
    try:
        connection.request(
            method, path, content or None, headers={"Authorization": f"Bearer {cloud.key}"} if proven else {}
        )
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == http.client.BAD_REQUEST:
            raise ConfigurationError(json.loads(body)["error"])
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"HTTP {answer.status}")
        return body
    finally:
        connection.close()
