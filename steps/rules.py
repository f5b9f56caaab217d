"""The rules of the load balancer: their conditions, and their priorities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from zlib import crc32

from provisioner.config import path_patterns
from provisioner.config.host_names import ANY
from provisioner.config.hosts import BAND_OF_ANY
from provisioner.config.models import Config
from provisioner.config.path_patterns import ALL
from provisioner.config.together import for_any, for_open
from provisioner.resources.elbv2.conditions import host, path, without_beginning

LAST_PRIORITY = 50_000
BAND = LAST_PRIORITY // 130
"""The number of priorities for all paths of one length; there are 128 lengths."""
FIRST_OF_ANY = 128 * BAND + 1
"""Behind all bands: the first priority of rules for all names below the domain."""


@dataclass(frozen=True)
class Rule:
    """The request that a rule takes, and its service.

    Attributes:
        service: the service that gets the requests.
        hosts: the hosts; none if any will do. paths: the path patterns.
        own: whether the service has `hosts`: then others may have the same path.
        taken_off: the beginning of the path that the service does not get; empty if it gets all.
        open: whether it is for paths that need no sign-in.
    """

    service: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    own: bool
    taken_off: str = ""
    open: bool = False

    @property
    def for_any(self) -> bool:
        """Return whether it is for all names below the domain."""
        return any(ANY in one for one in self.hosts)

    @property
    def conditions(self) -> Sequence[Mapping[str, Any]]:
        """The conditions in AWS's spelling."""
        # a rule needs one condition at least
        asked = [path(*self.paths)] if self.paths != (ALL,) or not self.hosts else []
        return [*([host(*self.hosts)] if self.hosts else []), *asked]

    @property
    def transforms(self) -> Sequence[Mapping[str, Any]]:
        """The changes of the request before the service gets it, in AWS's spelling."""
        return without_beginning(self.taken_off) if self.taken_off else ()


def rules(config: Config, without: str | None) -> dict[str, Rule]:
    """Return the rules of the public services by their names in the stack.

    Without `hosts` in any service no rule asks for a host. Otherwise services without hosts are asked for by the
    stack's public name, so that they take nothing from the hosts of others; at a listener of others always.

    Args:
        without: the service that gets the requests that no rule takes.
    """
    found: dict[str, Rule] = {}
    for name, service in config.public.items():
        own = config.hosts.get(name, ())
        bare = (config.fqdn,) if config.fqdn and (config.hosts or config.listener) else ()
        off = path_patterns.beginning(service.path) if service.strip_path else ""
        exact, any_ = (tuple(one for one in own if (ANY in one) is wild) for wild in (False, True))
        its = {}
        if exact or not own:
            its[name] = Rule(name, exact or bare, service.path, bool(own), off)
        if any_:
            # a rule of its own, as its place is behind all others
            its[for_any(name)] = Rule(name, any_, service.path, own=True, taken_off=off)
        if name != without:
            found |= its
        if service.sign_in_except:
            paths = service.sign_in_except
            found |= {for_open(one): replace(rule, paths=paths, open=True) for one, rule in its.items()}
    return found


def priorities(wanted: Mapping[str, Rule], standing: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """Return a priority for each rule: longer paths first; a standing rule keeps its own.

    Paths of one length share a band of priorities; different hosts exclude each other, so they need no order. A list
    has one rule, in the band of its longest path. Rules for all names below the domain come after those for single
    names. In its band, a new rule takes the place of its checksum, or the next free one.

    Args:
        standing: the priorities of the recorded rules, by name. One that is given up is free for others only in the
            next run: until traffic moves, the rule keeps it.
    """
    taken = {standing[name]: name for name in wanted if name in standing}
    found: dict[str, int] = {}
    for name, rule in sorted(wanted.items()):
        band, stands = _band(rule), standing.get(name, 0)
        if stands not in band or taken[stands] != name:
            free = [place for place in _places(rule, band) if place not in taken]
            # where there are few places, one that is given up in this run is better than none
            stands = next(iter(free), None) or next(p for p in _places(rule, band) if p not in found.values())
            taken[stands] = name
        found[name] = stands
    return found


def _band(rule: Rule) -> range:
    length = path_patterns.length(path_patterns.longest(rule.paths))
    if rule.for_any:
        first = FIRST_OF_ANY + (128 - length) * BAND_OF_ANY
        return range(first, first + BAND_OF_ANY)
    first = (128 - length) * BAND + 1
    return range(first, first + BAND)


def _places(rule: Rule, band: range) -> Iterator[int]:
    """Yield the places of a band, that of the rule's checksum first."""
    # by the path alone, as before there were hosts: no standing rule gets another place
    longest = path_patterns.longest(rule.paths)
    begin = crc32((f"{longest} {rule.service}" if rule.own else longest).encode())
    yield from (band[(begin + step) % len(band)] for step in range(len(band)))
