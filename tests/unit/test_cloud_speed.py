"""The embedded cloud's shortcuts give what the libraries give that they stand for."""

from __future__ import annotations

from typing import Any

import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from ecs_emulator.fast_paths import xml

NAMES = st.sampled_from(["a", "b", "Item", "member"])
LEAVES = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])), st.booleans(), st.integers()
)


def structures(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Elements with other elements, an attribute and a text in them."""
    members = st.dictionaries(NAMES, inside | st.lists(inside, max_size=3))
    return st.builds(
        lambda own, also: own | also, members, st.dictionaries(st.sampled_from(["@xmlns", "#text"]), LEAVES)
    )


@given(NAMES, st.recursive(LEAVES, structures, max_leaves=20), st.booleans())
def test_xml_is_what_xmltodict_makes(name: str, value: Any, full: bool) -> None:
    told = xmltodict.unparse({name: value}, full_document=full, short_empty_elements=True)
    assert xml({name: value}, full_document=full) == told
