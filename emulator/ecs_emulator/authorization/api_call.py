"""A call as permissions are derived from it: its parameters in any protocol, the ARNs and the tags in it."""

from __future__ import annotations

import functools
import io
import json
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.utilities.utils import get_partition

from ecs_emulator.authorization import tags
from ecs_emulator.authorization.policy import VIA_SERVICE, Check

Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ApiCall:
    """One call: the service's signing name, Region, operation, account, path, query, body and headers.

    The headers' names are in small letters.
    """

    service: str
    region: str
    operation: str
    account: str
    path: str
    query: str
    raw: bytes
    headers: Mapping[str, str]

    @functools.cached_property
    def partition(self) -> str:
        """The partition of the Region."""
        return get_partition(self.region)

    @functools.cached_property
    def form(self) -> Mapping[str, str]:
        """The parameters of a form, flat as they come."""
        return dict(urllib.parse.parse_qsl(self.raw.decode("utf-8", "replace"), keep_blank_values=True))

    @functools.cached_property
    def body(self) -> Mapping[str, Any]:
        """The members of a body in JSON or CBOR; none if it has none."""
        try:
            content = _from_cbor(self.raw) if self.headers.get("content-type") == CBOR else json.loads(self.raw)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def text(self, name: str) -> str:
        """A parameter as text; empty if it is not given."""
        value = self.body.get(name) or self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def many(self, name: str) -> list[str]:
        """The values of a list, or the one value, or none."""
        if isinstance(found := self.body.get(name), list):
            return [one for one in found if isinstance(one, str)]
        if isinstance(found, str):
            return [found]
        listed = re.compile(rf"{re.escape(name)}(\.\w+)?\.\d+")
        return [value for key, value in self.form.items() if key == name or listed.fullmatch(key)]

    def tags(self, name: str = "Tags") -> dict[str, str]:
        """The tags under a parameter, however the protocol writes them."""
        found = self.body.get(name)
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in found.items()}
        if isinstance(found, list):
            pairs = [{key.lower(): value for key, value in one.items()} for one in found if isinstance(one, dict)]
            return {str(pair.get("key", "")): str(pair.get("value", "")) for pair in pairs}
        keys = {key: value for key, value in self.form.items() if re.fullmatch(rf"{name}\.(.+\.)?\d+\.Key", key)}
        return {value: self.form.get(f"{key.removesuffix('Key')}Value", "") for key, value in keys.items()}

    def arn(self, resource: str, service: str = "") -> str:
        """The ARN of a resource of this service (or another one) in this account and Region."""
        of = service or PREFIXES.get(self.service, self.service)
        place = {"iam": f":{self.account}", "route53": ":", "s3": ":"}.get(of, f"{self.region}:{self.account}")
        return f"arn:{self.partition}:{of}:{place}:{resource}"

    def existing(self, arn: str, more: Context | None = None, action: str = "") -> Check:
        """A check of this call on a resource that is there, with its tags."""
        of = action or self.action
        tags = {} if of in WITHOUT_RESOURCE_TAGS else self.tags_of(arn)
        return Check(of, arn, {**self.common(), **tags, **(more or {})})

    def check(self, resource: str = "*", more: Context | None = None, action: str = "") -> Check:
        """A check of this call, or another action, on a resource without tags, or on none."""
        return Check(action or self.action, resource, {**self.common(), **(more or {})})

    def tags_of(self, arn: str) -> Context:
        """The tags of a resource that is there, as condition keys."""
        found = tags.of(self.account, arn)
        return {f"aws:ResourceTag/{key}": (value,) for key, value in found.items()}

    def common(self) -> Context:
        """What the context of every check has."""
        return {
            "aws:RequestedRegion": (self.region,),
            "aws:PrincipalAccount": (self.account,),
            "aws:ViaAWSService": (self.headers.get(VIA_SERVICE, "false"),),
        }

    @property
    def action(self) -> str:
        """The action that is named like the operation."""
        return f"{PREFIXES.get(self.service, self.service)}:{self.operation}"


WITHOUT_RESOURCE_TAGS = frozenset(
    {
        *("ecs:Poll", "ecs:StartTelemetrySession", "elasticloadbalancing:SetRulePriorities", "ssm:PutParameter"),
        *("ssm:ResumeSession", "ssm:TerminateSession"),
    }
)
"""Actions that no policy can limit by the tags of what they are about, although that has some.

Their services list `aws:ResourceTag` in the rows of the other actions and not in theirs (Service Authorization
Reference). Where no row of a service lists it (ACM, Application Auto Scaling, Cloud Map), the table of resource types
says it for all: their guides have it ("ABAC").
"""
PREFIXES = {"cloudcontrolapi": "cloudformation", "tagging": "tag", "monitoring": "cloudwatch"}
"""The prefixes of actions that differ from the signing name."""


CBOR = "application/cbor"
"""What CloudWatch's clients write, in Smithy's protocol `rpcv2Cbor`."""


def _from_cbor(raw: bytes) -> Any:
    from botocore.parsers import BaseCBORParser

    return BaseCBORParser().parse_data_item(io.BufferedReader(io.BytesIO(raw)))


def requested(given: Mapping[str, str], create_action: str = "") -> Context:
    """The tags that a call brings, as condition keys; with the creating call's key, if a service has one."""
    context: dict[str, tuple[str, ...]] = {f"aws:RequestTag/{key}": (value,) for key, value in given.items()}
    if given:
        context["aws:TagKeys"] = tuple(given)
    if create_action:
        key, _, value = create_action.rpartition("=")
        context[key] = (value,)
    return context


def each(call: ApiCall, arns: Iterable[str]) -> list[Check]:
    """A check on each of these resources, or on none in particular if there are none."""
    return [call.existing(arn) for arn in arns] or [call.check()]
