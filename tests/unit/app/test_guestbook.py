from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.guestbook import InvalidEntry, draft
from tests.unit.app.rig import TOKEN


def entry(**changes: object) -> dict[str, object]:
    return {"token": TOKEN, "name": "Ann", "text": "Hello"} | changes


def refused(data: object) -> dict[str, str]:
    with pytest.raises(InvalidEntry) as caught:
        draft(data)
    fields: dict[str, str] = caught.value.fields
    return fields


def test_tidies_space_line_breaks_and_composed_letters() -> None:
    stored = draft(entry(name="  Zoe\u0308 ", text="one\r\ntwo\n"))
    assert (stored.name, stored.text) == ("Zo\u00eb", "one\ntwo")


def test_counts_a_line_break_as_one_character_as_browsers_do() -> None:
    assert len(draft(entry(text="a\r\n" * 249 + "ab")).text) == 500


@pytest.mark.parametrize(("field", "limit"), [("name", 40), ("text", 500)])
def test_takes_the_longest_and_refuses_one_more(field: str, limit: int) -> None:
    assert getattr(draft(entry(**{field: "🦊" * limit})), field) == "🦊" * limit
    assert refused(entry(**{field: "x" * (limit + 1)})).keys() == {field}


@pytest.mark.parametrize("bad", ["a\nb", "a\x00b", "a\x1b[31m", "\ud800", "", " \n ", None, 7, ["x"]])
def test_refuses_names_that_cannot_be_shown(bad: object) -> None:
    assert refused(entry(name=bad)).keys() == {"name"}


@pytest.mark.parametrize("bad", ["", None, 5, "1", TOKEN.replace("-", ""), "{" + TOKEN + "}", "A" + TOKEN[1:]])
def test_refuses_tokens_that_are_no_uuid_in_its_usual_form(bad: object) -> None:
    assert refused(entry(token=bad)).keys() == {"token"}


@pytest.mark.parametrize("data", [None, [], "x", 3, {}])
def test_says_all_that_is_wrong_at_once(data: object) -> None:
    assert refused(data).keys() == {"token", "name", "text"}


@given(st.dictionaries(st.sampled_from(["token", "name", "text"]), st.text() | st.none() | st.integers()))
def test_whatever_comes_is_a_valid_entry_or_refused(data: dict[str, object]) -> None:
    try:
        stored = draft(data | {"token": TOKEN})
    except InvalidEntry:
        return
    assert 0 < len(stored.name) <= 40
    assert 0 < len(stored.text) <= 500
    assert draft({"token": TOKEN, "name": stored.name, "text": stored.text}) == stored
    assert (stored.name + stored.text).encode()
