"""Tags of namespaces and of services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.servicediscovery.models import servicediscovery_backends

from ecs_emulator.services.servicediscovery.rules import visible


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a namespace or a service."""
    found = servicediscovery_backends[account][region].list_tags_for_resource(arn)["Tags"]
    return {pair["Key"]: pair["Value"] for pair in found}


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each namespace and service."""
    discovery = servicediscovery_backends[account][region]
    for resource_type, resources in (("namespace", visible(discovery)), ("service", discovery.services.values())):
        for arn in [resource.arn for resource in resources]:
            yield arn, discovery.tagger.get_tag_dict_for_resource(arn), f"servicediscovery:{resource_type}"
