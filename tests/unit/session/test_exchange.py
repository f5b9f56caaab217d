"""A command in a session, by this machine's shell, over connections that lose, double, reorder, break and end."""

from __future__ import annotations

import base64
import os
import random
import secrets
from collections.abc import Callable

import pytest

from ecs_emulator.sessions import channel as agents
from ecs_emulator.sessions import commands
from ecs_emulator.sessions.programs import OnThisMachine
from provisioner.session import command, exchange
from provisioner.session.command import Mode
from provisioner.session.exchange import Exchange, Outcome
from tests.unit.session.rig import Faults, Rig, serving

MARK = "0123456789abcdef"
FAULTS = {
    "none": Faults,
    "loss": lambda: Faults(loss=0.2),
    "double": lambda: Faults(double=0.3),
    "late": lambda: Faults(late=0.3),
    "broken": lambda: Faults(broken=0.1),
    "cuts": lambda: Faults(cuts=(2, 9, 40)),
    "all": lambda: Faults(loss=0.1, double=0.1, late=0.1, broken=0.05, cuts=(5, 60)),
}


def shell(words: list[str], mode: Mode) -> Callable[[agents.Channel], None]:
    """Return a function that runs a wrapped command as the agent does."""
    line = command.command_line(words, MARK, mode)
    return lambda channel: commands.run(channel, line, OnThisMachine)


def ran(
    words: list[str], mode: Mode, given: bytes | None = None, faults: Faults | None = None
) -> tuple[Outcome, bytes, bytes, Rig]:
    """Run a command, and return its result and its output."""
    written = {1: bytearray(), 2: bytearray()}
    with serving(shell(words, mode), faults) as rig, rig.client() as channel:
        run = Exchange(channel, mode, MARK, gives=False, put=lambda number, data: written[number].extend(data))
        if given is not None:
            # as if it had been read from standard input
            channel.send(command.lines(given))
            channel.send(command.END)
            run.ended_input = True
        outcome = run.run()
    return outcome, bytes(written[1]), bytes(written[2]), rig


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_text_comes_whole_with_the_exit_code(faults: Callable[[], Faults]) -> None:
    harm = faults()
    outcome, out, _, rig = ran(["sh", "-c", "seq 2000; echo äöü€ >&2; exit 9"], Mode.TEXT, faults=harm)
    assert (outcome.code, out.decode()) == (9, "".join(f"{n}\n" for n in range(1, 2001)) + "äöü€\n")
    # also where the session's last message is lost the client asks whether it goes on
    assert bool(harm.done.get("cut")) is bool(harm.cuts)
    assert rig.resumed or not harm.cuts
    assert all(harm.done.get(what) for what in ("loss", "double", "late", "broken") if getattr(harm, what))


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_every_byte_passes_both_ways(faults: Callable[[], Faults]) -> None:
    content = bytes(range(256)) * 40 + "\ufffd".encode() + random.Random(7).randbytes(20_000) + b"\xff\xfe"
    words = ["sh", "-c", "cat; printf 'e\\377r' >&2; exit 3"]
    outcome, out, err, _ = ran(words, Mode.EXACT, content, faults())
    assert (outcome.code, err) == (3, b"e\xffr")
    assert out == content


@pytest.mark.parametrize(("words", "code"), [(["true"], 0), (["sh", "-c", "exit 255"], 255), (["nowhere-at-all"], 127)])
@pytest.mark.parametrize("mode", [Mode.TEXT, Mode.EXACT])
def test_exit_codes_are_the_commands_own(words: list[str], code: int, mode: Mode) -> None:
    assert ran(words, mode)[0].code == code


def test_a_command_that_reads_nothing_ends_in_time() -> None:
    outcome, out, _, _ = ran(["echo", "a b", "$HOME"], Mode.EXACT, secrets.token_bytes(3000))
    assert (outcome.code, out) == (0, b"a b $HOME\n")


def test_the_agent_loses_what_is_no_text() -> None:
    """Exact commands exist since a bare terminal loses replacement characters and unfinished letters."""
    _, out, _, _ = ran(["printf", "a\\357\\277\\275b"], Mode.TEXT)
    assert out == b"a\xefb"
    assert commands.processed(b"caf\xc3") == (b"caf", b"\xc3")
    assert commands.processed("é".encode()) == ("é".encode(), b"")
    assert commands.processed(b"\xf0\x9f\x98") == (b"", b"\xf0\x9f\x98")


def test_a_program_that_is_not_there_is_said_by_the_agent() -> None:
    def start(words: object) -> commands.Program:
        raise commands.NotStarted('exec: "sh": executable file not found in $PATH')

    with (
        serving(lambda channel: commands.run(channel, "sh -c x", start)) as rig,
        rig.client() as channel,
    ):
        outcome = Exchange(channel, Mode.TEXT, MARK, gives=False).run()
    assert (outcome.code, outcome.began) == (None, False)
    assert 'exec: "sh": executable file not found in $PATH' in outcome.why


def test_an_agent_that_begins_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from provisioner.session.channel import SessionFailed

    monkeypatch.setattr(exchange, "BEGIN_SECONDS", 0.3)
    with (
        serving(lambda channel: None) as rig,
        rig.client() as channel,
        pytest.raises(SessionFailed, match="has begun nothing"),
    ):
        Exchange(channel, Mode.TEXT, MARK, gives=False).run()


def test_a_connection_lost_twice_at_once_is_made_once() -> None:
    """A close and the end of the connection come together, as they do from AWS."""

    def began(channel: agents.Channel) -> None:
        with channel._changed:
            # the client may be connected again before the next line
            agent_socket = rig.agent._connection.raw._sock
            channel._hang_up(1001, "gone")
            agent_socket.shutdown(2)

    with serving(began) as rig, rig.client() as channel:
        for _ in range(30):
            channel.turn({}, 0.05)
    assert rig.resumed == 1
    assert [line for line in rig.heard if "lost" in line] == ["connection lost (gone), reconnecting"]


def test_input_is_padded_at_its_end_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    content = random.Random(3).randbytes(5000)
    typed = bytearray()
    monkeypatch.setattr(exchange, "_PIECE", 100)
    ours, theirs = os.pipe()
    monkeypatch.setattr(exchange, "STDIN", ours)
    os.write(theirs, content)
    os.close(theirs)

    def began(channel: agents.Channel) -> None:
        channel.emit(f"\x1e{MARK} start\x1e".encode())
        while not typed.endswith(command.END):
            message = channel.inputs.get()
            assert message is not None
            typed.extend(message.payload)
        channel.emit(f"\x1e{MARK} 0\x1e".encode())
        channel.end()

    with serving(began) as rig, rig.client() as channel:
        outcome = Exchange(channel, Mode.EXACT, MARK, gives=True).run()
    os.close(ours)
    assert outcome.code == 0
    lines = bytes(typed).removesuffix(command.END).splitlines()
    assert [line for line in lines[:-1] if b"=" in line] == []
    assert base64.b64decode(b"".join(lines)) == content
