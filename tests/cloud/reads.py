"""Every read of the stack's services whose parameters are known from standing resources, generated from the models."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, OperationModel, Shape, StringShape
from botocore.response import StreamingBody

from ecs_emulator.calls import is_write
from tests.cloud.conftest import EmbeddedCloud
from tests.contract.shapes import lacking
from tests.contract.unmodelled import unmodelled

SERVICES = (
    *("acm", "application-autoscaling", "autoscaling", "ec2", "ecr", "ecs", "elbv2", "iam", "logs", "rds"),
    *("resourcegroupstaggingapi", "route53", "s3", "servicediscovery", "ssm", "sts"),
)
UNKNOWN = ("InvalidAction", "UnknownOperationException")
"""AWS's codes for an operation that a service does not have."""
ENDINGS = ("", "arn", "id", "name")
"""Endings of names in answers: the `service` of a request may be the `serviceArn` of an answer."""
SKIPPED = (
    *("DescribeSpotPriceHistory", "DescribeInstanceTypes", "DescribeInstanceTypeOfferings"),
    "ListDirectoryBuckets",
)
"""Long lists without resources of the stack, and a read at another address."""
SMALLEST = {"ec2": 5, "rds": 20}
"""The smallest pages of these services; their models do not say."""
FEW = 20
"""Longer lists are not asked for in pages: those are AWS's own, such as its managed policies."""


@dataclass(frozen=True)
class Read:
    """One read and its answer.

    Attributes:
        code: AWS's code of a refusal, else empty.
        strange: members that the model lacks, and required members that are not there.
    """

    arguments: Mapping[str, Any]
    answer: Mapping[str, Any]
    status: int
    code: str
    strange: tuple[str, ...]


@dataclass
class Reader:
    """The reads of one service.

    Attributes:
        given: values of some members; all others get a value that the service's answers had under their name.
        seen: the texts of all answers, by the lower-case names that a request may use for them.
    """

    client: Any
    given: Mapping[str, Any]
    seen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def read(self) -> Iterator[tuple[str, Read]]:
        """Yield every read, once its required parameters were seen in the answers of others."""
        service = self.client.meta.service_model
        models = [service.operation_model(name) for name in service.operation_names if not is_write(name)]
        left = [model for model in models if not _elsewhere(model)]
        while True:
            ready = [(model, asked) for model in left if (asked := self._arguments(model)) is not None]
            if not ready:
                return
            left = [model for model in left if model.name not in {one.name for one, _ in ready}]
            for model, asked in ready:
                read = call(self.client, model, asked)
                self._see(read.answer)
                yield model.name, read

    def _arguments(self, model: OperationModel) -> dict[str, Any] | None:
        shape = model.input_shape
        if shape is None:
            return {}
        given = {name: value for name, value in self.given.items() if name in shape.members}
        found = {name: self._value(name, shape.members[name]) for name in shape.required_members if name not in given}
        return None if None in found.values() else {**found, **given}

    def _value(self, name: str, shape: Shape) -> Any:
        if isinstance(shape, ListShape):
            one = self._value(_singular(name.lower()), shape.member)
            return None if one is None else [one]
        if not isinstance(shape, StringShape):
            return None
        if shape.enum:
            return shape.enum[0]
        return next((self.seen[name.lower() + end][0] for end in ENDINGS if name.lower() + end in self.seen), None)

    def _see(self, value: Any, name: str = "", resource: str = "") -> None:
        """Note texts under their members' names, and with the resource's before them: of services `serviceid`."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                self._see(item, key.lower(), _singular(name))
        elif isinstance(value, list):
            for item in value:
                self._see(item, name if isinstance(item, Mapping) else _singular(name), resource)
        elif value and isinstance(value, str):
            self.seen[name].append(value)
            if resource:
                self.seen[resource + name].append(value)


def reads(cloud: EmbeddedCloud, given: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], Read]:
    """Make all reads, and return them by service and operation."""
    return {
        (service, name): read
        for service in SERVICES
        for name, read in Reader(cloud.client(service), given.get(service, {})).read()
    }


def call(client: Any, model: OperationModel, arguments: Mapping[str, Any]) -> Read:
    """Make one read, and look at the raw answer."""
    strange: list[str] = []

    def look(response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] < 300:
            strange.extend(f"surplus {path}" for path in unmodelled(model, response_dict["body"]))

    client.meta.events.register("before-parse", look, unique_id="reads")
    try:
        answer = getattr(client, xform_name(model.name))(**arguments)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return Read(arguments, {}, status, error.response["Error"]["Code"], ())
    finally:
        client.meta.events.unregister("before-parse", unique_id="reads")
    answer.pop("ResponseMetadata")
    for value in answer.values():
        if isinstance(value, StreamingBody):
            value.read()
            value.close()
    strange += [f"missing {path}" for path in lacking(answer, model.output_shape)]
    return Read(arguments, answer, 200, "", tuple(dict.fromkeys(strange)))


def in_pages(client: Any, name: str, read: Read) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Yield each list of a read, if all are short: its name, its items, and the items in its smallest pages."""
    operation = xform_name(name)
    if not client.can_paginate(operation):
        return
    lists = client.get_paginator(operation)
    keys = [str(key.parsed["value"]) for key in lists._result_keys if key.parsed["type"] == "field"]
    sizes = [len(read.answer.get(key) or ()) for key in keys]
    if lists._limit_key and max(sizes, default=0) <= FEW and any(size > 1 for size in sizes):
        limit = client.meta.service_model.operation_model(name).input_shape.members[lists._limit_key]
        smallest = max(SMALLEST.get(client.meta.service_model.service_name, 2), limit.metadata.get("min", 2))
        usual = [*lists.paginate(**read.arguments)]
        small = [*lists.paginate(**read.arguments, PaginationConfig={"PageSize": smallest})]
        both = usual, small
        for key in keys:
            whole, parts = ([_lasting(item) for page in pages for item in page.get(key) or ()] for pages in both)
            yield key, whole, parts


def _lasting(item: Any) -> Any:
    """Return an item without its moments: some are the moment of the answer."""
    if not isinstance(item, Mapping):
        return item
    return {name: value for name, value in item.items() if not isinstance(value, datetime)}


def _elsewhere(model: OperationModel) -> bool:
    """Return whether a read goes to another host, lasts as long as its stream, or is left out."""
    return bool(model.endpoint) or model.has_event_stream_output or model.name in SKIPPED


def _singular(name: str) -> str:
    return re.sub(r"ies$", "y", name) if name.endswith("ies") else re.sub(r"(?<!s)s$", "", name)
