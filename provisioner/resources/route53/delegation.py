"""The delegation of a public zone by its parent zone: only read, since only the parent's owner can change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import WaitingOnUser
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.route53.api import API
from provisioner.resources.route53.zones import name_servers


@dataclass(frozen=True)
class Delegation(Resource):
    """The parent zone's delegation of a public zone, without which nobody finds the zone's records: only read.

    If the parent points elsewhere, the run stops here and names the records that the user has to set. If it also points
    to other servers, `other_name_servers` lists them: they need the zone's records as well.
    """

    domain: str
    hosted_zone_id: str

    type_name = "delegation"
    has_tags = False
    api = API
    identity = ("domain", "hosted_zone_id")
    retained = True
    retained_because = "it is a record in the parent zone, which only its owner can change"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for domain, zone_id in {(fields["domain"], fields["hosted_zone_id"]) for fields in known}:
            if not unknown(zone_id):
                with IgnoreNotFound():
                    yield cls._look(aws, domain, zone_id)

    @staticmethod
    def _look(aws: Aws, domain: str, zone_id: str) -> Observed:
        from provisioner.aws.dns import nameservers

        wanted = name_servers(aws.read("route53", "get_hosted_zone", Id=zone_id))
        there = nameservers(domain, *(aws.resolver or ()))
        # no answer proves nothing: the certificate will show whether the zone can be found
        delegated = there is None or _delegated(aws, there, wanted)
        status = "" if delegated or there is None else _what_to_set(domain, zone_id, wanted, there)
        others = sorted(there.difference(wanted)) if there and not there.isdisjoint(wanted) else []
        outputs = {"other_name_servers": others} if others else {}
        attributes = {"domain": domain, "hosted_zone_id": zone_id}
        return Observed(f"{domain}|{zone_id}", attributes, outputs, status=status)

    def create(self, aws: Aws, token: str) -> Observed:
        # nothing is created: this is the first read of a zone that this run created
        return self._look(aws, self.domain, self.hosted_zone_id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status:
            raise WaitingOnUser(live.status)
        return None


def _delegated(aws: Aws, there: set[str], wanted: Sequence[str]) -> bool:
    """Return whether the parent points to the zone's name servers, by their names or by other names of the same hosts.

    The latter are white-label name servers (Route 53 guide). Further servers are a second DNS provider's.
    """
    from provisioner.aws.dns import addresses

    if not there or not there.isdisjoint(wanted):
        return bool(there)
    where = aws.resolver or ()
    return not addresses(sorted(there), *where).isdisjoint(addresses(wanted, *where))


def _what_to_set(domain: str, zone_id: str, wanted: Sequence[str], there: set[str]) -> str:
    now = ", ".join(sorted(there)) or "none"
    records = "".join(f"\n  {domain}. NS {server}." for server in wanted)
    return (
        f"{domain} is not delegated to its hosted zone {zone_id} (current name servers: {now}). Set these name servers "
        f"at the registrar or in the parent zone, then run `provision up` again:{records}"
    )
