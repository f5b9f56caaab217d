"""Tags of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.ssm.models import ssm_backends
from moto.ssm.utils import parameter_arn


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a parameter."""
    return ssm_backends[account][region].list_tags_for_resource("Parameter", resource.removeprefix("parameter"))


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each parameter."""
    ssm = ssm_backends[account][region]
    for name, tags in ssm._resource_tags.get("Parameter", {}).items():
        if ssm._parameters.get(name):
            yield parameter_arn(account, region, name), dict(tags), "ssm:parameter"
