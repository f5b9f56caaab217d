"""Watches which services and URLs are down, since when and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ecs_emulator.clock import CLOCK
from ecs_emulator.lock import LOCK
from ecs_emulator.outages import health, network, services, urls
from ecs_emulator.patch import on_reset

RUNS, REACHES = "runs", "reaches"


@dataclass
class Outage:
    """A time, in the clock's seconds, in which something was down; `until` is None while it is.

    `service` is whose it was, and `why` how it began. `part` says what was down: that URL, a name and a path pattern;
    `RUNS`, that one of the service's tasks runs; or `REACHES`, that those that run reach what they need. `of` is the
    service's ARN, which tells services of one name apart.
    """

    service: str
    since: float
    until: float | None
    why: str
    part: str
    of: str


@dataclass
class Watch:
    """What is watched: the services that were up when it began, and the URLs that answered, by their service's ARN."""

    on: bool = False
    began: float = 0.0
    services: Collection[str] = ()
    urls: Mapping[urls.Url, str] = field(default_factory=dict)
    found: list[Outage] = field(default_factory=list)

    def begin(self, paths: Mapping[str, str] | None = None) -> None:
        """Watch from now on, with nothing found yet.

        Args:
            paths: by service, the health check path that its new images answer; left out: whichever they are asked.
        """
        health.begin(paths or {})
        network.begin()
        self.services = [arn for arn, one in services.conditions().items() if not any(one)]
        self.urls = {url: one.service for url, one in urls.conditions().items() if not one.why}
        self.on, self.began, self.found = True, CLOCK.now(), []

    def update(self) -> None:
        """Note what has gone down or come up since the last time. Nothing is done while the watch is off."""
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
                self._note(arn, str(url), urls.condition(url).why)

    def _note(self, arn: str, part: str, why: str) -> None:
        """Note that something is down by now if there is a reason, and up if there is none."""
        lasting = next((one for one in self.found if (one.of, one.part, one.until) == (arn, part, None)), None)
        if why and lasting is None:
            self.found.append(Outage(arn.rpartition("/")[2], CLOCK.now(), None, why, part, arn))
        elif not why and lasting is not None:
            lasting.until = CLOCK.now()

    def shown(self) -> dict[str, Any]:
        """Return what was found, as `GET /_cloud/outages` answers it; nothing of what has no length.

        With `url`, empty for the service itself, and `removed`: that a service was stopped and then deleted.
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


WATCH = Watch()
"""The watch of this process's cloud."""


@on_reset
def forget() -> None:
    """Watch nothing any more."""
    WATCH.on, WATCH.services, WATCH.urls, WATCH.found = False, (), {}, []
    health.forget()
    network.forget()
