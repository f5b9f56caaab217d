"""docs/permissions.md: each policy of `provision policy`, and each of its statements with a reason."""

from __future__ import annotations

import re
from pathlib import Path

from provisioner.aws.permissions import Part
from provisioner.config.models import load
from provisioner.permissions.printed import printed
from tools.type_page import EVERYTHING

PAGE = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `provision policy ?(.*?)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def rows(option: str) -> list[list[str]]:
    """The cells of a policy's statements."""
    return [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in SECTIONS[option].splitlines() if line[:3] == "| `"]


def test_each_policy_is_a_part_of_the_page() -> None:
    parts = {f"--{part.name.lower()}" for part in Part if part is not Part.MAIN}
    assert SECTIONS.keys() == {"", "--read-only", "--boundary", *parts}


def test_each_statement_has_its_reason() -> None:
    for option in SECTIONS:
        assert rows(option), option
        assert [cells[0] for cells in rows(option) if len(cells) != 4 or not cells[3].strip()] == [], option


def test_the_page_has_the_actions_that_are_printed() -> None:
    documents = printed(load(EVERYTHING / "stack.toml"), account=None).values()
    actions = [one["Action"] for document in documents for one in document["Statement"]]
    named = {name for one in actions for name in ([one] if isinstance(one, str) else one)}
    assert {name for cells in rows("") for name in re.findall("`(.+?)`", cells[0])} == named
