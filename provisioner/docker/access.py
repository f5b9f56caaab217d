"""Authorizations of requests to registries: the user's credentials, and the tokens for them.

See https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from provisioner.docker.credentials import Login
from provisioner.docker.reading import whole
from provisioner.docker.reference import Reference
from provisioner.docker.transport import Denied, RegistryError, Transport, error_text

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass
class Access:
    """The authorizations that registries have given. Threads may share it.

    Attributes:
        login: gives the credentials for a registry, or None to ask without.
    """

    transport: Transport
    login: Callable[[str], Login | None]
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _logins: dict[str, Login | None] = field(default_factory=dict, repr=False)

    def header(self, reference: Reference, action: str) -> dict[str, str]:
        """Return the header that authorizes a pull or a push, as far as known; it may be empty."""
        value = self._tokens.get((reference.base, self._scope(reference, action)))
        return {"Authorization": value} if value else {}

    @staticmethod
    def _scope(reference: Reference, action: str) -> str:
        return f"repository:{reference.repository}:{'pull,push' if action == 'push' else 'pull'}"

    def renew(self, reference: Reference, action: str, challenge: str) -> None:
        """Get the header that answers a registry's challenge, and use it from now on.

        Raises:
            Denied: the credentials are missing or refused.
        """
        self._tokens[reference.base, self._scope(reference, action)] = self._authorize(reference, action, challenge)

    def _authorize(self, reference: Reference, action: str, challenge: str) -> str:
        """Return the Authorization header that a challenge asks for.

        Raises:
            Denied: the credentials are missing or refused.
        """
        sort, _, rest = challenge.partition(" ")
        login = self._login(reference.registry)
        if sort.lower() == "basic":
            if login is None or not login.user:
                raise self.denied(reference, "it requires a login")
            return basic_authorization(login)
        if sort.lower() != "bearer":
            raise self.denied(reference, f"its authentication scheme is {sort or 'missing'}, not Basic or Bearer")
        try:
            wanted = urllib.request.parse_keqv_list(urllib.request.parse_http_list(rest))
        except ValueError:
            wanted = {}
        realm = wanted.get("realm", "")
        self.transport.allowed(realm, reference.base)
        query = {"service": wanted.get("service", ""), "scope": wanted.get("scope") or self._scope(reference, action)}
        answer = self._token(realm, query, login)
        if answer.status in (400, 401, 403) and login:
            # an expired login: ask again without one (aws/containers-roadmap#1296)
            refused = error_text(answer)
            answer = self._token(realm, query, None)
        else:
            refused = ""
        if answer.status != 200:
            raise self.denied(reference, refused or error_text(answer))
        try:
            given = json.loads(whole(self.transport, answer, reference))
            token = str(given.get("token") or given["access_token"])
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            token = ""
        if not _TOKEN.fullmatch(token):
            raise RegistryError(f"{urlsplit(realm).netloc} returned no token for {reference}")
        return f"Bearer {token}"

    def _token(self, realm: str, query: Mapping[str, str], login: Login | None) -> BaseHTTPResponse:
        if login and login.identity:
            form = {"grant_type": "refresh_token", "refresh_token": login.identity, "client_id": "provisioner", **query}
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self.transport.ask("POST", realm, headers, body=urlencode(form).encode())
        access = {"Authorization": basic_authorization(login)} if login else {}
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}"
        return self.transport.ask("GET", url, access)

    def _login(self, registry: str) -> Login | None:
        if registry not in self._logins:
            self._logins[registry] = self.login(registry)
        return self._logins[registry]

    def denied(self, reference: Reference, words: str) -> Denied:
        """Return the error that the user may not see a repository, with the registry's own words."""
        who = "the user who is logged in" if self._logins.get(reference.registry) else "users that are not logged in"
        return Denied(
            f"{reference.registry} does not show {reference.repository} to {who}: it does not exist, or is private "
            f"({words})",
            reference.registry,
        )


def basic_authorization(login: Login) -> str:
    """Return the header's value for a user and a password."""
    return f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
