"""The HTTPS port of a load balancer on this machine shows the certificate that the listener has now."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends

from provisioner.emulator.containers import entry

ACCOUNT, REGION, ARN = "210987654321", "eu-west-1", "arn:balancer"


@pytest.fixture
def listener() -> Iterator[SimpleNamespace]:
    """A listener for HTTPS of a load balancer, as moto has them, and two certificates."""
    certificates: dict[str, Any] = acm_backends[ACCOUNT][REGION]._certificates
    for name in ("app", "shop"):
        certificates[name] = SimpleNamespace(common_name=f"{name}.example.com", sans=[])
    one = SimpleNamespace(protocol="HTTPS", certificate="app")
    balancers: dict[str, Any] = elbv2_backends[ACCOUNT][REGION].load_balancers
    balancers[ARN] = SimpleNamespace(arn=ARN, listeners={"https": one})
    yield one
    balancers.clear()
    certificates.clear()


def shown(url: str) -> list[str]:
    """The DNS names of the certificate that is shown there."""
    place = urlsplit(url)
    certificate = x509.load_pem_x509_certificate(
        ssl.get_server_certificate((str(place.hostname), place.port or 0)).encode()
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


def test_another_certificate_is_shown_by_the_next_handshake(tmp_path: Path, listener: SimpleNamespace) -> None:
    entry._keep(tmp_path)
    (before,) = entry.shown()
    assert "app.example.com" in shown(before["url"])
    listener.certificate = "shop"
    entry._keep(tmp_path)
    (after,) = entry.shown()
    assert (after["url"], after["names"]) == (before["url"], ("shop.example.com",))
    assert "shop.example.com" in shown(after["url"])
    elbv2_backends[ACCOUNT][REGION].load_balancers.clear()
    entry._keep(tmp_path)
    assert entry.shown() == []
