"""The certificate of the local entry: trusted for its names, and for nothing else."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ecs_emulator.containers.certificate import write_certificate

HOST = "app.example.com"


def shake_hands(trusted: Path, shown: Path, host: str) -> None:
    """Connect a client that trusts one file with a server that shows another; raise the client's error."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(trusted))
    server.load_cert_chain(shown)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends: list[Any] = [client.wrap_bio(back, there, server_hostname=host), server.wrap_bio(there, back, True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_a_client_that_trusts_it_finds_the_names(tmp_path: Path) -> None:
    path = write_certificate(tmp_path, [HOST])
    shake_hands(path, path, HOST)
    shake_hands(path, path, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(path, path, "bank.example")


def test_what_its_key_signs_is_not_trusted(tmp_path: Path) -> None:
    path = write_certificate(tmp_path, [HOST])
    pem = path.read_bytes()
    key: Any = serialization.load_pem_private_key(pem, None)
    issuer, other = x509.load_pem_x509_certificate(pem), ec.generate_private_key(ec.SECP256R1())
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bank.example")]))
        .issuer_name(issuer.subject)
        .public_key(other.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(minutes=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    forged = tmp_path / "forged.pem"
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    forged.write_bytes(other.private_bytes(*private) + leaf.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(path, forged, "bank.example")


def test_no_link_is_followed_and_no_mode_kept(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    elsewhere.chmod(0o644)
    (tmp_path / f"{HOST}.pem").symlink_to(elsewhere)
    path = write_certificate(tmp_path, [HOST])
    assert elsewhere.read_text() == "theirs"
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert not path.is_symlink()
