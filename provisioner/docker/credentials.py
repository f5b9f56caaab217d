"""Read the credentials that the `docker` command would use for a registry, from Docker's configuration.

Docker's SDK reads it too (`docker.auth`), but treats an unreadable file as an empty one, and waits for a helper
without end.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.docker.reference import HUB
from provisioner.engine.errors import NotCreated

HELPER_SECONDS = 30
"""Seconds that a credential helper may take; some ask the user, or a service."""
HUB_KEY = "https://index.docker.io/v1/"
"""The name of Docker Hub in the configuration."""
TOKEN_USER = "<token>"  # noqa: S105 (a marker of the helpers' protocol, no password)
_NOT_FOUND = "credentials not found"


class CredentialsError(NotCreated):
    """Docker's configuration or one of its helpers cannot be used; the message has the reason and the remedy."""

    code = "registry-login"


@dataclass(frozen=True)
class Login:
    """User and password, or a token that is exchanged for others (an identity token, OAuth 2's refresh token)."""

    user: str
    password: str = field(repr=False, default="")
    identity: str = field(repr=False, default="")


def of_docker(registry: str) -> Login | None:
    """Return the credentials of `docker login` for a registry, or None to ask it without any.

    Args:
        registry: its host, with its port if it has one.

    Raises:
        CredentialsError: the configuration cannot be read, or its helper is missing or fails.
    """
    settings = _settings()
    key = HUB_KEY if registry == HUB else registry
    helpers = settings.get("credHelpers")
    helper = helpers.get(key) if isinstance(helpers, Mapping) else None
    if name := helper or settings.get("credsStore"):
        if login := _ask_helper(str(name), key):
            return login
        if helper:
            return None
    auths = settings.get("auths")
    entries = dict(auths) if isinstance(auths, Mapping) else {}
    # the registry's own entry first, then the entries with its host (docker/cli, ConvertToHostname)
    for place in sorted(entries, key=lambda place: place != key):
        entry = entries[place]
        if isinstance(entry, Mapping) and _host(str(place)) == _host(key) and (login := _login(entry)):
            return login
    return None


def configuration_file() -> Path:
    """Return the path of the `docker` command's configuration."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def _settings() -> Mapping[str, Any]:
    path = configuration_file()
    try:
        settings = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CredentialsError(f"Docker's configuration {path} cannot be read ({error}): fix or remove it") from None
    return settings if isinstance(settings, Mapping) else {}


def _host(key: str) -> str:
    """Return the host of an entry's key, which may be a URL."""
    return re.sub(r"^https?://", "", key).partition("/")[0].lower()


def _login(entry: Mapping[str, Any]) -> Login | None:
    user, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if text := entry.get("auth"):
        try:
            user, _, password = base64.b64decode(str(text)).decode().partition(":")
        except ValueError:
            return None
    identity = str(entry.get("identitytoken") or "")
    # Docker pads passwords with NULs in some versions (docker/cli, DecodeAuth)
    return Login(user, password.strip("\x00"), identity) if user or identity else None


def _ask_helper(name: str, key: str) -> Login | None:
    """Ask a helper by its protocol (docker/docker-credential-helpers): `get`, the key on standard input, JSON back."""
    program = shutil.which(f"docker-credential-{name}") if re.fullmatch(r"[\w.-]+", name) else None
    if program is None:
        raise CredentialsError(
            f"Docker's configuration names the credential helper {name!r}, but there is no program "
            f"docker-credential-{name} on the PATH: install it, or remove the helper from the configuration"
        )
    try:
        done = subprocess.run(
            [program, "get"], input=key.encode(), capture_output=True, timeout=HELPER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = f"it took longer than {HELPER_SECONDS} s" if isinstance(error, subprocess.TimeoutExpired) else error
        raise CredentialsError(f"docker-credential-{name} returned no login for {key}: {reason}") from None
    if done.returncode:
        output = (done.stdout + done.stderr).decode(errors="replace").strip()
        if _NOT_FOUND in output.lower():
            return None
        raise CredentialsError(f"docker-credential-{name} returned no login for {key}: {output[:300]}")
    try:
        answer = json.loads(done.stdout)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise CredentialsError(f"docker-credential-{name} returned no login for {key}") from None
    if not user:
        return None
    return Login("", identity=secret) if user == TOKEN_USER else Login(user, secret)
