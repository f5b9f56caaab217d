"""Revisions of task definitions that stand as they were registered: known from lists, without a read of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.aws.pages import BadList

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

FEWEST = 5
"""The least number of revisions for a list of all families: a few are read singly at once."""
PAGE = 100
"""The most entries of a page (ECS API reference, ListTaskDefinitions, maxResults)."""
SPARE = 2
"""The number of pages that may help nothing before the list is given up: an account may have thousands of revisions."""


def standing(aws: Aws, expected: Mapping[str, str]) -> set[str]:
    """Return the families whose newest active revision is the expected one.

    A family that is missing may stand all the same: the list is read only as long as it is shorter than the single
    reads that it saves.

    Args:
        expected: the ARN of each family's recorded revision.
    """
    found: set[str] = set()
    if len(expected) < FEWEST:
        return found
    seen: set[str] = set()
    for number, page in enumerate(_pages(aws), 1):
        for arn in page:
            family = _family(arn)
            if family not in seen and expected.get(family) == arn:
                found.add(family)
            seen.add(family)
        # families come in descending order, each with its newest revision first
        if (page and _family(page[-1]) < min(expected)) or number >= SPARE + len(found) // 2:
            break
    return found


def _pages(aws: Aws) -> Iterator[Sequence[str]]:
    asked: dict[str, Any] = {"status": "ACTIVE", "sort": "DESC", "maxResults": PAGE}
    tokens: set[str] = set()
    while True:
        answer = aws.client("ecs").list_task_definitions(**asked)
        yield answer["taskDefinitionArns"]
        if not (token := answer.get("nextToken")):
            return
        if token in tokens:
            raise BadList("ecs", "list_task_definitions")
        tokens.add(token)
        asked["nextToken"] = token


def _family(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[0]
