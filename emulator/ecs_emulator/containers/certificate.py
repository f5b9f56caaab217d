"""Write a self-signed certificate as a substitute for ACM's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

from ecs_emulator.clock import real_now

DAYS = 90


def write_certificate(directory: Path, names: Sequence[str]) -> Path:
    """Write a key and a certificate for names, localhost and 127.0.0.1 into one file that only the user can read.

    Returns:
        The file, `<first name>.pem`. A client that has to trust the certificate can be given this file.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    others = [x509.DNSName(one) for one in (*names, "localhost")]
    begin = real_now() - timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([*others, x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        # a client that trusts it trusts only these names, and nothing that is signed with its key
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{names[0].replace('*', 'any')}.pem"
    # replace any existing file by a new one: no link is followed, and no mode is kept
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    draft.replace(path)
    return path
