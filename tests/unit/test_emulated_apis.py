"""What is said of an API in its folder is what the tables of the embedded cloud say."""

from __future__ import annotations

import pytest

from ecs_emulator import faults, paging
from ecs_emulator.refusals import REFUSALS
from ecs_emulator.rules import limits
from ecs_emulator.services.apis import APIS
from ecs_emulator.services.model import EmulatedApi


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)
def test_a_folder_says_what_the_tables_say(api: EmulatedApi) -> None:
    assert api.invalid == limits._CODES.get(api.name, "")
    assert api.responses == paging._RESPONSES.get(api.name, "")
    assert repr(api.pages).replace("Pages(", "PagedService(") == repr(paging._SERVICES.get(api.name))
    bounds = {operation: repr(one) for (name, operation), one in paging._BOUNDS.items() if name == api.name}
    assert {operation: repr(one) for operation, one in api.lists.items()} == bounds
    assert api.most.items() <= paging._MOTO_MOST.items()
    assert repr(api.codes) == repr(faults._CODES.get(api.name)).replace("_Codes(", "Codes(")
    assert [repr(one) for one in api.refusals] == [repr(one) for one in REFUSALS if one.service == api.name]


def test_each_largest_page_of_moto_is_said_once() -> None:
    said = {operation for api in APIS.values() for operation in api.most}
    assert {operation for operation in paging._MOTO_MOST if operation not in said} == {"DescribeAutoScalingGroups"}
