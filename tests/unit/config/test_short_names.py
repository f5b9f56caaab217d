"""Names that are longer than AWS allows: shortened where that can be told apart, refused elsewhere."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioner.config import loader
from provisioner.config.models import Config
from provisioner.config.short_names import HASH, room, shortened

LONG = "a-service-with-a-name-of-many-words"


@given(st.text(string.ascii_lowercase + "-", min_size=1, max_size=90), st.integers(20, 64))
def test_a_name_that_fits_stays_and_others_keep_their_beginning(name: str, most: int) -> None:
    short = shortened(name, most)
    assert len(short) <= most
    assert (short == name) == (len(name) <= most)
    assert shortened(short, most) == short
    if len(name) > most:
        assert short.startswith(name[: room(most)].rstrip("-"))
        assert len(short.rpartition("-")[2]) == HASH


def problems(**tables: Any) -> list[str]:
    try:
        Config.model_validate(tables)
    except ValidationError as error:
        return [f"{fault.names}: {fault.text}" for fault in loader.found(error, Config, {}, tuple)]
    return []


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"services": {LONG: {"image": "a:1"}}}, ""),
        ({"services": {LONG: {"image": "a:1", "port": 80, "public": True}}}, ""),
        ({"jobs": {LONG: {"image": "a:1", "schedule": "rate(1 day)"}}}, ""),
        ({"services": {"b" * 64: {"image": "a:1"}}}, "has 64 characters, and a name in DNS has at most 63"),
        (
            {"env": "a-long-environment", "services": {"b": {"image": "a:1", "port": 80, "public": True}}},
            "and AWS allows 32: shorten one of its parts",
        ),
        # without a load balancer only the names of roles count
        ({"env": "a-long-environment", "jobs": {"b": {"image": "a:1"}}}, ""),
        ({"env": "e" * 37, "jobs": {LONG: {"image": "a:1"}}}, ""),
        ({"env": "e" * 38, "jobs": {"b": {"image": "a:1"}}}, "room for 48 of them: shorten one of its parts by 1"),
        ({"env": "quality-assura", "services": {LONG: {"image": "a:1"}}}, ""),
        (
            {"env": "quality-assura", "services": {LONG: {"image": "a:1", "port": 80, "public": True}}},
            "characters and AWS allows 32: shorten one of its parts",
        ),
        (
            {"database": {"iam_authentication": True}, "services": {LONG: {"image": "a:1", "database": True}}},
            "and MySQL allows 32 characters: shorten one of its parts by 18",
        ),
    ],
)
def test_names_are_refused_only_where_aws_leaves_no_way(tables: dict[str, Any], words: str) -> None:
    found = problems(**tables)
    assert len(found) == bool(words)
    assert all(words in text for text in found)
