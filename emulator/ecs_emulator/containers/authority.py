"""The certificate authority of the databases, instead of the authorities in RDS's bundle."""

from __future__ import annotations

import functools
import io
import tarfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ecs_emulator.clock import real_now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate, ExtensionType

NAME = "Authority of the embedded cloud"
DAYS = 90
_making = threading.Lock()
"""Databases and tasks begin at the same time, and must get the same authority."""
BUNDLE_FOLDER, BUNDLE = "/run/rds", "ca-bundle.pem"
"""The place of the authority's certificate in a container that uses the database: a volume, as its root may be
read-only."""


@dataclass(frozen=True)
class Authority:
    """A certificate authority: a private key, which is in no file, and the certificate that clients trust."""

    key: EllipticCurvePrivateKey
    certificate: Certificate

    @property
    def pem(self) -> bytes:
        """The certificate as a bundle of one."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, names: Sequence[str]) -> bytes:
        """Return a new private key and a server certificate for host names, in one PEM text."""
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
        from cryptography.x509.oid import ExtendedKeyUsageOID

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(
            self.key,
            key.public_key(),
            "database",
            [
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]),
                x509.BasicConstraints(ca=False, path_length=None),
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
            ],
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + certificate.public_bytes(Encoding.PEM)


def authority() -> Authority:
    """Return the authority of this process: created at the first call, gone with the process."""
    with _making:
        return _authority()


@functools.cache
def _authority() -> Authority:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, _signed(key, key.public_key(), NAME, [x509.BasicConstraints(ca=True, path_length=0)]))


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return files as the tar archive that Docker's archive call takes; everybody in the container may read them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o444
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _signed(
    by: EllipticCurvePrivateKey, key: EllipticCurvePublicKey, name: str, extensions: Iterable[ExtensionType]
) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    begin = real_now() - timedelta(minutes=5)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]))
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(by, hashes.SHA256())
