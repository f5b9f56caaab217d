"""The certificate authority of databases and caches, instead of RDS's authorities and of Amazon's own."""

from __future__ import annotations

import functools
import hashlib
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
    from cryptography.x509 import Certificate, ExtensionType, KeyUsage

NAME = "Authority of the embedded cloud"
DAYS = 90
_making = threading.Lock()
"""Databases and tasks begin at the same time, and must get the same authority."""
BUNDLE_FOLDER, BUNDLE = "/run/rds", "ca-bundle.pem"
"""The place of the authority's certificate in a container that uses a database or a cache: a volume, as its root may
be read-only."""


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
            "store",
            [
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]),
                x509.BasicConstraints(ca=False, path_length=None),
                _usage("digital_signature"),
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
    rights: list[ExtensionType] = [x509.BasicConstraints(ca=True, path_length=0), _usage("key_cert_sign")]
    return Authority(key, _signed(key, key.public_key(), NAME, rights))


def _usage(only: str) -> KeyUsage:
    """Return the single use of a key as an extension, without which Python 3.13's strict check refuses an authority."""
    from cryptography import x509

    uses = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{use: use == only for use in uses})


def bundle() -> dict[str, bytes]:
    """Return the files in `BUNDLE_FOLDER`: the bundle, and the same under the name by which OpenSSL looks it up."""
    return {BUNDLE: authority().pem, f"{_looked_up()}.0": authority().pem}


def _looked_up() -> str:
    """Return the digest of the authority's name by which OpenSSL finds it in a directory (X509_NAME_hash)."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    # of the parts alone, without the head of two bytes that holds them together, in small letters
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME.lower())]).public_bytes()[2:]
    digest = hashlib.sha1(name, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


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
        builder = builder.add_extension(
            extension, critical=isinstance(extension, (x509.BasicConstraints, x509.KeyUsage))
        )
    return builder.sign(by, hashes.SHA256())
