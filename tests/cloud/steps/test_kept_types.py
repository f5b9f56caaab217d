"""Resources of types that the tool does not know: kept with their data, named everywhere, deleted by name only."""

from __future__ import annotations

import pytest

from tests.cloud import world
from tests.cloud.commands.test_protected_stack import TABLE, WORKER
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.steps.test_own_steps import FILE, QUEUE, Own, own, untrusted  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

ADDRESS = "AWS::DynamoDB::Table/orders"
POLICY = '''
from provisioner import CloudControl, Stack, step


@step
def rules(stack: Stack) -> None:
    """A rule of EventBridge, which holds nothing."""
    stack.ensure(CloudControl("nightly", "AWS::Events::Rule", {"ScheduleExpression": "rate(1 day)"}))
'''


def items(project: Own) -> list[str]:
    """Return the items of the only table of DynamoDB."""
    database = project.cloud.client("dynamodb")
    (name,) = database.list_tables()["TableNames"]
    return [item["id"]["S"] for item in database.scan(TableName=name)["Items"]]


def test_a_table_stays_with_its_items_until_it_is_named(own: Own) -> None:  # noqa: F811
    before = own.inventory()
    own.write(WORKER)
    own.step(TABLE)
    own.step(POLICY, "steps/rules.py")
    own.up()
    database = own.cloud.client("dynamodb")
    (name,) = database.list_tables()["TableNames"]
    database.put_item(TableName=name, Item={"id": {"S": "first"}})
    assert f"may hold data: {ADDRESS}" in own.run("list").out

    own.step("")
    own.step("", "steps/rules.py")
    planned = own.run("plan", "--json", code=2).document
    assert planned["kept"] == [ADDRESS]
    (note,) = [text for text in planned["notes"] if "kept because of the data" in text]
    assert f"the stored data ({ADDRESS})" in note
    assert f"`provision up --delete {ADDRESS}`" in note
    assert own.up().results["AWS::Events::Rule/nightly"] == "deleted"
    assert items(own) == ["first"]
    assert own.planned() == {}

    assert f"the stored data ({ADDRESS}" in own.run("down", code=4).err
    (stack,) = own.run("list", "--json").document["stacks"]
    assert stack["stored"] == [ADDRESS]
    lost = own.run("plan", "--json", "--delete", ADDRESS, code=2).document["losses"]
    assert [one["addresses"] for one in lost] == [[ADDRESS]]
    assert own.up("--delete", ADDRESS).results[ADDRESS] == "deleted"
    assert database.list_tables()["TableNames"] == []
    own.down()
    assert difference(before, own.inventory(), *NEVER_REMOVED) == {}


def test_what_says_that_it_holds_none_goes_by_itself(own: Own) -> None:  # noqa: F811
    own_queue = QUEUE.replace('    type_name = "own.queue"', '    holds_data = False\n    type_name = "own.queue"')
    table = TABLE.replace(
        '"PAY_PER_REQUEST",\n            },', '"PAY_PER_REQUEST",\n            },\n            holds_data=False,'
    )
    assert "holds_data" in own_queue
    assert "holds_data" in table
    own.step(own_queue, FILE)
    own.step(table, "steps/table.py")
    own.up()
    # the state remembers what the declaration said
    own.step(own_queue.partition("@step")[0], FILE)
    own.step("", "steps/table.py")
    gone = own.up().results
    assert (gone["own.queue/jobs"], gone[ADDRESS], own.queues()) == ("deleted", "deleted", [])
