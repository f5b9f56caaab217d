"""API calls as the permission checks read them: the parameters in any protocol, the ARNs and the tags."""

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
    """A call: the service's signing name, Region, operation, account, path, query, body and headers.

    The names of the headers are in lower case.
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
        """The parameters of a form, as flat names and values."""
        return dict(urllib.parse.parse_qsl(self.raw.decode("utf-8", "replace"), keep_blank_values=True))

    @functools.cached_property
    def body(self) -> Mapping[str, Any]:
        """The members of a body in JSON or CBOR; empty if it has none."""
        try:
            content = _from_cbor(self.raw) if self.headers.get("content-type") == CBOR else json.loads(self.raw)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def text(self, name: str) -> str:
        """Return a parameter as text; empty if it is not given."""
        value = self.body.get(name) or self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def many(self, name: str) -> list[str]:
        """Return the values of a list parameter, or its one value, or nothing."""
        if isinstance(found := self.body.get(name), list):
            return [one for one in found if isinstance(one, str)]
        if isinstance(found, str):
            return [found]
        listed = re.compile(rf"{re.escape(name)}(\.\w+)?\.\d+")
        return [value for key, value in self.form.items() if key == name or listed.fullmatch(key)]

    def tags(self, name: str = "Tags") -> dict[str, str]:
        """Return the tags in a parameter, in any form in which a protocol writes them."""
        found = self.body.get(name)
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in found.items()}
        if isinstance(found, list):
            pairs = [{key.lower(): value for key, value in one.items()} for one in found if isinstance(one, dict)]
            return {str(pair.get("key", "")): str(pair.get("value", "")) for pair in pairs}
        keys = {key: value for key, value in self.form.items() if re.fullmatch(rf"{name}\.(.+\.)?\d+\.Key", key)}
        return {value: self.form.get(f"{key.removesuffix('Key')}Value", "") for key, value in keys.items()}

    def arn(self, resource: str, service: str = "") -> str:
        """Return the ARN of a resource of this service (or another one) in this account and Region."""
        of = service or PREFIXES.get(self.service, self.service)
        own = f":{self.account}"
        place = {"cloudfront": own, "iam": own, "route53": ":", "s3": ":"}.get(of, f"{self.region}:{self.account}")
        return f"arn:{self.partition}:{of}:{place}:{resource}"

    def existing(self, arn: str, more: Context | None = None, action: str = "") -> Check:
        """Return a check of this call on an existing resource, with its tags."""
        of = action or self.action
        tags = {} if of in WITHOUT_RESOURCE_TAGS else self.tags_of(arn)
        return Check(of, arn, {**self.common(), **tags, **(more or {})})

    def check(self, resource: str = "*", more: Context | None = None, action: str = "") -> Check:
        """Return a check of this call, or another action, on a resource without tags, or on none."""
        return Check(action or self.action, resource, {**self.common(), **(more or {})})

    def tags_of(self, arn: str) -> Context:
        """Return the tags of an existing resource as condition keys."""
        found = tags.of(self.account, arn)
        return {f"aws:ResourceTag/{key}": (value,) for key, value in found.items()}

    def common(self) -> Context:
        """Return the condition keys that every check has."""
        return {
            "aws:RequestedRegion": (self.region,),
            "aws:PrincipalAccount": (self.account,),
            "aws:ViaAWSService": (self.headers.get(VIA_SERVICE, "false"),),
        }

    @property
    def action(self) -> str:
        """The action with the name of the operation."""
        return f"{PREFIXES.get(self.service, self.service)}:{self.operation}"


WITHOUT_RESOURCE_TAGS = frozenset(
    {
        *("ecs:Poll", "ecs:StartTelemetrySession", "elasticloadbalancing:SetRulePriorities", "ssm:PutParameter"),
        *("ssm:ResumeSession", "ssm:TerminateSession"),
    }
)
"""Actions that no policy can limit by the tags of their resource, although the resource has tags.

The services list `aws:ResourceTag` in the rows of other actions but not of these (Service Authorization Reference).
Where no row of a service lists it (ACM, Application Auto Scaling, Cloud Map), its table of resource types holds for
all actions: the guides of these services say so ("ABAC").
"""
PREFIXES = {"cloudcontrolapi": "cloudformation", "tagging": "tag", "monitoring": "cloudwatch"}
"""The prefixes of actions that differ from the signing name."""


CBOR = "application/cbor"
"""The content type that CloudWatch's clients send, in Smithy's protocol `rpcv2Cbor`."""


def _from_cbor(raw: bytes) -> Any:
    from botocore.parsers import BaseCBORParser

    return BaseCBORParser().parse_data_item(io.BufferedReader(io.BytesIO(raw)))


def requested(given: Mapping[str, str], create_action: str = "") -> Context:
    """Return a call's tags as condition keys, with the creating call's key (`key=value`) if the service has one."""
    context: dict[str, tuple[str, ...]] = {f"aws:RequestTag/{key}": (value,) for key, value in given.items()}
    if given:
        context["aws:TagKeys"] = tuple(given)
    if create_action:
        key, _, value = create_action.rpartition("=")
        context[key] = (value,)
    return context


def each(call: ApiCall, arns: Iterable[str]) -> list[Check]:
    """Return a check on each of these resources, or one check on no particular resource if there are none."""
    return [call.existing(arn) for arn in arns] or [call.check()]
