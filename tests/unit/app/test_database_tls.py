"""The server that gets the backend's password: a server with just enough of MySQL's protocol to be sent it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy.exc import OperationalError

from backend.database import engine_for, reason
from backend.settings import Settings
from ecs_emulator.containers.authority import Authority, authority
from tests.unit.app.conftest import APP

BUNDLE = APP / "backend/rds-ca-bundle.pem"
CLIENT_SSL, CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH = 1 << 11, 1 << 9, 1 << 15, 1 << 19
DENIED = b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied"


def packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def greeting(*, tls: bool) -> bytes:
    able = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH | (CLIENT_SSL if tls else 0)
    plugin = b"mysql_native_password\0"
    low, high = struct.pack("<I", able)[:2], struct.pack("<I", able)[2:]
    return b"\x0a8.0.39\0" + struct.pack("<I", 7) + b"x" * 8 + b"\0" + low + b"\x2d\x02\0" + high + b"\x15" + (
        b"\0" * 10 + b"y" * 12 + b"\0" + plugin
    )  # fmt: skip


def received(connection: socket.socket) -> bytes:
    """Return one packet's payload; empty if the client has gone."""
    head = connection.recv(4)
    return connection.recv(int.from_bytes(head[:3], "little")) if head else b""


@contextlib.contextmanager
def server(pem: Path | None) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the port of a loopback server, and the logins sent to it; without a certificate, without TLS."""
    logins: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(packet(0, greeting(tls=pem is not None)))
            number = 2
            if pem is not None:
                assert len(received(connection)) == 32  # asks for TLS, and sends nothing else
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(pem)
                connection = context.wrap_socket(connection, server_side=True)
                number = 3
            with connection:
                if login := received(connection):
                    logins.append(login)
                    connection.sendall(packet(number, DENIED))

    thread = threading.Thread(target=talk)
    thread.start()
    with listening:
        yield listening.getsockname()[1], logins
        thread.join(10)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.pem"
    path.write_bytes(authority().pem)
    return path


def refusal(port: int, bundle: Path) -> OperationalError:
    settings = Settings("127.0.0.1", 1, 0, "info", "localhost", port, "sample", "dbadmin", "secret", str(bundle))
    engine = engine_for(settings)
    with pytest.raises(OperationalError) as caught:
        engine.connect()
    engine.dispose()
    return caught.value


def shown(directory: Path, by: Authority, name: str) -> Path:
    path = directory / "server.pem"
    path.write_bytes(by.issue([name]))
    return path


def test_the_database_that_shows_its_certificate_is_logged_in_to(tmp_path: Path, bundle: Path) -> None:
    with server(shown(tmp_path, authority(), "localhost")) as (port, logins):
        assert reason(refusal(port, bundle)) == "MySQL error 1045"
    assert b"dbadmin" in logins[0]


def test_who_has_a_certificate_for_another_name_gets_no_login(tmp_path: Path, bundle: Path) -> None:
    with server(shown(tmp_path, authority(), "database.db.internal")) as (port, logins):
        assert reason(refusal(port, bundle)) == "its certificate is not accepted"
    assert logins == []


def test_a_certificate_of_another_authority_gets_no_login(tmp_path: Path) -> None:
    with server(shown(tmp_path, authority(), "localhost")) as (port, logins):
        assert reason(refusal(port, BUNDLE)) == "its certificate is not accepted"
    assert logins == []


def test_who_speaks_no_tls_gets_no_login(bundle: Path) -> None:
    with server(None) as (port, logins):
        assert reason(refusal(port, bundle)) == "MySQL error 2026"
    assert logins == []


def test_all_who_ask_at_once_are_given_one_authority() -> None:
    script = "from concurrent.futures import ThreadPoolExecutor as Pool; from threading import Barrier; "
    script += "from ecs_emulator.containers.authority import authority; gate = Barrier(8); "
    script += "ask = lambda _: (gate.wait(), authority().pem)[1]; print(len(set(Pool(8).map(ask, range(8)))))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=APP.parent)
    assert ended.stdout == "1\n"


def test_the_bundle_holds_rds_root_certificates_alone() -> None:
    found = x509.load_pem_x509_certificates(BUNDLE.read_bytes())
    regions: dict[str, int] = {}
    for certificate in found:
        (name,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        (owner,) = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
        named = re.fullmatch(r"Amazon RDS ([a-z]+-[a-z]+-\d) Root CA (RSA2048|RSA4096|ECC384) G1", str(name.value))
        assert named, name.value
        assert owner.value == "Amazon Web Services, Inc."
        certificate.verify_directly_issued_by(certificate)
        regions[named[1]] = regions.get(named[1], 0) + 1
    assert set(regions.values()) == {3}
    assert {"ap-northeast-1", "eu-west-1", "us-east-1"} <= regions.keys()
    assert len(regions) == 32
    assert b"PRIVATE KEY" not in BUNDLE.read_bytes()
