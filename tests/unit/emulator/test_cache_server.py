"""Valkey in a container: no token in clear, no restricted command, and changes of a running server."""

from __future__ import annotations

from hashlib import sha256

import pytest

from ecs_emulator.containers.cache_server import another_token, file, image, other_settings, settings, sign_in

TOKENS = ("former-token-of-20-characters", "another!token&of#thirty$characters")
DIGESTS = [f"#{sha256(token.encode()).hexdigest()}" for token in TOKENS]
PARAMETERS = {"maxmemory-policy": "noeviction", "timeout": "0"}


def test_the_file_has_digests_of_both_tokens_alone() -> None:
    text = file(settings(PARAMETERS, tls=True, replicated=True), TOKENS).decode()
    (default,) = [line for line in text.splitlines() if line.startswith("user default ")]
    assert default.split()[-2:] == DIGESTS
    assert "nopass" not in text
    assert not [token for token in TOKENS if token in text]
    assert {"-config", "-shutdown", "-acl|setuser"} <= {*default.split()}
    assert default not in file(settings(PARAMETERS, tls=True, replicated=True), ()).decode()


def test_tls_takes_the_place_of_the_port_in_clear() -> None:
    with_tls, without = (dict(settings(PARAMETERS, tls=tls, replicated=False)) for tls in (True, False))
    assert (with_tls["port"], with_tls["tls-port"]) == ("0", "6379")
    assert (without["port"], without["tls-port"]) == ("6379", "0")


def test_a_running_server_keeps_only_the_tokens_given() -> None:
    command, variables = another_token(TOKENS[1:])
    assert [*command][-3:] == ["default", "resetpass", DIGESTS[1]]
    assert not {*TOKENS} & {*command, *variables.values()}
    assert sign_in(TOKENS)[1] == {"REDISCLI_AUTH": TOKENS[1]}, "the newest one"


def test_a_running_server_takes_the_settings_it_can() -> None:
    command, _ = other_settings(settings(PARAMETERS, tls=True, replicated=True))
    assert [*command][-6:] == ["appendonly", "yes", "maxmemory-policy", "noeviction", "timeout", "0"]


@pytest.mark.parametrize(("replicated", "kept"), [(True, "yes"), (False, "no")])
def test_only_a_replica_keeps_data_for_the_next_node(replicated: bool, kept: str) -> None:
    found = dict(settings(PARAMETERS, tls=True, replicated=replicated))
    assert (found["appendonly"], found["save"]) == (kept, "")


def test_a_variable_names_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_VALKEY_IMAGE", "registry.example/valkey:9")
    assert image() == "registry.example/valkey:9"
