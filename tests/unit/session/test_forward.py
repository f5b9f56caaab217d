"""Connections through one session: whole, both ways, over connections that lose, double, reorder, break and end."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs_emulator.sessions import channel as agents
from ecs_emulator.sessions import ports, wire
from provisioner.session import forward, mux
from provisioner.session.channel import Channel, SessionFailed
from provisioner.session.forward import Forward
from provisioner.session.mux import BadMux, Command, Mux
from tests.unit.session.rig import Faults, Rig, serving

FAULTS = {
    "none": Faults,
    "loss": lambda: Faults(loss=0.1),
    "double": lambda: Faults(double=0.3),
    "late": lambda: Faults(late=0.3),
    "broken": lambda: Faults(broken=0.05),
    "cuts": lambda: Faults(cuts=(8, 60, 300)),
}


@pytest.fixture
def behind() -> Iterator[int]:
    """Yield the port of a server that answers each message with its digest and its content."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            for line in stream:
                content = stream.read(int(line))
                stream.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
                stream.flush()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


class Tunnel:
    """A forwarding in a thread of its own."""

    def __init__(self, channel: Channel) -> None:
        self.listener, self.said, self.error = socket.create_server(("127.0.0.1", 0)), list[str](), list[Exception]()
        self.listener.setblocking(False)
        ready = threading.Event()

        def run() -> None:
            try:
                Forward(channel, self.listener, self.said.append).run(ready.set)
            except SessionFailed as error:
                self.error.append(error)
                ready.set()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert ready.wait(30)

    def connect(self) -> socket.socket:
        """A new connection through it."""
        return socket.create_connection(self.listener.getsockname(), 30)

    def end(self, rig: Rig) -> None:
        """End the session, and wait for it."""
        rig.agent.end("bye")
        self.thread.join(30)
        assert not self.thread.is_alive()
        self.listener.close()


def to(port: int) -> Callable[[agents.Channel], None]:
    """Return a function that forwards to a port of this machine, as the agent does."""
    return lambda channel: ports.run(channel, {}, lambda: socket.create_connection(("127.0.0.1", port), 5))


def exchanged(tunnel: Tunnel, content: bytes) -> bool:
    """Send some bytes through a connection, and return whether they arrived and came back."""
    with tunnel.connect() as connection, connection.makefile("rwb") as stream:
        stream.write(f"{len(content)}\n".encode() + content)
        stream.flush()
        digest = stream.readline().strip().decode()
        return digest == hashlib.sha256(content).hexdigest() and stream.read(len(content)) == content


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_all_bytes_of_all_connections_come(behind: int, faults: Callable[[], Faults]) -> None:
    harm = faults()
    contents = [random.Random(seed).randbytes(40_000) for seed in range(4)]
    with serving(to(behind), harm) as rig, rig.client() as channel:
        tunnel = Tunnel(channel)
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(lambda content: exchanged(tunnel, content), contents))
        tunnel.end(rig)
    assert bool(harm.done.get("cut")) is bool(harm.cuts)
    assert rig.resumed or not harm.cuts


def test_what_refuses_at_the_other_end_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with serving(to(free)) as rig, rig.client() as channel:
        tunnel = Tunnel(channel)
        with tunnel.connect() as connection:
            assert connection.recv(10) == b""
        tunnel.end(rig)
    assert ["nothing listens there" in line for line in tunnel.said] == [True]


def test_a_slow_reader_holds_up_what_comes_and_no_memory(behind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "HELD", 50_000)
    content, first = random.Random(1).randbytes(600_000), -2
    with serving(to(behind)) as rig, rig.client() as channel:
        tunnel = Tunnel(channel)
        tunnel.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            connection.connect(tunnel.listener.getsockname())
            connection.sendall(f"{len(content)}\n".encode() + content)
            deadline = time.monotonic() + 30
            while not (stuck := rig.agent._sent) or min(stuck) != first:
                assert time.monotonic() < deadline, "what nobody reads is taken all the same"
                first = min(rig.agent._sent, default=-1)
                time.sleep(0.2)
            with connection.makefile("rb") as stream:
                assert stream.readline().strip().decode() == hashlib.sha256(content).hexdigest()
                assert stream.read(len(content)) == content
        tunnel.end(rig)


@pytest.mark.parametrize("version", ["3.0.196.0", "2.3.1", "nonsense"])
def test_an_old_agent_is_refused_in_words(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "AGENT_VERSION", version)
    with serving(to(1)) as rig, rig.client() as channel:
        tunnel = Tunnel(channel)
        assert [str(error) for error in tunnel.error] == [
            (
                f"the agent {version} in the task cannot forward several connections: "
                "start a newer task, which has a newer agent"
            )
        ]
        tunnel.listener.close()


def test_an_agent_that_wants_a_key_of_kms_is_refused() -> None:
    def began(channel: agents.Channel) -> None:
        action = {"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyID": "x"}}
        request = {"AgentVersion": "3.3.1.0", "RequestedClientActions": [action]}
        channel.emit(json.dumps(request).encode(), wire.HANDSHAKE_REQUEST)

    with serving(began) as rig, rig.client() as channel:
        listener = socket.create_server(("127.0.0.1", 0))
        with listener, pytest.raises(SessionFailed, match="key of KMS"):
            Forward(channel, listener, print).run()


@pytest.mark.parametrize("version", ["1.2.763.9", "1.1.70", "", "new"])
def test_the_cloud_refuses_old_clients(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from provisioner.session import channel as clients

    monkeypatch.setattr(clients, "CLIENT_VERSION", version)
    with serving(to(1)) as rig, rig.client() as channel:
        for _ in range(50):
            channel.turn({}, 0.1)
            if rig.heard:
                break
    assert rig.heard[0].startswith(f"connection lost (client version {version} is not supported any more)")


def test_a_session_that_is_over_is_not_resumed(behind: int) -> None:
    with serving(to(behind), Faults(cuts=(6,))) as rig, rig.client() as channel:
        channel._resume = lambda: ""
        while channel.ended is None:
            channel.turn({}, 0.1)
    assert channel.ended == "the session is over"


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=70_000)), max_size=6), st.integers(1, 9000))
def test_pieces_of_a_stream_are_the_same_connections(sent: list[tuple[int, bytes]], size: int) -> None:
    stream = b"".join(mux.data(number, content) + mux.piece(Command.NOP, number) for number, content in sent)
    ours, found = Mux(), dict[int, bytes]()
    for start in range(0, len(stream), size):
        for number, content in ours.feed(stream[start : start + size]):
            found[number] = found.get(number, b"") + content
    wanted = dict[int, bytes]()
    for number, content in sent:
        wanted[number] = wanted.get(number, b"") + content
    assert found == {number: content for number, content in wanted.items() if content}


def test_connections_have_odd_numbers_from_three_and_ends() -> None:
    ours = Mux()
    assert [ours.open() for _ in range(2)] == [(3, b"\x01\x00\x00\x00\x03\0\0\0"), (5, b"\x01\x00\x00\x00\x05\0\0\0")]
    assert list(ours.feed(mux.piece(Command.FIN, 3))) == [(3, b"")]
    with pytest.raises(BadMux):
        list(ours.feed(b"\x02\x00\x00\x00\x03\0\0\0"))
