"""Parameter Store's resource type: a secret made up once, and told to nobody."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from provisioner.engine.declaration import ready
from provisioner.resources.ssm import ConnectionUrl, SecureParameter
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

NAME = "/ecs-sample-dev/database/password"


def declared(stack: Stack, *, description: str = "Master password") -> None:
    stack.ensure(SecureParameter("database-password", NAME, description))


def value(rig: Rig) -> str:
    return str(rig.cloud.client("ssm").get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"])


def test_the_value_is_one_that_rds_takes_and_is_printed_nowhere(rig: Rig) -> None:
    outcome = rig.up(declared).ok()
    secret = value(rig)
    assert re.fullmatch(r"[A-Za-z0-9]{33}", secret)
    assert rig.cloud.client("ssm").get_parameter(Name=NAME)["Parameter"]["Type"] == "SecureString"
    assert secret not in "".join(path.read_text() for path in rig.directory.rglob("*") if path.is_file())
    # but for what the test itself sees of the calls
    assert secret not in repr(replace(outcome, calls=[]))
    assert secret not in repr(rig.plan(lambda stack: declared(stack, description="Other")))


def test_nothing_changes_the_value(rig: Rig) -> None:
    rig.up(declared).ok()
    secret = value(rig)
    assert rig.up(lambda stack: declared(stack, description="Other")).ok().writes == []
    rig.cloud.client("ssm").put_parameter(Name=NAME, Value="somebody's own", Type="SecureString", Overwrite=True)
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    assert value(rig) == "somebody's own" != secret


def test_lost_and_created_anew_once_the_name_is_free_again(rig: Rig) -> None:
    rig.up(declared).ok()
    secret = value(rig)
    rig.down().ok()
    rig.up(declared).ok()
    assert value(rig) != secret


def test_somebody_elses_parameter_is_refused_and_left_as_it_is(rig: Rig) -> None:
    rig.cloud.client("ssm").put_parameter(Name=NAME, Value="theirs", Type="String")
    assert "not the tags of this stack" in rig.plan(declared)[0].why
    assert rig.up(declared).summary.exit_code == 1
    assert rig.down().ok().summary.leftovers == []
    assert value(rig) == "theirs"


URL = "/ecs-sample-dev/database/url"


def with_url(stack: Stack, *, url: str = "mysql://dbadmin@db.internal:3306/shop?timeout=10") -> None:
    password = stack.ensure(SecureParameter("database-password", NAME, "Master password"))
    stack.ensure(ConnectionUrl("database", URL, url, password.id, ready(password).version))


def read(rig: Rig) -> str:
    return str(rig.cloud.client("ssm").get_parameter(Name=URL, WithDecryption=True)["Parameter"]["Value"])


def changes(rig: Rig) -> dict[str, set[str]]:
    return {one.address: {*one.changes} for one in rig.plan(with_url) if one.action == "change"}


def test_a_url_has_its_password_percent_encoded(rig: Rig) -> None:
    rig.up(with_url).ok()
    hard = "a%b+c#d&e?f:g[h]@/p w"
    rig.cloud.client("ssm").put_parameter(Name=NAME, Value=hard, Type="SecureString", Overwrite=True)
    outcome = rig.up(with_url).ok()
    assert read(rig) == "mysql://dbadmin:a%25b%2Bc%23d%26e%3Ff%3Ag%5Bh%5D%40%2Fp%20w@db.internal:3306/shop?timeout=10"
    assert unquote(str(urlsplit(read(rig)).password)) == hard
    assert not any(hard in path.read_text() or read(rig) in path.read_text() for path in rig.directory.rglob("*.json*"))
    assert read(rig) not in repr(replace(outcome, calls=[]))


def test_a_url_follows_its_password_and_nothing_else(rig: Rig) -> None:
    rig.up(with_url).ok()
    assert rig.up(with_url).ok().writes == []
    rig.cloud.client("ssm").put_parameter(Name=NAME, Value="new", Type="SecureString", Overwrite=True)
    assert changes(rig) == {"connection_url/database": {"password_version"}}
    assert len(rig.up(with_url).ok().writes) == 1
    assert "dbadmin:new@" in read(rig)
    assert changes(rig) == {}


def test_a_url_written_by_hand_is_put_right_unread(rig: Rig) -> None:
    rig.up(with_url).ok()
    written = read(rig)
    description = rig.cloud.client("ssm").describe_parameters()["Parameters"][1]["Description"]
    assert "dbadmin@db.internal" in description
    for more in ({}, {"Description": description}):
        rig.cloud.client("ssm").put_parameter(
            Name=URL, Value="mysql://else", Type="SecureString", Overwrite=True, **more
        )
        outcome = rig.plan(with_url)
        assert {one.address for one in outcome if one.action == "change"} == {"connection_url/database"}
        rig.up(with_url).ok()
        assert read(rig) == written
    assert changes(rig) == {}
