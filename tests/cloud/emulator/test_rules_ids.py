"""EC2's lists by ids and in pages: a member that names ids counts, and pages have the sizes that the model allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.ec2_rig import DONE, LACKED, code, furnished, unchecked

ENDINGS = ("Id", "Ids", "Names", "Owners", "Ips", "Users", "Regions", "ProductDescriptions")
"""The ends of the names of members by which lists are asked for."""
NAMED = {"DescribeLaunchTemplateVersions": {"LaunchTemplateName": "one"}}
CLIPPED = ("DescribeVpcEndpointServices", "DescribeVpcEndpoints")
"""Lists whose pages are shorter than asked for, without an error (API references)."""


@pytest.fixture(scope="module")
def ec2(running_cloud: EmbeddedCloud) -> Any:
    running_cloud.reset()
    furnished(running_cloud)
    return unchecked(running_cloud)


def lists(ec2: Any) -> Iterator[tuple[str, Any]]:
    """The lists that are offered, and the members of their requests."""
    for name in ec2.meta.service_model.operation_names:
        shape = ec2.meta.service_model.operation_model(name).input_shape
        if name.startswith("Describe") and not shape.required_members and code(ec2, name, {})[0] != LACKED:
            yield name, shape.members


def is_named(name: str, shape: Any) -> bool:
    """Return whether a list is asked for by this member."""
    texts = shape.type_name == "list" and shape.member.type_name == "string" and not shape.member.enum
    return texts and name.endswith(ENDINGS)


def listed(ec2: Any, operation: str, **sent: Any) -> int:
    """Count the entries of a list."""
    answer = getattr(ec2, xform_name(operation))(**NAMED.get(operation, {}), **sent)
    return sum(len(one) for one in answer.values() if isinstance(one, list))


def test_ids_of_nothing_are_refused_or_find_nothing(ec2: Any) -> None:
    asked, strange = 0, []
    for operation, members in lists(ec2):
        for name in (name for name, shape in members.items() if is_named(name, shape)):
            asked += 1
            told = code(ec2, operation, {name: ["no-such"]})
            if told[1] >= 500 or (told[1] == 200 and listed(ec2, operation, **{name: ["no-such"]})):
                strange.append((operation, name, told))
    assert strange == []
    assert asked > 60


def pages(members: Any) -> Iterator[tuple[dict[str, Any], tuple[str, int]]]:
    """Yield requests for pages, and the code and status of their answers."""
    least, most = (members["MaxResults"].metadata.get(name) for name in ("min", "max"))
    wrong = ("InvalidParameterValue", 400)
    yield {"MaxResults": (most or 1000) + 1}, wrong
    yield {"NextToken": "none"}, wrong
    if least:
        yield {"MaxResults": least - 1}, wrong
        yield {"MaxResults": least}, (DONE, 200)
    if most:
        yield {"MaxResults": most}, (DONE, 200)


def test_pages_have_the_sizes_that_the_model_allows(ec2: Any) -> None:
    in_pages = [one for one in lists(ec2) if "MaxResults" in one[1] and one[0] not in CLIPPED]
    asked = [(name, sent, wanted) for name, members in in_pages for sent, wanted in pages(members)]
    told = [(name, sent, code(ec2, name, {**NAMED.get(name, {}), **sent})) for name, sent, _ in asked]
    assert told == asked
    assert len(in_pages) > 40
