"""Watch the services and URLs: record which are down, since when and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ecs_emulator.clock import CLOCK
from ecs_emulator.lock import LOCK
from ecs_emulator.outages import health, network, services, urls
from ecs_emulator.outages.urls import Url
from ecs_emulator.patch import on_reset

RUNS, REACHES = "runs", "reaches"


@dataclass
class Outage:
    """An outage, in the clock's seconds; `until` is None while it lasts.

    `service` is the service's name, and `why` the reason at the start. `part` is the part that was down: a URL (name
    and path pattern), `RUNS` (no task of the service runs), or `REACHES` (running tasks lack access). `of` is the
    service's ARN, which distinguishes services of one name.
    """

    service: str
    since: float
    until: float | None
    why: str
    part: str
    of: str


@dataclass
class Watch:
    """A watch over the services that were up at its start, and the URLs that answered, with their services' ARNs.

    Attributes:
        owners: by path pattern, or host and path pattern, the name of the service that is to answer it in the end.
    """

    on: bool = False
    began: float = 0.0
    services: Collection[str] = ()
    urls: Mapping[Url, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    found: list[Outage] = field(default_factory=list)

    def begin(self, paths: Mapping[str, str] | None = None, owners: Mapping[str, str] | None = None) -> None:
        """Watch from now on, without recorded outages.

        Args:
            paths: by service, the health check path that its new images answer; left out, they answer every path.
            owners: by path pattern, or host and path pattern, the name of the service that is to answer it from now
                on. Patterns that come new are watched too: others answer them until then.
        """
        health.begin(paths or {})
        network.begin()
        self.services = [arn for arn, one in services.conditions().items() if not any(one)]
        self.owners = owners or {}
        asked = urls.conditions() | urls.of_patterns(self.owners)
        self.urls = {url: one.service for url, one in asked.items() if not one.why}
        self.on, self.began, self.found = True, CLOCK.now(), []

    def update(self) -> None:
        """Record the parts that went down or came up since the last time. Do nothing while the watch is off."""
        if not self.on:
            return
        with LOCK:
            network.update()
            now = services.conditions()
            for arn in self.services:
                runs, reaches = now.get(arn, services.Condition(services.DELETED, ""))
                self._note(arn, RUNS, runs)
                self._note(arn, REACHES, reaches)
            for url, arn in self.urls.items():
                self._note(arn, str(url), self._why(url, arn))

    def _why(self, url: Url, before: str) -> str:
        """Return why a URL is not answered, or that neither its former nor its future service answers it."""
        found = urls.condition(url)
        owner = self.owners.get(f"{url.name}{url.pattern}", self.owners.get(url.pattern))
        name = _name(found.service)
        if found.why or owner is None or name in ("", _name(before), owner):
            return found.why
        return f"{name} answers it instead of {owner}"

    def _note(self, arn: str, part: str, why: str) -> None:
        """Begin an outage if there is a reason for one, and end it if there is none."""
        lasting = next((one for one in self.found if (one.of, one.part, one.until) == (arn, part, None)), None)
        if why and lasting is None:
            self.found.append(Outage(_name(arn), CLOCK.now(), None, why, part, arn))
        elif not why and lasting is not None:
            lasting.until = CLOCK.now()

    def shown(self) -> dict[str, Any]:
        """Return the outages as `GET /_cloud/outages` answers them, but no outages of length zero.

        Each also has `url`, empty for the service itself, and `removed`: whether the service was stopped and then
        deleted.
        """
        there = services.conditions().keys()
        outages = [
            asdict(one)
            | {
                "url": "" if one.part in (RUNS, REACHES) else one.part,
                "removed": one.part == RUNS and one.of not in there,
            }
            for one in self.found
            if one.until is None or one.until > one.since
        ]
        watched = {"services": sorted(self.services), "urls": sorted(map(str, self.urls))}
        return {"on": self.on, "began": self.began, "watched": watched, "outages": outages}


def _name(arn: str) -> str:
    """Return the name of a service."""
    return arn.rpartition("/")[2]


WATCH = Watch()
"""The watch of this process's cloud."""


@on_reset
def forget() -> None:
    """End the watch, and forget its outages."""
    WATCH.on, WATCH.services, WATCH.urls, WATCH.owners, WATCH.found = False, (), {}, {}, []
    health.forget()
    network.forget()
