"""A delegation in a name server's reply: in its answer, in its referral, or absent."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rdataclass
import dns.rrset
import pytest

from provisioner.aws.dns import nameservers

SERVERS = ["ns-1.awsdns-01.com.", "NS-2.awsdns-02.net."]
Answer = Callable[[dns.message.Message], None]


@contextmanager
def server(answer: Answer) -> Iterator[int]:
    """Yield the port of a loopback name server whose every reply is made by `answer`."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            packet, socket = self.request
            reply = dns.message.make_response(dns.message.from_wire(packet))
            answer(reply)
            socket.sendto(reply.to_wire(), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Handler) as udp:
        threading.Thread(target=udp.serve_forever, args=(0.01,), daemon=True).start()
        yield udp.server_address[1]
        udp.shutdown()


def ns(owner: str) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(owner, 60, dns.rdataclass.IN, "NS", SERVERS)


def answered(reply: dns.message.Message) -> None:
    reply.answer.append(ns("example.com."))


def referred(reply: dns.message.Message) -> None:
    reply.authority.append(ns("example.com."))


def of_the_parent(reply: dns.message.Message) -> None:
    reply.authority.append(ns("com."))


def no_such_name(reply: dns.message.Message) -> None:
    reply.set_rcode(dns.rcode.NXDOMAIN)


def failing(reply: dns.message.Message) -> None:
    reply.set_rcode(dns.rcode.SERVFAIL)


def refusing(reply: dns.message.Message) -> None:
    reply.set_rcode(dns.rcode.REFUSED)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered, {"ns-1.awsdns-01.com", "ns-2.awsdns-02.net"}),
        (referred, {"ns-1.awsdns-01.com", "ns-2.awsdns-02.net"}),
        (of_the_parent, set()),
        (no_such_name, set()),
        (failing, None),
        (refusing, None),
    ],
)
def test_what_an_answer_says(answer: Answer, expected: set[str] | None) -> None:
    with server(answer) as port:
        assert nameservers("example.com", "127.0.0.1", port) == expected


def test_silence_says_nothing() -> None:
    with server(answered) as port:
        pass
    assert nameservers("example.com", "127.0.0.1", port) is None
