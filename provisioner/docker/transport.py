"""Send HTTPS requests to registries: retries, redirects, proxies, and the meaning of failures.

urllib3's own retries cannot be ended by Ctrl-C, and they follow redirects to plain HTTP or to this machine.
"""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
import threading
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from provisioner.docker.reference import is_local
from provisioner.engine.errors import Interrupted, NotCreated
from provisioner.state.runtime import Event

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

TRIES = 4
PAUSE = 1.0
"""Seconds before the second try, twice as long before each further one."""
MOST_SECONDS = 30.0
"""The longest Retry-After that is waited for; a registry that asks for more counts as unreachable."""
CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
"""Seconds that a registry may take to connect, and to answer or continue; a stalled download gets a new connection."""
SILENCES = 2
"""Tries in a row without any answer after which a registry is unreachable: a rehearsal may be offline."""
COMMIT_SECONDS = 300.0
"""Seconds that a registry may take to confirm an uploaded blob: it reads the blob once more."""
REDIRECTS = 5
CONNECTIONS = 10
"""The most connections that are kept for one host."""
WORDS = 64 << 10
"""The most bytes that are read of an error's text or of an unwanted answer."""
SWITCH = "PROVISION_REGISTRIES"
"""The environment variable that, when it is 0, allows only registries on this machine."""
_AGAIN = (408, 429, 500, 502, 503, 504)


class RegistryError(NotCreated):
    """A registry refuses, or has an unusable image; the message has the reason and the remedy."""

    code = "registry"


class Unreachable(RegistryError):
    """A registry does not answer for now, or limits requests; its content is unknown."""


class SwitchedOff(Unreachable):
    """The user allows only registries on this machine."""


class NotThere(RegistryError):
    """The registry has no such image, manifest or blob."""


class Denied(RegistryError):
    """The registry requires credentials, or refuses the given ones.

    Args:
        registry: its name.
    """

    code = "registry-login"

    def __init__(self, message: str, registry: str) -> None:
        super().__init__(message)
        self.registry = registry


class Cut(Exception):
    """The connection was lost in the middle; another try may succeed."""


@dataclass
class Transport:
    """Connections to registries, shared by threads.

    Attributes:
        stop: set when the user wants to end.
        scale: the factor of the pauses between tries; a registry's own Retry-After is kept.
    """

    stop: Event = field(default_factory=threading.Event)
    scale: float = 1.0
    _pools: dict[str, PoolManager] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> BaseHTTPResponse:
        """Return the answer to a repeatable request, of any status except a request to try again later.

        A redirect is followed, without the Authorization header if it leads to another host.

        Raises:
            Unreachable: no answer, or only answers that the registry is busy or broken.
            Interrupted: the user wants to stop.
        """
        host = urlsplit(url).netloc
        self.allowed(url)
        reason, wait, silences = "", 0.0, 0
        for attempt in range(TRIES):
            if attempt:
                self.pause(max(wait, PAUSE * 2 ** (attempt - 1) * self.scale))
            self.check()
            try:
                answer = self._followed(method, url, headers, body)
            except Cut as cut:
                reason, wait, silences = str(cut), 0.0, silences + 1
                if silences == SILENCES:
                    break
                continue
            silences = 0
            if answer.status not in _AGAIN:
                return answer
            reason, wait = error_text(answer), retry_after(answer.headers)
            if rate_limit_text(host, answer.status, reason):
                raise Unreachable(rate_limit_text(host, answer.status, reason))
            if wait > MOST_SECONDS:
                raise Unreachable(f"{host} asks to wait {wait:.0f} s ({reason})")
        raise Unreachable(f"{host} does not respond ({reason})")

    def send(
        self, method: str, url: str, headers: Mapping[str, str], content: Iterable[bytes], size: int
    ) -> BaseHTTPResponse:
        """Send content piece by piece, once, and return the answer.

        Raises:
            Cut: the connection was lost; the caller has to send the content again.
        """
        from urllib3.util import Timeout

        self.allowed(url)
        timeout = Timeout(connect=READ_SECONDS, read=COMMIT_SECONDS)  # the first also limits each piece that is sent
        return self._once(method, url, {**headers, "Content-Length": str(size)}, content, timeout)

    def check(self) -> None:
        """Raise `Interrupted` if the user wants to stop."""
        if self.stop.is_set():
            raise Interrupted("interrupted: run the same command again to resume")

    def pause(self, seconds: float) -> None:
        """Let so many seconds pass, or raise `Interrupted` if the user wants to stop."""
        self.stop.wait(seconds)
        self.check()

    def _followed(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> BaseHTTPResponse:
        from urllib3.util import Timeout

        timeout, asked = Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), urlsplit(url)[:2]
        for _ in range(REDIRECTS):
            answer = self._once(method, url, headers, body, timeout)
            place = answer.headers.get("Location")
            if answer.status == 401 and urlsplit(url)[:2] != asked:
                # a challenge is answered with the first host's login, which the redirect's host must not get
                drain(answer)
                raise RegistryError(f"{asked[1]} redirects to {urlsplit(url).netloc}, which requires credentials")
            if answer.status not in (301, 302, 303, 307, 308) or not place or method not in ("GET", "HEAD"):
                return answer
            drain(answer)
            former, url = url, absolute_url(url, place)
            self.allowed(url, former)
            if urlsplit(former)[:2] != urlsplit(url)[:2]:
                headers = {name: value for name, value in headers.items() if name != "Authorization"}
        raise RegistryError(f"{urlsplit(url).netloc} redirects too many times")

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: Any, timeout: Any) -> BaseHTTPResponse:
        from urllib3.exceptions import HTTPError

        try:
            return self._pool(url).request(
                method,
                url,
                body=body,
                headers={"User-Agent": "provisioner", **headers},
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError) as error:
            raise Cut(reason_of(error)) from None

    def _pool(self, url: str) -> PoolManager:
        """Return the connections for a URL: direct ones, or through the environment's proxy."""
        from urllib3 import PoolManager, ProxyManager, make_headers

        parts = urlsplit(url)
        host = parts.hostname or ""
        proxy = ""
        if not is_local(parts.netloc) and not urllib.request.proxy_bypass(host):
            proxy = urllib.request.getproxies().get(parts.scheme, "")
        if proxy and "://" not in proxy:
            proxy = f"http://{proxy}"
        if proxy not in self._pools:
            if not proxy:
                self._pools[proxy] = PoolManager(ssl_context=_trust(), maxsize=CONNECTIONS)
            else:
                user = urlsplit(proxy).username
                access = f"{user}:{urlsplit(proxy).password or ''}" if user else None
                named = make_headers(proxy_basic_auth=unquote(access) if access else None)
                self._pools[proxy] = ProxyManager(proxy, proxy_headers=named, ssl_context=_trust(), maxsize=CONNECTIONS)
        return self._pools[proxy]

    def allowed(self, url: str, former: str = "") -> None:
        """Refuse plain HTTP except to this machine; with `SWITCH` at 0, refuse all other machines.

        Args:
            former: the URL that redirected here, if any: only one on this machine may redirect to this machine.

        Raises:
            RegistryError: the URL is neither HTTPS nor on this machine.
            SwitchedOff: the user allows only registries on this machine.
        """
        try:
            parts = urlsplit(url)
            # without a user, and without the dot at the end of a full name
            host = (parts.hostname or "").rstrip(".")
        except ValueError:
            raise RegistryError(f"{urlsplit(former or url).netloc} redirects to {url!r}, which is not a URL") from None
        here = is_local(f"[{host}]" if ":" in host else host)
        if parts.scheme != "https" and not (parts.scheme == "http" and here):
            raise RegistryError(f"{urlsplit(former or url).netloc} redirects to {url}, which is not HTTPS")
        if former and (here or _leads_here(host)) and not is_local(urlsplit(former).netloc):
            raise RegistryError(f"{urlsplit(former).netloc} redirects to {url}, which is this machine")
        if not here and os.environ.get(SWITCH) == "0":
            raise SwitchedOff(f"{parts.netloc} is not used, because {SWITCH}=0")


def _leads_here(host: str) -> bool:
    """Return whether a host that is not loopback still leads to this machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host.endswith(".localhost")


def absolute_url(url: str, place: str) -> str:
    """Return the URL that a Location header leads to.

    Raises:
        RegistryError: the header has no valid URL.
    """
    try:
        return urljoin(url, place)
    except ValueError:
        raise RegistryError(f"{urlsplit(url).netloc} redirects to {place!r}, which is not a URL") from None


def _trust() -> ssl.SSLContext:
    """Return a context with the trusted certificates: the system's authorities, and the ones for AWS's calls."""
    import certifi

    context = ssl.create_default_context()
    bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where()
    try:
        context.load_verify_locations(bundle)
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(f"the certificates in {bundle} cannot be read ({error}): check AWS_CA_BUNDLE") from None
    return context


def error_text(answer: BaseHTTPResponse) -> str:
    """Return an error answer's text: the registry's own words, or its status. Closes the answer."""
    try:
        text = answer.read(WORDS).decode(errors="replace")
    except Exception:  # noqa: BLE001 (the words may be unreadable; the status is known)
        text = ""
    drain(answer)
    try:
        errors = json.loads(text)["errors"]
        words = "; ".join(str(one.get("message") or one.get("code")) for one in errors)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        words = " ".join(text.split())[:200] if "<" not in text else ""
    return f"HTTP {answer.status}" + (f": {words[:500]}" if words else "")


def drain(answer: BaseHTTPResponse) -> None:
    """End an unread answer: its connection is kept for reuse, or closed if much is left to read."""
    with suppress(Exception):  # the content is not wanted
        answer.read(WORDS)
    if not answer.closed:
        close(answer)
    answer.release_conn()


def close(answer: BaseHTTPResponse) -> None:
    """Close an answer's connection."""
    answer.close()
    answer.release_conn()


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds after which a registry allows another try (RFC 9110, 10.2.3), or 0 if it names none."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def rate_limit_text(host: str, status: int, reason: str) -> str:
    """Return the remedy for a used-up pull limit, which lasts for hours; empty for any other error.

    See https://docs.docker.com/docker-hub/usage/pulls/.
    """
    if status != 429 or "pull rate limit" not in reason:
        return ""
    name = "Docker Hub" if host.endswith("docker.io") else host
    return (
        f"this IP address has reached the pull limit of {name} (100 in 6 hours without a login): log in with `docker "
        f"login`, use a copy of the image on public.ecr.aws if there is one, or wait ({reason})"
    )


def reason_of(error: Exception) -> str:
    """Return a network failure in few words."""
    text = str(getattr(error, "original_error", None) or error)
    return " ".join(text.rpartition(": ")[2].split())[:200] or type(error).__name__
