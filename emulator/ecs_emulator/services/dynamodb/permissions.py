"""Permissions of DynamoDB, by call (Service Authorization Reference, Amazon DynamoDB)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check

_ITEMS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem",
          "ConditionCheck": "ConditionCheckItem"}  # fmt: skip
"""The action for each member of a transaction (DynamoDB guide, "Using IAM with DynamoDB transactions")."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to DynamoDB: on the table, an index, or each table of a batch."""
    if call.operation in ("TransactWriteItems", "TransactGetItems"):
        for one in call.body.get("TransactItems", ()):
            for kind, member in one.items():
                yield call.check(_table(call, str(member.get("TableName"))), action=f"dynamodb:{_ITEMS.get(kind)}")
    elif call.operation in ("BatchGetItem", "BatchWriteItem"):
        for name in call.body.get("RequestItems", ()):
            yield call.check(_table(call, name))
    elif name := call.text("TableName") or call.text("ResourceArn"):
        index = call.text("IndexName")
        yield call.check(_table(call, name) + (f"/index/{index}" if index else ""), requested(call.tags("Tags")))
    else:
        yield call.check()


def _table(call: ApiCall, named: str) -> str:
    return named if named.startswith("arn:") else call.arn(f"table/{named}")
