"""The frontend's HTTP interface: the page, its form, and what the platform asks for."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs

import httpx
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.client import Backend, InvalidEntry, Overview, Unavailable
from frontend.picture import draw, way
from service.bodies import read_body
from service.telemetry import REQUEST_ID, Metrics, Telemetry
from service.whereabouts import Whereabouts

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    # With "no-referrer", browsers would send the form with "Origin: null" (Fetch, append a request Origin header)
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""On every response. The page has no script, and its only style sheet and icon are its own files."""
HSTS = {"Strict-Transport-Security": "max-age=31536000"}
"""On what came over HTTPS, as RFC 6797 wants it: for a year, browsers come by HTTPS whatever a link says."""
FIELDS = ("token", "name", "text")
TEMPLATES = Environment(
    loader=PackageLoader("frontend"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def create_app(client: httpx.AsyncClient, here: Whereabouts, draining: Event) -> ASGIApp:
    """Return the frontend as an ASGI application, which closes the client when it ends."""
    frontend = Frontend(Backend(client), here, draining)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    app = Starlette(
        routes=[
            Route("/", frontend.page),
            Route("/", frontend.write, methods=["POST"]),
            Route("/health", frontend.health),
            Route("/ready", frontend.ready),
            Route("/metrics", frontend.metrics),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(SecurityHeaders)],
        lifespan=lifespan,
    )
    return Telemetry(app, frontend.counts)


class Frontend:
    """The endpoints."""

    def __init__(self, backend: Backend, here: Whereabouts, draining: Event) -> None:
        self._backend = backend
        self._here = here
        self._draining = draining
        self.counts = Metrics()

    async def health(self, _: Request) -> Response:
        """Say that the process answers. Not more: without the backend, the page that says so is still wanted."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Say whether a request could be served now."""
        if self._draining.is_set():
            return JSONResponse({"status": "draining"}, 503)
        if not await self._backend.healthy():
            return JSONResponse({"status": "the backend does not answer"}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Answer with the metrics, unless the request came through a load balancer."""
        if "x-forwarded-for" in request.headers:
            return PlainTextResponse("Not Found", 404)
        return PlainTextResponse(self.counts.text())

    async def page(self, request: Request) -> Response:
        """Show the page."""
        return await self._show(request, 200, _empty(), {})

    async def write(self, request: Request) -> Response:
        """Store an entry, and go back to the page; or show what hinders, with what was written still there."""
        if is_foreign(request):
            raise HTTPException(403, "Another site sent this form. Please write on the page itself.")
        form = _form(await read_body(request))
        try:
            await self._backend.add(**form)
        except InvalidEntry as error:
            return await self._show(request, 422, form, error.fields)
        except Unavailable as error:
            used = error.code == "token-used"
            form["token"] = _empty()["token"] if used else form["token"]
            problems = {"form": f"Not stored yet. {error} Please send it again."}
            return await self._show(request, 409 if used else 503, form, problems)
        return RedirectResponse("/", 303)

    async def _show(
        self, request: Request, status: int, form: Mapping[str, str], problems: Mapping[str, str]
    ) -> Response:
        outcome: Overview | Unavailable
        headers = {"Cache-Control": "no-store"}
        try:
            outcome = await self._backend.overview()
        except Unavailable as error:
            outcome, status = error, 503
            if not problems:  # what was written would be lost
                headers |= {"Refresh": "5", "Retry-After": "5"}
        context: dict[str, Any] = {
            "form": form,
            "here": self._here,
            "outcome": outcome if isinstance(outcome, Overview) else None,
            "picture": draw(way(self._here, request.headers.get("x-forwarded-proto"), outcome)),
            "problem": str(outcome) if isinstance(outcome, Unavailable) else "",
            "problems": problems,
            "refreshes": "Refresh" in headers,
            "request_id": REQUEST_ID.get(),
        }
        return HTMLResponse(TEMPLATES.get_template("page.html").render(context), status, headers)


class SecurityHeaders:
    """Adds the headers that keep a browser from doing more with a response than the page needs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request as ASGI asks for."""
        secure = scope["type"] == "http" and _over_https(Request(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY | HSTS if secure else SECURITY)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def is_foreign(request: Request) -> bool:
    """Tell whether a browser sent the request for another site than the one that it is sent to.

    Browsers say so themselves, and no page can change what they say: by `Sec-Fetch-Site` on HTTPS and on localhost
    (Fetch Metadata), and by `Origin` everywhere with a POST (Fetch). What sends neither is no browser: nobody's cookies
    or network are misused by it.
    """
    if site := request.headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
    return origin is not None and origin != f"{scheme}://{request.headers.get('host', '')}"


def _over_https(request: Request) -> bool:
    """Tell whether the browser speaks HTTPS to the load balancer, under a name that is not every developer's own.

    Browsers keep the rule by host name alone: on localhost it would hold for whatever else runs there.
    """
    return request.headers.get("x-forwarded-proto") == "https" and request.url.hostname != "localhost"


def _empty() -> dict[str, str]:
    return {"token": str(uuid.uuid4()), "name": "", "text": ""}


def _form(body: bytes) -> dict[str, str]:
    """Return the fields of a form as browsers send it (application/x-www-form-urlencoded)."""
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=len(FIELDS))
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    return {name: fields.get(name, [""])[-1] for name in FIELDS}
