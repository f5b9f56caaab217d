"""A small DNS server on the loopback, which answers as the internet does for the account's delegated zones."""

from __future__ import annotations

import hashlib
import re
import socket
import socketserver
import threading
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from ecs_emulator.clock import passed
from ecs_emulator.domains import is_delegated, normal
from ecs_emulator.lock import LOCK

_AWS_SERVER = re.compile(r"ns-\d+\.awsdns-\d\d\.(com|net|org|co\.uk)")


def serve(bound: socket.socket) -> None:
    """Answer the queries at a UDP socket in a daemon thread, as long as the process lives."""
    server = socketserver.ThreadingUDPServer(bound.getsockname(), _Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = bound
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="dns", daemon=True).start()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        packet, bound = self.request
        try:
            answer = respond(dns.message.from_wire(packet)).to_wire()
        except (dns.exception.DNSException, IndexError):
            return  # no query, or a query without a question: anybody can send these
        bound.sendto(answer, self.client_address)


def respond(query: dns.message.Message) -> dns.message.Message:
    """Return the answer to a parsed query: follow CNAMEs inside the account, answer an unknown name with NXDOMAIN."""
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.AA
    question = query.question[0]
    name, record_type = normal(question.name.to_text()), dns.rdatatype.to_text(question.rdtype)
    if record_type == "A" and _AWS_SERVER.fullmatch(name):
        answer.answer.append(dns.rrset.from_text(f"{name}.", 60, dns.rdataclass.IN, record_type, address_of(name)))
        return answer
    for _ in range(8):
        zone = _zone(name)
        known, values = answer_from(zone, f"{name}.", record_type) if zone else (False, [])
        if values:
            answer.answer.append(dns.rrset.from_text_list(f"{name}.", 60, dns.rdataclass.IN, record_type, values))
            return answer
        _, alias = answer_from(zone, f"{name}.", "CNAME") if zone else (False, [])
        if not alias or record_type == "CNAME":
            break
        answer.answer.append(dns.rrset.from_text_list(f"{name}.", 60, dns.rdataclass.IN, "CNAME", alias))
        name = normal(alias[0])
    if not known and not answer.answer:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer


def address_of(server: str) -> str:
    """Return an address for one of AWS's name servers, from a network that is reserved for documentation."""
    return f"198.51.100.{hashlib.sha256(server.encode()).digest()[0] % 254 + 1}"


def public_zones() -> list[Any]:
    """Return all public hosted zones of all accounts."""
    from moto.route53.models import route53_backends

    zones = (zone for backend in list(route53_backends.values()) for zone in list(backend["aws"].zones.values()))
    return [zone for zone in zones if not zone.private_zone]


def _zone(name: str) -> Any:
    """Return the delegated public zone that contains `name`, the longest if there are several."""
    with LOCK:
        zones = [zone for zone in public_zones() if is_delegated(zone.name)]
    labels = name.split(".")
    inside = [zone for zone in zones if labels[-len(_labels(zone)) :] == _labels(zone)]
    return max(inside, key=lambda zone: len(zone.name), default=None)


def _labels(zone: Any) -> list[str]:
    return normal(zone.name).split(".")


def answer_from(zone: Any, name: str, record_type: str) -> tuple[bool, list[str]]:
    """Return whether `zone` knows `name`, and its values of type `record_type`: exact first, then a wildcard."""
    with LOCK:
        records = served(zone)
    exact = [record for record in records if record.name == name]
    wildcard = "\\052." + name.partition(".")[2]
    found = exact or [record for record in records if record.name == wildcard]
    values = [value for record in found if record.type == record_type for value in _values(record)]
    if record_type in ("CNAME", "NS"):
        values = [value.rstrip(".") + "." for value in values]
    return bool(found), values


def served(zone: Any) -> list[Any]:
    """Return a zone's records at the name servers: the records before the first change that is not INSYNC yet."""
    earlier = zone.__dict__.get("earlier", [])
    while earlier and passed(earlier[0][0]):
        earlier.pop(0)
    return list(earlier[0][1] if earlier else zone.rrsets)


def _values(record: Any) -> list[str]:
    if not record.alias_target:
        return list(record.records)
    if not _leads_on(record.alias_target["DNSName"]):
        return []
    # AWS answers an alias with the target's addresses; here they come from the range for documentation.
    digest = hashlib.sha256(record.alias_target["DNSName"].lower().encode()).digest()
    hosts = dict.fromkeys(byte % 254 + 1 for byte in digest)
    return [f"203.0.113.{host}" for host in list(hosts)[:3]]


def _leads_on(target: str) -> bool:
    """Return whether the target of an alias exists: the name of a deleted load balancer has no addresses."""
    from moto.elbv2.models import elbv2_backends

    host = normal(target).removeprefix("dualstack.")
    if not host.endswith(".elb.amazonaws.com"):
        return True
    backends = [backend for by_region in list(elbv2_backends.values()) for backend in list(by_region.values())]
    return any(host == one.dns_name.lower() for backend in backends for one in list(backend.load_balancers.values()))
