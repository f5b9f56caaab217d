"""The rules of the load balancer: their conditions, and their priorities."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from provisioner.config.host_names import ANY
from provisioner.config.models import Config
from provisioner.config.together import for_any
from provisioner.resources.elbv2.conditions import host, path

LAST_PRIORITY = 50_000
BAND = LAST_PRIORITY // 130
"""The number of priorities for all paths of one length; there are 128 lengths."""
FIRST_OF_ANY, BAND_OF_ANY = 128 * BAND + 1, (LAST_PRIORITY - 128 * BAND) // 128
"""Behind all bands: the first priority of rules for all names below the domain, and their number for each length."""


@dataclass(frozen=True)
class Rule:
    """The request that a rule takes, and its service.

    Attributes:
        service: the service that gets the requests.
        hosts: the hosts; none if any will do. path: the path pattern.
        own: whether the service has `hosts`: then others may have the same path.
    """

    service: str
    hosts: tuple[str, ...]
    path: str
    own: bool

    @property
    def for_any(self) -> bool:
        """Return whether it is for all names below the domain."""
        return any(ANY in one for one in self.hosts)

    @property
    def conditions(self) -> Sequence[Mapping[str, Any]]:
        """The conditions in AWS's spelling."""
        # a rule needs one condition at least
        asked = [path(self.path)] if self.path != "/*" or not self.hosts else []
        return [*([host(*self.hosts)] if self.hosts else []), *asked]


def rules(config: Config, without: str | None) -> dict[str, Rule]:
    """Return the rules of the public services by their names in the stack.

    Without `hosts` in any service no rule asks for a host. Otherwise services without hosts are asked for by the
    stack's public name, so that they take nothing from the hosts of others.

    Args:
        without: the service that gets the requests that no rule takes.
    """
    found = {}
    for name, service in config.public.items():
        own = config.hosts.get(name, ())
        if name == without:
            continue
        bare = (config.fqdn,) if config.hosts else ()
        exact, any_ = (tuple(one for one in own if (ANY in one) is wild) for wild in (False, True))
        if exact or not own:
            found[name] = Rule(name, exact or bare, service.path, bool(own))
        if any_:
            found[for_any(name) if exact else name] = Rule(name, any_, service.path, own=True)
    return found


def priorities(wanted: Mapping[str, Rule], standing: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return a priority for each rule: longer paths first, and stable when other rules are added.

    Paths of one length share a band of priorities; different hosts exclude each other, so they need no order. Rules for
    all names below the domain come after those for single names. In its band, a rule keeps its present place, or takes
    that of its checksum, or the next free one.

    Args:
        standing: the present priorities by name.
    """
    taken: dict[int, str] = {}
    there = standing or {}
    for name, rule in sorted(wanted.items()):
        if there.get(name) in _band(rule) and there[name] not in taken:
            taken[there[name]] = name
    kept = set(taken.values())
    # a place that another rule has now is free only after its deletion
    occupied = {priority for name, priority in there.items() if name not in kept}
    for name, rule in sorted(wanted.items()):
        if name not in kept:
            taken[_free(rule, _band(rule), taken.keys(), occupied)] = name
    return {name: place for place, name in taken.items()}


def _band(rule: Rule) -> range:
    length = len(rule.path.rstrip("*"))
    if rule.for_any:
        first = FIRST_OF_ANY + (128 - length) * BAND_OF_ANY
        return range(first, first + BAND_OF_ANY)
    first = (128 - length) * BAND + 1
    return range(first, first + BAND)


def _free(rule: Rule, band: range, taken: Collection[int], occupied: Collection[int]) -> int:
    # by the path alone, as before there were hosts: no standing rule gets another place
    sign = f"{rule.path} {rule.service}" if rule.own else rule.path
    begin = crc32(sign.encode())
    places = [band[(begin + step) % len(band)] for step in range(len(band))]
    free = [place for place in places if place not in taken]
    return next((place for place in free if place not in occupied), free[0])
