"""Mask a report before a person sends it: account numbers, names, addresses, and all foreign resources.

A masked value keeps its format, and the same value always has the same mask, so that formats and connections are still
readable.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.reads import reads
from tests.aws.stack import PROJECT
from tests.contract import calls

ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
KEY = re.compile(r"\b(A[A-Z]{2}A)[A-Z2-7]{12,17}\b")
"""Access keys and the ids of users and roles: a prefix of four letters, such as AKIA, ASIA, AIDA, AROA."""
PRINCIPAL = re.compile(r"(?<=:)(user/|assumed-role/|federated-user/)[\w+=,.@/-]+")
OF_AWS = frozenset(
    {
        *("DescribeAvailabilityZones", "DescribeVpcEndpointServices", "DescribeInstanceTypeOfferings"),
        *("DescribeDBClusterParameters", "ListAccountSettings", "DescribeImages"),
    }
)
"""Operations that list AWS's own resources, or the stack's own images."""
ID = re.compile(r"\b[a-z]+-(?=[a-z]*\d)[0-9a-z]{8,17}\b|\bZ[0-9A-Z]{10,}\b|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids that AWS gives: with a digit, so that names of Regions do not match."""


@dataclass
class Masks:
    """The values masked so far, with their masks.

    Attributes:
        domain: the public zone that the stack is in.
        zones: the names of all public zones of the account.
    """

    domain: str
    zones: Iterable[str] = ()
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: int = 0

    def text(self, text: str) -> str:
        """Return a text with everything masked that identifies the account."""
        text = self._name(text, "the domain", self.domain, lambda number: "example.com")
        for zone in sorted(set(self.zones) - {self.domain}, key=len, reverse=True):
            text = self._name(text, "domains of other zones", zone, lambda number: f"zone{number}.example")
        text = EMAIL.sub(lambda f: self._masked("e-mail addresses", f[0], lambda n: f"user{n}@example.com"), text)
        text = PRINCIPAL.sub(lambda f: self._masked("users and roles", f[0], lambda n: f"{f[1]}name{n}"), text)
        text = KEY.sub(lambda f: self._masked("ids of keys and users", f[0], lambda n: f"{f[1]}{'A' * 15}{n:X}"), text)
        text = ACCOUNT.sub(lambda f: self._masked("account numbers", f[0], lambda n: f"{n:012}"), text)
        return ADDRESS.sub(lambda f: self._address(f[0]), text)

    def value(self, value: Any) -> Any:
        """Return a JSON value with all its texts masked."""
        return json.loads(self.text(json.dumps(value, default=str)))

    def log(self, lines: Iterable[str]) -> list[str]:
        """Return the lines of a log of calls, masked, and without foreign resources in the answers."""
        events = list(calls.parsed(lines))
        own = {name for event in events if not _read(event) for name in ID.findall(json.dumps(event.get("answer")))}
        return [self.text(json.dumps(self._own(event, own), separators=(",", ":"))) for event in events]

    def said(self) -> str:
        """Return the numbers of masked values, by kind."""
        parts = [f"{sort}: {len(values)}" for sort, values in sorted(self.known.items())]
        return f"{', '.join(parts) or 'nothing'}; left out of lists, as not the stack's: {self.left_out}"

    def _own(self, event: dict[str, Any], own: set[str]) -> dict[str, Any]:
        """Return a call with null in place of each foreign item in the lists of its answer."""
        answer = event.get("answer")
        if not isinstance(answer, dict) or not _read(event) or event["operation"] in OF_AWS:
            return event

        def kept(item: Any) -> Any:
            text = json.dumps(item)
            if PROJECT in text or any(name in text for name in own):
                return item
            self.left_out += 1
            return None

        lists = {name: [kept(item) for item in items] for name, items in answer.items() if isinstance(items, list)}
        return event | {"answer": answer | lists}

    def _name(self, text: str, sort: str, name: str, mask: Callable[[int], str]) -> str:
        pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
        return pattern.sub(lambda found: self._masked(sort, found[0].lower(), mask), text)

    def _masked(self, sort: str, value: str, mask: Callable[[int], str]) -> str:
        known = self.known.setdefault(sort, {})
        if value in known.values():
            return value  # a mask, met again
        return known.setdefault(value, mask(len(known) + 1))

    def _address(self, address: str) -> str:
        try:
            is_public = ipaddress.ip_address(address).is_global
        except ValueError:
            return address
        # from 198.18.0.0/15, which is reserved for tests
        mask = (lambda number: str(ipaddress.ip_address("198.18.0.0") + number)) if is_public else None
        return self._masked("public addresses", address, mask) if mask else address


def _read(event: dict[str, Any]) -> bool:
    return event.get("event") == "call" and reads(event["operation"])
