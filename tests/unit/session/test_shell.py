"""The task that a session goes into, the target of a tunnel, and the signature of a channel's opening."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from ecs_emulator.sessions.nothing import Nothing
from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context.options import Options
from provisioner.operations.shell import sessions, tunnel
from provisioner.operations.shell.task_choice import Place, chosen
from provisioner.session.channel import SessionFailed
from provisioner.state.model import State

AWS = "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/x?role=publish_subscribe"


def place(task: str, agent: str = "RUNNING", *, enabled: bool = True) -> Place:
    """A container of a task, with its agent in a state."""
    agents = [{"name": "ExecuteCommandAgent", "lastStatus": agent}] if agent else []
    container = {"name": "web", "runtimeId": f"{task}-1", "managedAgents": agents}
    shown = {"taskArn": f"arn:aws:ecs:x:1:task/shop/{task}", "containers": [container], "enableExecuteCommand": enabled}
    return Place("web", "shop", shown)


def test_a_task_is_chosen_by_the_first_letters_of_its_id() -> None:
    several = [place("0f3a91c2aa"), place("0f3b"), place("77")]
    assert chosen(several, "web", "").id == "0f3a91c2aa"
    assert chosen(several, "web", "0f3b").id == "0f3b"
    assert chosen(several, "web", "arn:aws:ecs:x:1:task/shop/77").id == "77"
    for task, says in (
        ("0f3", "more than one task of web begins so; there are 0f3a91c2, 0f3b, 77"),
        ("9", "no task of"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            chosen(several, "web", task)
    with pytest.raises(SessionFailed, match="no task of web runs"):
        chosen([], "web", "")


def test_a_task_can_be_used_if_its_agent_runs() -> None:
    assert [place("1", agent).usable for agent in ("RUNNING", "PENDING", "STOPPED", "")] == [True, False, False, False]
    assert not place("1", enabled=False).usable
    assert place("1").target == "ecs:shop_1_1-1"
    # what ECS may leave out
    bare = Place("web", "shop", {"taskArn": "arn:aws:ecs:x:1:task/shop/1"})
    assert (bare.container, bare.agent, bare.usable) == ({}, {}, False)


def config(**more: Any) -> Config:
    """A configuration of two services."""
    services = {"web": {"image": "nginx:1", "port": 80}, "worker": {"image": "nginx:1", **more.pop("worker", {})}}
    return Config.model_validate({"project": "shop", "env": "dev", "services": services, **more})


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("wbe", {}, 'there is no service wbe; did you mean "web"?'),
        ("database", {}, "there is no service database"),
        ("worker", {}, "services.worker has no port"),
        ("database", {"database": {}, "worker": {"database": True}}, "the database is not in the stack yet"),
    ],
)
def test_a_tunnel_that_leads_nowhere_is_refused(name: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says.replace("?", r"\?")):
        tunnel.goal(Options(), config(**more), State("shop-dev", "1", "x"), name)


def test_a_channels_opening_is_signed_unless_its_url_is() -> None:
    session = boto3.Session("AKIDEXAMPLE", "secret", "token", region_name="eu-west-1")
    headers = sessions.signed(session, AWS, "eu-west-1")
    assert "/eu-west-1/ssmmessages/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token," in str(headers)
    assert headers["X-Amz-Security-Token"] == "token"
    assert sessions.signed(session, f"{AWS}&X-Amz-Signature=1", "eu-west-1") == {}


def test_boto3s_authorities_are_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
    assert Path(sessions.certificates(session)).is_file()
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "own.pem"))
    own = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
    assert sessions.certificates(own) == str(tmp_path / "own.pem")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["echo", "a", "b"], "a b\r\n"),
        (["ls", "a b"], "ls 'a b': nothing was run: without Docker there is no container here\r\n"),
        (
            ["sh", "-c", "echo one; false || echo two && true && echo three; exit 3; echo four"],
            "one\r\ntwo\r\nthree\r\n",
        ),
        (["sh", "-c", 'x=5; shift; "$@"; printf "[%s %s]" $x $?', "sh", "m", "sh", "-c", "exit 9"], "[5 9]"),
        (["sh", "-c", "command -v bash >/dev/null && exec bash || echo none"], "none\r\n"),
        (["sh", "-c", "cat x | wc"], "sh: without Docker there is no container here, and this is no shell for it\r\n"),
        (["sh", "-c", "echo 'open"], "sh: No closing quotation\r\n"),
    ],
)
def test_what_answers_without_a_container(words: list[str], says: str) -> None:
    program, out = Nothing(words), b""
    while data := program.read():
        out += data
    assert out.decode() == says


def test_a_shell_without_a_container_takes_keys() -> None:
    program, out = Nothing(["sh"]), b""
    program.write(b"ech\x03echo hi\rexit 4\r")
    while data := program.read():
        out += data
    assert out == b"$ ech^C\r\n$ echo hi\r\nhi\r\n$ exit 4\r\n"


@pytest.mark.parametrize("words", [["exit", "3"], ["printf"], ["sh", "-c"], []])
def test_a_word_that_no_shell_takes_ends_all_the_same(words: list[str]) -> None:
    shell = Nothing(words)
    said = b""
    while piece := shell.read():
        said += piece
    assert (b"an argument is missing" in said) == (words[:1] != ["exit"])
