"""docs/resource-types.md: each type of the tool has an AWS name, a form of ID, and an example if it can have one."""

from __future__ import annotations

import re
from pathlib import Path

from provisioner.resources.aws_names import AWS_NAMES
from provisioner.resources.only_recorded import OnlyRecorded
from provisioner.resources.stack_tags import StackTags
from tools import type_page

PAGE = Path(__file__).parents[3] / "docs" / "resource-types.md"
NAMES = {one.type.type_name for one in type_page.shown()}


def test_each_type_has_its_names() -> None:
    assert AWS_NAMES.keys() == NAMES
    named = [one.cloudformation for one in AWS_NAMES.values() if one.cloudformation]
    assert len(named) > 40
    assert [name for name in named if not re.fullmatch(r"AWS::\w+::\w+", name)] == []


def test_what_can_be_imported_has_a_form_of_id() -> None:
    for one in type_page.shown():
        # the tags of all resources are no resource of AWS's
        importable = not (one.type.created_by_aws or one.type.retained or one.type is StackTags)
        assert AWS_NAMES[one.type.type_name].id or not importable, one.type.type_name


def test_the_example_has_each_type_that_steps_declare() -> None:
    without = {one.type for one in type_page.shown() if one.example is None}
    assert [one.type_name for one in without if not issubclass(one, OnlyRecorded)] == []
    assert len(NAMES) - len(without) > 55


def test_each_type_is_a_heading() -> None:
    headings = re.findall(r"^### (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(NAMES)
