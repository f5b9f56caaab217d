"""The authority of databases and caches: strict clients accept its certificates, and find it in a directory."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ecs_emulator.containers.authority import BUNDLE, authority, bundle

NAME = "master.shop-prod.abc123.use1.cache.amazonaws.com"


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> str:
    """Let two ends of TLS speak without a network; return the version that they agree on."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for end in ends * 4:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return str(ends[0].version())


@pytest.fixture
def server(tmp_path: Path) -> ssl.SSLContext:
    """A server with a certificate for `NAME`."""
    (tmp_path / "server.pem").write_bytes(authority().issue([NAME]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    return context


def strict() -> ssl.SSLContext:
    """A client that trusts nobody yet, and checks as Python 3.13's default does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def test_a_strict_client_finds_the_authority(tmp_path: Path, server: ssl.SSLContext) -> None:
    for name, content in bundle().items():
        if name != BUNDLE:
            (tmp_path / name).write_bytes(content)
    client = strict()
    client.load_verify_locations(capath=str(tmp_path))
    assert handshake(client, server, NAME) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(client, server, "elsewhere.example.com")


def test_a_client_without_the_authority_refuses(server: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        handshake(strict(), server, NAME)
