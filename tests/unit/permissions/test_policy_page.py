"""docs/permissions.md: each policy of `provision policy`, and each of its statements with a reason."""

from __future__ import annotations

import re
from pathlib import Path

from provisioner.aws.permissions import Part
from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tools.type_page import EVERYTHING

PAGE = (Path(__file__).parents[3] / "docs" / "permissions.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `provision policy ?(.*?)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def rows(option: str) -> list[list[str]]:
    """Return the two cells of each of a policy's statements, by lines."""
    found = [
        line.strip("| ").split(" | ") for line in SECTIONS[option].splitlines() if re.match(r"\| [a-z0-9-]+: ", line)
    ]
    assert all(len(cells) == 2 for cells in found)
    return found


def test_each_policy_is_a_part_of_the_page() -> None:
    parts = {f"--{part.name.lower()}" for part in Part if part is not Part.MAIN}
    assert SECTIONS.keys() == {"", "--read-only", "--boundary", *parts}


def test_each_statement_has_its_reason() -> None:
    for option in SECTIONS:
        assert rows(option), option
        for actions, limits in rows(option):
            first, *_, last = limits.split("<br>")
            assert first.startswith("on "), actions
            assert re.match("why: .{3}", last), actions


def test_the_page_has_the_actions_that_are_printed() -> None:
    documents = printed(load(EVERYTHING / "stack.toml"), account=None).values()
    actions = [one["Action"] for document in documents for one in document["Statement"]]
    named = {name for one in actions for name in ([one] if isinstance(one, str) else one)}
    lines = [line.split(": ") for actions, _ in rows("") for line in actions.split("<br>")]
    assert {f"{service}:{action}" for service, some in lines for action in some.split(", ")} == named
