"""Resources that count in the numbers of a stack."""

from __future__ import annotations

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.engine.resource_types import all_types
from provisioner.state.counted import BOOKKEEPING, counted, is_counted


def test_what_aws_makes_and_what_is_only_read_does_not_count() -> None:
    tools = {name: one for name, one in all_types().items() if "." not in name and not name.startswith("AWS::")}
    made_by_aws = {name for name, one in tools.items() if one.created_by_aws}
    assert {*made_by_aws, "delegation"} == BOOKKEEPING


def test_addresses_are_counted_by_their_type() -> None:
    addresses = ["vpc/main", "instances/shop-dev", "delegation/example.com", "own.topic/news", "AWS::SQS::Queue/jobs"]
    assert [*filter(is_counted, addresses)] == ["vpc/main", "own.topic/news", "AWS::SQS::Queue/jobs"]
    assert counted(addresses) == 3
